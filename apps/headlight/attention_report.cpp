#include "apps/headlight/attention_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/inspect/capture.h"
#include "apps/tasks/batches.h"
#include "apps/training/objective.h"
#include "autograd/scopes.h"
#include "layers/models/generate.h"
#include "layers/multi_head_attention.h"

namespace headlight {
namespace {

constexpr std::uint64_t kSequences = 256;

std::vector<AttentionWeights> capture(Model& model, const Batch& batch) {
  const NoGrad no_grad;
  AttentionCapture recorder;
  run_model(model, batch, {.recorder = &recorder});
  return recorder.layers();
}

bool is_cross(const Module& module, const std::string& path) {
  const auto* const attention = dynamic_cast<const MultiHeadAttention*>(&module);
  if (attention != nullptr && attention->path() == path) return attention->options().cross;
  return std::any_of(module.children().begin(), module.children().end(),
                     [&](const auto& child) { return is_cross(*child.module, path); });
}

/// "enc.self", "dec.self" or "dec.cross".
std::string block_of(const Model& model, const std::string& path) {
  if (model.arch() == Architecture::encoder || path.starts_with("encoder.")) return "enc.self";
  return is_cross(model, path) ? "dec.cross" : "dec.self";
}

std::vector<std::string> texts(const std::vector<std::int32_t>& tokens, const Task& task) {
  std::vector<std::string> labels;
  for (const std::int32_t token : tokens) {
    const bool known = token >= 0 && static_cast<std::size_t>(token) < task.vocabulary();
    labels.push_back(known ? task.token_text(token) : "<begin>");
  }
  return labels;
}

}  // namespace

AttentionReport report_attention(Model& model, const Task& task) {
  const std::uint64_t count = std::min(kSequences, task.examples(Split::eval).value_or(kSequences));
  Batch batch;
  fill_batch(task, Split::eval, 0, count, batch);
  AttentionReport report{.sequences = count, .layers = capture(model, batch)};
  for (const AttentionWeights& layer : report.layers) report.blocks.push_back(block_of(model, layer.path));
  report.scores =
      score_heads(report.layers, [&](std::size_t query) { return task.expected_key(query, task.length()); });
  return report;
}

AttentionLook look_at(Model& model, std::span<const std::int32_t> tokens) {
  AttentionLook look{.layers = {}, .source = {tokens.begin(), tokens.end()}, .target = {}};
  Batch batch;
  batch.inputs = Tokens(Shape{1, tokens.size()});
  std::copy(tokens.begin(), tokens.end(), batch.inputs.data());
  if (model.arch() == Architecture::encoder_decoder) {
    const GenerateSource source{.input = batch.inputs};
    const std::vector<std::int32_t> made =
        generate(model, source, {{begin_mark(model)}}, {.max_new_tokens = tokens.size() - 1})[0].tokens;
    look.target.push_back(begin_mark(model));
    look.target.insert(look.target.end(), made.begin(), made.end());
    // run_model() puts the begin mark before the targets and leaves the last one out.
    batch.targets = Tokens(Shape{1, made.size() + 1});
    std::copy(made.begin(), made.end(), batch.targets.data());
    batch.targets.data()[made.size()] = kIgnoredTarget;
  }
  look.layers = capture(model, batch);
  return look;
}

std::vector<std::int32_t> probe_tokens(const Task& task, std::uint64_t index) {
  std::vector<std::int32_t> input(task.length());
  std::vector<std::int32_t> target(task.length());
  task.example(Split::eval, index, input, target);
  return input;
}

AttentionMap make_map(const std::vector<float>& weights, const AttentionPlace& place, const MapSource& source,
                      const Model& model, const Task& task, const AttentionLook* look) {
  const std::string block = block_of(model, place.weights.path);
  AttentionMap map;
  map.title = fmt::format("Attention of {}, layer {}, head {}", block, place.layer, place.head);
  map.subtitle = fmt::format("run {}, step {}, {}", source.run, source.step, source.input);
  map.rows = place.weights.queries;
  map.cols = place.weights.keys;
  map.weights = weights;
  if (look == nullptr) return map;
  const bool of_target = model.arch() == Architecture::encoder_decoder && block != "enc.self";
  map.row_labels = texts(of_target ? look->target : look->source, task);
  map.col_labels = texts(block == "dec.self" && of_target ? look->target : look->source, task);
  return map;
}

}  // namespace headlight
