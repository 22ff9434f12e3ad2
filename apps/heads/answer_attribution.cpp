#include "apps/heads/answer_attribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include <nlohmann/json.hpp>

#include "apps/heads/captured_run.h"
#include "apps/heads/residual_stream.h"
#include "apps/inspect/attribution.h"
#include "apps/tasks/batches.h"
#include "autograd/scopes.h"
#include "core/error.h"
#include "layers/hooks.h"

namespace headlight {
namespace {

constexpr const char* kAttribution = "attribution";

[[noreturn]] void refuse_attribution(const std::string& reason) {
  raise<ConfigError>(kAttribution, "the logits of this model are no sum of what its parts add: " + reason, {},
                     "ablation (`--ablate`) tells what a head does in any model");
}

/// What a run leaves of the stream.
struct StreamRun {
  std::map<std::string, Array> values{};         ///< what embedding, positions and steps return, by path
  std::map<std::string, Array> contributions{};  ///< (1, H, T, C) of attention layers
  std::vector<AttentionWeights> layers{};        ///< for their places
  Array logits{};                                ///< (1, rows, V)
};

StreamRun run_stream(Model& model, const Batch& batch, const ResidualStream& stream) {
  StreamRun run;
  Hooks hooks(model);
  const std::vector<std::string>& heads = hooks.paths(HookPoint::contributions);
  const std::vector<std::string>& outputs = hooks.paths(HookPoint::output);
  const auto read = [&](const std::string& path, HookPoint point, std::map<std::string, Array>& into) {
    hooks.read(path, point, [&into](const std::string& name, const Tensor& value) { into[name] = value.value(); });
  };
  for (const char* name : {"embedding", "positions"}) {
    const std::string path = stream.prefix + name;
    if (std::find(outputs.begin(), outputs.end(), path) != outputs.end()) read(path, HookPoint::output, run.values);
  }
  for (const StreamStep& step : stream.steps) {
    const bool attends = std::find(heads.begin(), heads.end(), step.path) != heads.end();
    read(step.path, attends ? HookPoint::contributions : HookPoint::output, attends ? run.contributions : run.values);
  }
  CapturedRun captured = capture_run(model, batch, &hooks);
  run.layers = std::move(captured.layers);
  run.logits = captured.answers.value();
  return run;
}

/// The summands of the stream behind the last block.
std::vector<ResidualPart> parts_of(const Model& model, const ResidualStream& stream, const StreamRun& run) {
  std::map<std::string, std::string> names;
  for (const LayerPlace& place : layer_places(model, run.layers)) {
    names[run.layers[place.index].path] = fmt::format("{}.layer{}", place.block, place.layer);
  }
  const Array& embedded = run.values.at(stream.prefix + "embedding");
  std::vector<ResidualPart> parts{{"embedding", embedded}};
  const auto positioned = run.values.find(stream.prefix + "positions");
  if (positioned != run.values.end()) {
    Array added = positioned->second;
    for (std::size_t i = 0; i < added.size(); ++i) added.data()[i] -= embedded.data()[i];
    parts.push_back({"positions", std::move(added)});
  }
  for (const StreamStep& step : stream.steps) {
    const auto heads = run.contributions.find(step.path);
    if (heads == run.contributions.end()) {
      parts.push_back({step.path, run.values.at(step.path)});
      continue;
    }
    const Array* bias = find_parameter(model, step.path + ".output.bias");
    const std::optional<Array> output_bias = bias != nullptr ? std::optional(*bias) : std::nullopt;
    for (ResidualPart& part : attention_parts(names.at(step.path), heads->second, output_bias)) {
      parts.push_back(std::move(part));
    }
  }
  return parts;
}

/// The final norm. Refuses one that is not linear at a fixed scale.
std::optional<FrozenNorm> final_norm_of(const Model& model, const nlohmann::json& composed, const std::string& prefix) {
  if (!composed.value("final_norm", false)) return std::nullopt;
  const std::string type = composed.value("norm_type", std::string("layer"));
  std::optional<FrozenNorm> norm = frozen_norm(model, prefix + "final_norm", type, composed.value("norm_eps", 1e-5));
  if (!norm) refuse_attribution(fmt::format("its final norm is of type {}", type));
  return norm;
}

Unembedding unembedding_of(const Model& model, const std::string& prefix) {
  const Array* weight = find_parameter(model, "head.weight");
  if (weight == nullptr) weight = find_parameter(model, prefix + "embedding.weight");  // tied
  Unembedding unembedding{.weight = *weight};
  if (const Array* bias = find_parameter(model, "head.bias")) unembedding.bias = *bias;
  return unembedding;
}

/// The two most likely classes of a row.
std::pair<std::int32_t, std::int32_t> likeliest_two(const Real* logits, std::size_t classes) {
  std::size_t best = 0;
  std::size_t next = 1;
  for (std::size_t c = 1; c < classes; ++c) {
    if (logits[c] > logits[best]) {
      next = best;
      best = c;
    } else if (next == best || logits[c] > logits[next]) {
      next = c;
    }
  }
  return {static_cast<std::int32_t>(best), static_cast<std::int32_t>(next)};
}

/// (1, T) of one class.
Tokens everywhere(std::int32_t id, std::size_t time) {
  Tokens tokens(Shape{1, time});
  std::fill(tokens.data(), tokens.data() + time, id);
  return tokens;
}

}  // namespace

AnswerAttribution attribute_answer(Model& model, const Task& task, const nlohmann::json& composed,
                                   const Example& example, std::size_t row) {
  if (task.shape().values > 0) refuse_attribution("it answers with numbers");
  if (model.predict() == Predict::pointer) refuse_attribution("a pointer compares two positions");
  const std::string kind = composed.value("head", std::string("linear"));
  if (kind != "linear") refuse_attribution(fmt::format("its head is an {}, not linear", kind));
  const ResidualStream stream = residual_stream(model, composed);
  if (!stream.inexact.empty()) refuse_attribution(stream.inexact);
  const std::optional<FrozenNorm> final_norm = final_norm_of(model, composed, stream.prefix);

  const NoGrad no_grad;
  const StreamRun run = run_stream(model, example_batch(task, example), stream);
  const std::size_t classes = run.logits.shape()[2];
  if (row >= run.logits.shape()[1] || classes < 2) {
    raise<ConfigError>(kAttribution, fmt::format("there is no choice at row {}", row),
                       fmt::format("{} rows of {} classes", run.logits.shape()[1], classes));
  }
  const Real* const logits = run.logits.data() + row * classes;
  const auto [answer, other] = likeliest_two(logits, classes);
  AnswerAttribution result{.row = row, .answer = answer, .other = other};
  result.logit = static_cast<double>(logits[answer]);
  result.margin = result.logit - static_cast<double>(logits[other]);

  const std::vector<ResidualPart> parts = parts_of(model, stream, run);
  const std::size_t time = parts.front().value.shape()[1];
  const Tokens answers = everywhere(answer, time);
  const Tokens others = everywhere(other, time);
  const Unembedding unembedding = unembedding_of(model, stream.prefix);
  const LogitAttribution own = attribute_logits(parts, final_norm, unembedding, answers);
  const LogitAttribution apart = attribute_logits(parts, final_norm, unembedding, answers, &others);
  std::size_t begin = row;
  std::size_t end = row + 1;
  if (model.predict() == Predict::last) {
    begin = time - 1;
    end = time;
  } else if (model.predict() == Predict::pooled) {
    begin = 0;
    end = time;
  }
  for (std::size_t p = 0; p < own.parts.size(); ++p) {
    AnswerAttribution::Part part{.name = own.parts[p]};
    for (std::size_t t = begin; t < end; ++t) {
      const std::size_t place = t * own.parts.size() + p;
      part.logit += static_cast<double>(own.contributions.data()[place]) / static_cast<double>(end - begin);
      part.margin += static_cast<double>(apart.contributions.data()[place]) / static_cast<double>(end - begin);
    }
    result.parts.push_back(std::move(part));
  }
  return result;
}

}  // namespace headlight
