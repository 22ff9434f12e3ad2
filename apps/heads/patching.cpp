#include "apps/heads/patching.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "apps/heads/block_inputs.h"
#include "apps/tasks/batches.h"
#include "apps/training/attention_layers.h"
#include "apps/training/objective.h"
#include "autograd/scopes.h"
#include "core/error.h"
#include "layers/hooks.h"
#include "layers/multi_head_attention.h"

namespace headlight {
namespace {

constexpr const char* kPatching = "patching";
constexpr std::size_t kPositionsAtOnce = std::size_t{1} << 14U;  // of all copies of the corrupt input

/// What the clean run leaves for the others.
struct CleanRun {
  std::vector<AttentionWeights> layers{};   ///< of which places alone are asked
  std::map<std::string, Tensor> results{};  ///< z (1, H, P, Dv) by path
  Array logits{};                           ///< (1, rows, V)
};

CleanRun run_clean(Model& model, const Batch& batch) {
  CleanRun run;
  Hooks hooks(model);
  hooks.read("*", HookPoint::z, [&](const std::string& path, const Tensor& z) { run.results[path] = z; });
  CapturedRun captured = capture_run(model, batch, &hooks);
  run.layers = std::move(captured.layers);
  run.logits = captured.answers.value();
  return run;
}

std::int32_t likeliest(const Array& logits, std::size_t row) {
  const std::size_t classes = logits.shape()[2];
  const Real* const first = logits.data() + row * classes;
  return static_cast<std::int32_t>(std::max_element(first, first + classes) - first);
}

void check_lengths(const Example& clean, const Example& corrupt) {
  const auto check = [](const char* what, std::size_t a, std::size_t b) {
    if (a == b) return;
    raise<ConfigError>(kPatching, fmt::format("the {} of the clean and the corrupt input differ in length", what),
                       fmt::format("{} and {}", a, b),
                       "give inputs of one length: a position is patched by the same one");
  };
  check("tokens", clean.input.size(), corrupt.input.size());
  check("vectors", clean.vectors.size(), corrupt.vectors.size());
  check("decoder's tokens", clean.begun.size(), corrupt.begun.size());
}

/// The row at which the two runs are compared.
std::size_t compared_row(const std::vector<std::size_t>& asked, const std::optional<std::size_t>& wanted,
                         const Array& clean, const Array& corrupt) {
  if (wanted) {
    if (std::find(asked.begin(), asked.end(), *wanted) == asked.end()) {
      raise<ConfigError>(kPatching, fmt::format("the model is not asked at position {}", *wanted), {},
                         fmt::format("it answers at {}", fmt::join(asked, ", ")));
    }
    if (likeliest(clean, *wanted) != likeliest(corrupt, *wanted)) return *wanted;
  } else {
    const auto found = std::find_if(asked.begin(), asked.end(),
                                    [&](std::size_t row) { return likeliest(clean, row) != likeliest(corrupt, row); });
    if (found != asked.end()) return *found;
  }
  raise<ConfigError>(kPatching, "the model answers both inputs alike, so there is no difference to restore", {},
                     wanted ? "name another position, or none" : "give inputs with different answers");
}

/// The copies of the corrupt input that are run at once: copy m has position first + m patched, and the last one, where
/// `whole` is set, all of them.
struct Copies {
  std::size_t first;
  std::size_t count;
  bool whole;
};

/// z with one head's results taken from the clean run where the copies say so.
Tensor patched(const Tensor& z, const Tensor& clean, std::size_t head, const Copies& copies) {
  Array changed = z.value();
  const Shape& shape = z.shape();
  const std::size_t positions = shape[2];
  const std::size_t size = shape[3];
  const Real* const from = clean.value().data() + head * positions * size;
  const auto copy = [&](std::size_t member, std::size_t position, std::size_t count) {
    Real* const to = changed.data() + ((member * shape[1] + head) * positions + position) * size;
    std::copy_n(from + position * size, count * size, to);
  };
  for (std::size_t m = 0; m < copies.count && copies.first + m < positions; ++m) copy(m, copies.first + m, 1);
  if (copies.whole) copy(copies.count, 0, positions);
  return Tensor(std::move(changed));
}

}  // namespace

std::vector<std::size_t> asked_rows(const Model& model, const Task& task, const Example& example) {
  const auto all = [](std::size_t count) {
    std::vector<std::size_t> rows(count);
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    return rows;
  };
  if (model.predict() != Predict::every) return {0};
  if (model.arch() == Architecture::encoder_decoder) return all(example.begun.size());
  const TaskShape shape = task.shape();
  if (shape.features > 0) return all(example.vectors.size() / shape.features);
  if (example.input.empty()) return {};
  if (model.arch() == Architecture::decoder && !shape.in_place) return {example.input.size() - 1};
  std::vector<std::size_t> rows = all(example.input.size());
  std::erase_if(rows, [&](std::size_t row) { return !task.answers_at(example.input, row); });
  return rows;
}

PatchedRun patch_heads(Model& model, const Task& task, const Example& clean, const Example& corrupt,
                       std::optional<std::size_t> row) {
  if (task.shape().values > 0) {
    raise<ConfigError>(kPatching, "the model answers with numbers, and what is restored is a difference of logits");
  }
  check_lengths(clean, corrupt);
  if (Hooks(model).paths(HookPoint::z).empty()) raise<ConfigError>(kPatching, "the model has no heads to patch");
  const NoGrad no_grad;
  const CleanRun first = run_clean(model, example_batch(task, clean));
  const Array corrupt_logits = run_model(model, example_batch(task, corrupt), {}).value();
  PatchedRun run;
  run.row = compared_row(asked_rows(model, task, clean), row, first.logits, corrupt_logits);
  run.clean_answer = likeliest(first.logits, run.row);
  run.corrupt_answer = likeliest(corrupt_logits, run.row);
  const auto difference = [&](const Array& logits, std::size_t member) {
    const Real* const own = logits.data() + (member * logits.shape()[1] + run.row) * logits.shape()[2];
    return static_cast<double>(own[run.clean_answer]) - static_cast<double>(own[run.corrupt_answer]);
  };
  run.clean_difference = difference(first.logits, 0);
  run.corrupt_difference = difference(corrupt_logits, 0);
  const auto restored = [&](const Array& logits, std::size_t member) {
    return (difference(logits, member) - run.corrupt_difference) / (run.clean_difference - run.corrupt_difference);
  };

  std::size_t most = 0;
  for (const LayerPlace& place : layer_places(model, first.layers)) {
    const AttentionWeights& layer = first.layers[place.index];
    if (first.results.count(layer.path) == 0) continue;  // of the user's own
    most = std::max(most, layer.queries);
    run.layers.push_back({.path = layer.path,
                          .block = place.block,
                          .layer = place.layer,
                          .heads = layer.heads,
                          .positions = layer.queries,
                          .restored = std::vector<double>(layer.heads * layer.queries),
                          .whole = std::vector<double>(layer.heads)});
  }
  if (most == 0) raise<ConfigError>(kPatching, "no head has run that could be patched");
  const std::size_t at_once = std::max<std::size_t>(kPositionsAtOnce / most, 1);
  for (std::size_t begin = 0; begin < most; begin += at_once) {
    const Copies copies{.first = begin, .count = std::min(at_once, most - begin), .whole = begin == 0};
    const Batch batch = example_batch(task, corrupt, copies.count + (copies.whole ? 1 : 0));
    BlockInputs inputs(model);
    run_model(model, batch, {.hooks = &inputs.hooks()});
    for (PatchedLayer& layer : run.layers) {
      const Tensor& results = first.results.at(layer.path);
      for (std::size_t head = 0; head < layer.heads && begin < layer.positions; ++head) {
        Hooks hooks(model);
        hooks.overwrite(layer.path, HookPoint::z,
                        [&](const std::string&, const Tensor& z) { return patched(z, results, head, copies); });
        Context context{.hooks = &hooks};
        inputs.begin_at(layer.path, context);
        const Array logits = run_model(model, batch, context).value();
        for (std::size_t m = 0; m < copies.count && begin + m < layer.positions; ++m) {
          layer.restored[head * layer.positions + begin + m] = restored(logits, m);
        }
        if (copies.whole) layer.whole[head] = restored(logits, copies.count);
      }
    }
  }
  return run;
}

}  // namespace headlight
