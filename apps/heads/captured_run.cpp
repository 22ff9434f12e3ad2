#include "apps/heads/captured_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "apps/inspect/capture.h"
#include "apps/training/attention_layers.h"
#include "apps/training/objective.h"
#include "autograd/scopes.h"
#include "layers/hooks.h"
#include "layers/multi_head_attention.h"

namespace headlight {
namespace {

constexpr const char* kEncoderSelf = "enc.self";
constexpr const char* kDecoderSelf = "dec.self";
constexpr const char* kDecoderCross = "dec.cross";

/// Whether the batch has a sequence for the decoder besides the input.
bool has_two_sequences(const Batch& batch) { return batch.begun.size() != 0; }

std::vector<KeyRange> ranges_of(const Mask& mask, std::size_t members, std::size_t queries, std::size_t keys) {
  const MaskRows rows(mask, {members, 1, queries, keys});
  std::vector<KeyRange> visible;
  visible.reserve(members * queries);
  for (std::size_t member = 0; member < members; ++member) {
    for (std::size_t query = 0; query < queries; ++query) {
      const kernels::VisibleKeys seen = rows.row(member, 0, query);
      visible.push_back({.begin = std::min(seen.begin, seen.end), .end = seen.end});
    }
  }
  return visible;
}

std::vector<std::vector<std::int32_t>> lists_of(const Batch& batch, std::vector<std::int32_t> Example::*member) {
  std::vector<std::vector<std::int32_t>> lists;
  lists.reserve(batch.size());
  for (const Example& example : batch.examples) lists.push_back(example.*member);
  return lists;
}

}  // namespace

CapturedRun capture_run(Model& model, const Batch& batch, const Hooks* hooks) {
  const NoGrad no_grad;
  AttentionCapture recorder;
  CapturedRun run;
  run.answers = run_model(model, batch, {.recorder = &recorder, .hooks = hooks});
  run.layers = recorder.layers();
  for (AttentionWeights& layer : run.layers) layer.real_queries = real_queries(batch, block_of(model, layer.path));
  return run;
}

std::vector<std::size_t> real_queries(const Batch& batch, const std::string& block) {
  return has_two_sequences(batch) && block != kEncoderSelf ? batch.target_lengths() : batch.lengths;
}

LayerMask mask_of_layer(const Model& model, const std::string& path) {
  for (const MultiHeadAttention* layer : attention_layers(model)) {
    if (layer->path() != path) continue;
    const Mask visible = visible_keys(model, *layer);
    return {.known = true, .causal = visible.is_causal(), .window = layer->options().window, .visible = visible};
  }
  return {};
}

std::vector<std::uint8_t> hidden_cells(const LayerMask& mask, std::size_t queries, std::size_t keys) {
  std::vector<std::uint8_t> hidden(queries * keys, 1);
  std::size_t seen = 0;
  std::size_t row = 0;
  for (const KeyRange& range : ranges_of(mask.visible, 1, queries, keys)) {
    const auto begin = hidden.begin() + static_cast<std::ptrdiff_t>(row);
    std::fill(begin + static_cast<std::ptrdiff_t>(range.begin), begin + static_cast<std::ptrdiff_t>(range.end), 0);
    seen += range.size();
    row += keys;
  }
  if (seen == hidden.size()) hidden.clear();
  return hidden;
}

std::string unknown_masks(const Model& model, const std::vector<AttentionWeights>& layers) {
  std::vector<std::string> paths;
  for (const AttentionWeights& layer : layers) {
    if (!mask_of_layer(model, layer.path).known) paths.push_back(layer.path);
  }
  if (paths.empty()) return {};
  return fmt::format("the mask of {} is not known: nothing counts as hidden, and chance is that of all keys",
                     fmt::join(paths, ", "));
}

std::vector<KeyRange> VisibleKeysOf::operator()(const Batch& batch, const std::string& path, std::size_t queries,
                                                std::size_t keys) const {
  const std::string block = block_of(model_, path);
  const bool of_target = has_two_sequences(batch) && block == kDecoderSelf;
  const Mask padding = Mask::padding(of_target ? batch.target_lengths() : batch.lengths);
  return ranges_of(mask_of_layer(model_, path).visible & padding, batch.size(), queries, keys);
}

LayerAxes::LayerAxes(const Model& model, const Task& task) : model_(model) {
  const TaskShape shape = task.shape();
  if (model.arch() != Architecture::encoder_decoder || shape.vocabulary == 0) return;
  std::unordered_map<std::string, std::int32_t> source;
  for (std::size_t id = 0; id < shape.vocabulary; ++id) {
    const auto token = static_cast<std::int32_t>(id);
    source.emplace(task.token_text(token), token);
  }
  source_ids_.reserve(shape.classes);
  for (std::size_t id = 0; id < shape.classes; ++id) {
    const auto found = source.find(task.target_text(static_cast<std::int32_t>(id)));
    source_ids_.push_back(found == source.end() ? -1 : found->second);
  }
}

MapAxes LayerAxes::operator()(const Batch& batch, const AttentionWeights& layer) const {
  const std::string block = block_of(model_, layer.path);
  const bool two = has_two_sequences(batch);
  const bool of_target = two && block == kDecoderSelf;
  MapAxes axes{.one_sequence = block != kDecoderCross};
  axes.visible = VisibleKeysOf(model_)(batch, layer.path, layer.queries, layer.keys);
  const bool source_tokens = batch.features == 0;
  if (block == kDecoderCross) {
    axes.query_tokens = lists_of(batch, &Example::begun);
    if (!source_tokens) return axes;
    axes.key_tokens = lists_of(batch, &Example::input);
    axes.produced = lists_of(batch, &Example::target);
    const auto classes = static_cast<std::int32_t>(source_ids_.size());
    for (std::vector<std::int32_t>& targets : axes.produced) {
      for (std::int32_t& id : targets) id = id >= 0 && id < classes ? source_ids_[static_cast<std::size_t>(id)] : -1;
    }
    return axes;
  }
  if (!of_target && !source_tokens) return axes;
  axes.query_tokens = lists_of(batch, of_target ? &Example::begun : &Example::input);
  axes.key_tokens = axes.query_tokens;
  return axes;
}

std::vector<PatternRule> pattern_rules(const Task& task, const Batch& batch) {
  std::vector<PatternRule> rules;
  const std::vector<AttentionPattern> patterns = task.patterns();
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const auto right = [&task, &batch, i](std::size_t member, std::size_t query, std::vector<std::size_t>& keys) {
      task.right_keys(i, batch.examples[member], query, keys);
    };
    rules.push_back({.name = patterns[i].name, .block = patterns[i].block, .right = right, .width = patterns[i].width});
  }
  return rules;
}

std::vector<LayerPlace> layer_places(const Model& model, const std::vector<AttentionWeights>& layers) {
  std::vector<std::string> blocks;
  std::vector<LayerPlace> places;
  for (const AttentionWeights& layer : layers) {
    const std::string block = block_of(model, layer.path);
    if (std::find(blocks.begin(), blocks.end(), block) == blocks.end()) blocks.push_back(block);
  }
  for (const std::string& block : blocks) {
    std::size_t within = 0;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (block_of(model, layers[i].path) == block) places.push_back({.index = i, .block = block, .layer = within++});
    }
  }
  return places;
}

}  // namespace headlight
