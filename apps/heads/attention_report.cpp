#include "apps/heads/attention_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "apps/tasks/batches.h"
#include "apps/training/attention_layers.h"
#include "apps/training/objective.h"
#include "layers/models/generate.h"

namespace headlight {
namespace {

constexpr std::uint64_t kSequences = 256;
constexpr std::uint64_t kMostWeights = std::uint64_t{1} << 22U;  // of one head, over all sequences
constexpr std::uint64_t kAtOnce = std::uint64_t{1} << 20U;       // of all heads, in one run of the model: 4 MB

/// As many sequences as leave the maps of long ones small.
std::uint64_t sequences_of(const Task& task) {
  const TaskShape shape = task.shape();
  const std::uint64_t positions = std::max<std::uint64_t>({shape.length, shape.target_length, 1});
  const std::uint64_t most = std::clamp<std::uint64_t>(kMostWeights / (positions * positions), 1, kSequences);
  return std::min(most, task.examples(Split::eval).value_or(most));
}

std::vector<std::string> texts(const std::vector<std::int32_t>& ids, std::string (Task::*text)(std::int32_t) const,
                               const Task& task) {
  std::vector<std::string> labels;
  labels.reserve(ids.size());
  for (const std::int32_t id : ids) labels.push_back((task.*text)(id));
  return labels;
}

/// How many sequences the model is run on at once. Of the layers that have run only the heads are asked: another sequence
/// may be longer than the one that they read.
std::uint64_t sequences_at_once(const std::vector<AttentionWeights>& layers, const std::vector<std::string>& blocks,
                                const Model& model, const TaskShape& shape) {
  const bool two = model.arch() == Architecture::encoder_decoder;
  std::uint64_t weights = 1;  // also where no layer has heads
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::uint64_t queries = two && blocks[i] != "enc.self" ? shape.target_length : shape.length;
    const std::uint64_t keys = two && blocks[i] == "dec.self" ? shape.target_length : shape.length;
    weights += layers[i].heads * queries * keys;
  }
  return std::max<std::uint64_t>(kAtOnce / weights, 1);
}

}  // namespace

AttentionReport report_attention(Model& model, const Task& task) {
  AttentionReport report{.sequences = sequences_of(task), .patterns = task.patterns()};
  Batch batch;
  const std::vector<PatternRule> rules = pattern_rules(task, batch);
  const LayerAxes axes_of(model, task);
  std::vector<MeanAttention> means;
  std::vector<std::string> blocks;
  std::uint64_t part = 1;  // the first tells how many maps there are
  for (std::uint64_t first = 0; first < report.sequences; first += batch.size()) {
    fill_batch(task, Split::eval, first, std::min<std::uint64_t>(part, report.sequences - first), batch);
    const std::vector<AttentionWeights> layers = capture_run(model, batch).layers;
    if (first == 0) {
      for (const AttentionWeights& layer : layers) blocks.push_back(block_of(model, layer.path));
      report.places = layer_places(model, layers);
      report.unknown_masks = unknown_masks(model, layers);
      std::sort(report.places.begin(), report.places.end(),
                [](const LayerPlace& a, const LayerPlace& b) { return a.index < b.index; });
      means.resize(layers.size());
      part = sequences_at_once(layers, blocks, model, task.shape());
    }
    std::vector<MapAxes> axes;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      means[i].add(layers[i]);
      axes.push_back(axes_of(batch, layers[i]));
    }
    std::vector<HeadScores> scores = score_heads(layers, axes, blocks, rules);
    if (first == 0) {
      report.scores = std::move(scores);
    } else {
      merge(report.scores, scores);
    }
  }
  for (const MeanAttention& mean : means) report.means.push_back(mean.mean());
  return report;
}

Example answered(Model& model, const Task& task, const Example& example) {
  if (model.arch() != Architecture::encoder_decoder) return example;
  const TaskShape shape = task.shape();
  const GenerateSource source{.input = model_input(example_batch(task, example))};
  const std::size_t most = std::min(shape.target_length, std::max<std::size_t>(model.max_len(), 1));
  Example answer{.input = example.input, .vectors = example.vectors, .begun = {shape.begin.value()}};
  answer.target = generate(model, source, {answer.begun}, {.max_new_tokens = most, .end = shape.end})[0].tokens;
  // The last token that is made is read by nobody.
  answer.begun.insert(answer.begun.end(), answer.target.begin(), answer.target.end() - 1);
  return answer;
}

AttentionLook look_at(Model& model, const Task& task, const Example& example) {
  const Example read = answered(model, task, example);
  AttentionLook look{.layers = {}, .source = read.input, .target = read.begun};
  look.layers = capture_run(model, example_batch(task, read)).layers;
  return look;
}

std::string answered_name(const Model& model, const std::string& input) {
  return model.arch() == Architecture::encoder_decoder ? input + ", its own answer" : input;
}

Example held_out_example(const Task& task, std::uint64_t index) {
  Example example;
  task.example({.split = Split::eval, .index = index}, example);
  return example;
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
  map.hidden = hidden_cells(mask_of_layer(model, place.weights.path), map.rows, map.cols);
  if (look == nullptr) return map;
  const bool of_target = model.arch() == Architecture::encoder_decoder && block != "enc.self";
  const auto labels = [&](bool target) {
    return target ? texts(look->target, &Task::target_text, task) : texts(look->source, &Task::token_text, task);
  };
  map.row_labels = labels(of_target);
  map.col_labels = labels(block == "dec.self" && of_target);
  return map;
}

}  // namespace headlight
