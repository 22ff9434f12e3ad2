#include "apps/headlight/attention_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/inspect/capture.h"
#include "apps/tasks/batches.h"
#include "autograd/scopes.h"

namespace headlight {
namespace {

constexpr std::uint64_t kSequences = 256;

std::vector<AttentionWeights> capture(Encoder& model, const Tokens& inputs) {
  const NoGrad no_grad;
  AttentionCapture recorder;
  model(inputs, {.recorder = &recorder});
  return recorder.layers();
}

}  // namespace

AttentionReport report_attention(Encoder& model, const Task& task) {
  const std::uint64_t count = std::min(kSequences, task.examples(Split::eval).value_or(kSequences));
  Batch batch;
  fill_batch(task, Split::eval, 0, count, batch);
  AttentionReport report{.sequences = count, .layers = capture(model, batch.inputs)};
  report.scores =
      score_heads(report.layers, [&](std::size_t query) { return task.expected_key(query, task.length()); });
  return report;
}

std::vector<AttentionWeights> attention_on(Encoder& model, std::span<const std::int32_t> tokens) {
  Tokens inputs(Shape{1, tokens.size()});
  std::copy(tokens.begin(), tokens.end(), inputs.data());
  return capture(model, inputs);
}

std::vector<std::int32_t> probe_tokens(const Task& task, std::uint64_t index) {
  std::vector<std::int32_t> input(task.length());
  std::vector<std::int32_t> target(task.length());
  task.example(Split::eval, index, input, target);
  return input;
}

AttentionMap make_map(const std::vector<float>& weights, std::size_t queries, std::size_t keys, std::size_t layer,
                      std::size_t head, const MapSource& source, const Task& task,
                      std::span<const std::int32_t> tokens) {
  AttentionMap map;
  map.title = fmt::format("Attention of enc.self, layer {}, head {}", layer, head);
  map.subtitle = fmt::format("run {}, step {}, {}", source.run, source.step, source.input);
  map.rows = queries;
  map.cols = keys;
  map.weights = weights;
  for (const std::int32_t token : tokens) map.row_labels.push_back(task.token_text(token));
  map.col_labels = map.row_labels;
  return map;
}

}  // namespace headlight
