#include "apps/heads/circuits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include <nlohmann/json.hpp>

#include "apps/heads/residual_stream.h"
#include "apps/inspect/head_weights.h"
#include "apps/training/attention_layers.h"
#include "layers/multi_head_attention.h"
#include "layers/positions.h"

namespace headlight {
namespace {

/// A layer of a stack whose heads can be read.
struct ReadableLayer {
  std::string path{};
  std::string block{};
  std::size_t layer = 0;
  bool cross = false;
  std::optional<FrozenNorm> norm{};
  std::vector<HeadWeights> heads{};   ///< as they are
  std::vector<HeadWeights> folded{};  ///< with the norm in front
};

/// Why the maps of a layer are not the softmax of a product of matrices with what it reads; "" where they are.
std::string unreadable(const MultiHeadAttentionOptions& options) {
  if (options.user_score != nullptr || (options.score != ScoreKind::scaled_dot && options.score != ScoreKind::dot)) {
    return "its score is no dot product of query and key";
  }
  if (options.qk_norm) return "its queries and keys are normalised";
  if (options.talking_heads) return "its heads are mixed (talking heads)";
  if (options.positions != AttentionPositions::none) return "positions enter its scores";
  if (options.value != ValueKind::dense) return "its values are a convolution";
  return "";
}

/// y = gain (x - mean) / sqrt(var + eps) + bias for each row, or the same without the mean.
Array normalized_rows(const Array& rows, const FrozenNorm& norm) {
  Array result = rows;
  const std::size_t width = rows.shape()[1];
  const auto count = static_cast<double>(width);
  for (std::size_t t = 0; t < rows.shape()[0]; ++t) {
    Real* const row = result.data() + t * width;
    double mean = 0;
    for (std::size_t c = 0; norm.centered && c < width; ++c) mean += static_cast<double>(row[c]) / count;
    double square = 0;
    for (std::size_t c = 0; c < width; ++c) square += std::pow(static_cast<double>(row[c]) - mean, 2) / count;
    const double scale = std::sqrt(square + norm.eps);
    for (std::size_t c = 0; c < width; ++c) {
      const double gain = norm.gain ? element(*norm.gain, c) : 1;
      const double bias = norm.bias ? element(*norm.bias, c) : 0;
      row[c] = static_cast<Real>(gain * (static_cast<double>(row[c]) - mean) / scale + bias);
    }
  }
  return result;
}

Array first_rows(const Array& table, std::size_t count) {
  const std::size_t width = table.shape()[1];
  const std::size_t rows = std::min(count, table.shape()[0]);
  Array part = uninitialized({rows, width});
  std::copy_n(table.data(), rows * width, part.data());
  return part;
}

/// The positions that a stack adds, of the longest sequence of the task; nothing where it adds none, or ones drawn anew.
std::optional<Array> added_positions(const Model& model, const Task& task, const nlohmann::json& composed,
                                     const std::string& prefix) {
  const std::string kind = composed.value("positions", std::string("none"));
  if (kind == "none" || composed.contains("randomised_positions")) return std::nullopt;
  const TaskShape shape = task.shape();
  const std::size_t length = prefix == "decoder." ? shape.target_length : shape.length;
  if (length < 2) return std::nullopt;
  if (kind == "sinusoidal") return sinusoidal_table(length, composed.at("d_model").get<std::size_t>());
  const Array* table = find_parameter(model, prefix + "positions.weight");
  if (table == nullptr) return std::nullopt;
  return first_rows(*table, length);
}

/// The layers of one stack in the order in which they run; adds a note for each that is left out.
std::vector<ReadableLayer> readable_layers(const Model& model, const ResidualStream& stream, Circuits& circuits) {
  std::vector<ReadableLayer> layers;
  std::map<std::string, std::size_t> counts;
  for (const StreamStep& step : stream.steps) {
    for (const MultiHeadAttention* layer : attention_layers(model)) {
      if (layer->path() != step.path) continue;
      const std::string block = block_of(model, step.path);
      const std::size_t within = counts[block]++;
      const MultiHeadAttentionOptions& options = layer->options();
      std::string reason = unreadable(options);
      if (reason.empty() && step.reads_norm && !step.norm) reason = "the norm in front of it has statistics of batches";
      if (!reason.empty()) {
        circuits.notes.push_back(fmt::format("{} layer {} (`{}`) is left out: {}", block, within, step.path, reason));
        continue;
      }
      ReadableLayer readable{.path = step.path,
                             .block = block,
                             .layer = within,
                             .cross = options.cross,
                             .norm = step.norm,
                             .heads = head_weights(model, step.path,
                                                   {.heads = options.heads,
                                                    .kv_heads = options.kv_heads,
                                                    .sum_heads = options.combine == CombineKind::sum})};
      for (const HeadWeights& head : readable.heads) {
        // A cross layer's norm stands in front of its queries alone: keys and values come from the encoder.
        HeadWeights folded = step.norm ? fold_norm(head, *step.norm) : head;
        if (readable.cross) {
          folded.key = head.key;
          folded.key_bias = head.key_bias;
          folded.value = head.value;
          folded.value_bias = head.value_bias;
        }
        readable.folded.push_back(std::move(folded));
      }
      layers.push_back(std::move(readable));
    }
  }
  return layers;
}

HeadPlace place_of(const ReadableLayer& layer, std::size_t head) {
  return {.path = layer.path, .block = layer.block, .layer = layer.layer, .head = head};
}

void keep_larger(std::optional<FromEarlier>& best, const HeadPlace& earlier, double value) {
  if (!best || value > best->value) best = FromEarlier{.earlier = earlier, .value = value};
}

/// All figures of the heads of a stack.
void read_stack(const Model& model, const Task& task, const nlohmann::json& composed, bool of_encoder,
                Circuits& circuits) {
  const ResidualStream stream = residual_stream(model, composed, of_encoder);
  const std::vector<ReadableLayer> layers = readable_layers(model, stream, circuits);
  const bool tokens = of_encoder || model.arch() != Architecture::encoder_decoder ? task.shape().vocabulary > 0 : true;
  const Array* const embedding = tokens ? find_parameter(model, stream.prefix + "embedding.weight") : nullptr;
  const Array* unembedding = find_parameter(model, "head.weight");
  if (unembedding == nullptr && composed.value("tie_embeddings", false)) unembedding = embedding;
  const bool answers = !of_encoder && unembedding != nullptr && embedding != nullptr && task.shape().values == 0 &&
                       unembedding->shape()[0] == embedding->shape()[0];
  const std::optional<Array> positions = added_positions(model, task, composed, stream.prefix);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const ReadableLayer& layer = layers[i];
    for (std::size_t head = 0; head < layer.heads.size(); ++head) {
      HeadCircuit circuit{.place = place_of(layer, head)};
      const HeadWeights& own = layer.folded[head];
      if (answers && !layer.cross) circuit.copying = copying_score(own, *embedding, *unembedding);
      if (positions && !layer.cross) {
        const Array read = layer.norm ? normalized_rows(*positions, *layer.norm) : *positions;
        circuit.previous_token = previous_token_score(layer.heads[head], read, layer.block == "dec.self");
      }
      for (std::size_t j = 0; j < i; ++j) {
        for (std::size_t before = 0; before < layers[j].heads.size(); ++before) {
          const HeadWeights& earlier = layers[j].folded[before];
          const HeadPlace place = place_of(layers[j], before);
          const CompositionScores scores = composition_scores(own, earlier);
          keep_larger(circuit.query, place, scores.query);
          if (layer.cross) continue;
          keep_larger(circuit.key, place, scores.key);
          keep_larger(circuit.value, place, scores.value);
          if (embedding == nullptr || layers[j].cross) continue;
          keep_larger(circuit.prefix, place, prefix_matching_score(own, earlier, *embedding).balance);
        }
      }
      circuits.heads.push_back(std::move(circuit));
    }
  }
}

}  // namespace

Circuits read_circuits(const Model& model, const Task& task, const nlohmann::json& composed) {
  Circuits circuits;
  if (model.arch() == Architecture::encoder_decoder) read_stack(model, task, composed, true, circuits);
  read_stack(model, task, composed, false, circuits);
  return circuits;
}

}  // namespace headlight
