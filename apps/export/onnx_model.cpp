#include "apps/export/onnx_model.h"

#include <fmt/format.h>
#include <onnx/checker.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/export/onnx_builder.h"
#include "apps/export/onnx_graph.h"
#include "apps/export/onnx_layers.h"
#include "apps/export/onnx_sequence.h"
#include "apps/training/weights.h"
#include "core/error.h"
#include "layers/layer_config.h"
#include "layers/models/model_config.h"

namespace headlight {
namespace {

using Json = nlohmann::json;

constexpr int kIrVersion = 8;
constexpr int kOpset = 17;

/// What protobuf can hold, less room for nodes.
constexpr std::uint64_t kMostBytes =
    std::uint64_t{std::numeric_limits<std::int32_t>::max()} - (std::uint64_t{1} << 24U);

/// A protobuf message has at most 2^31 - 1 bytes.
void check_size(const Model& model) {
  std::uint64_t bytes = 0;
  for (const NamedBuffer& saved : saved_tensors(model)) bytes += saved.tensor.size() * sizeof(float);
  if (bytes <= kMostBytes) return;
  raise<ConfigError>("onnx", "the parameters do not fit into an ONNX file, which holds less than 2 GB",
                     fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9), "export a smaller model");
}

/// One stack being written, or the only one.
struct OnnxStack {
  const ModelConfig& config;
  const Json& blocks;
  std::string place;   ///< of the blocks in the config
  std::string path;    ///< of its modules: "", "encoder" or "decoder"
  ModelSource source;  ///< what it reads
};

class OnnxModel {
 public:
  OnnxModel(OnnxGraph& graph, const Model& model, const Json& composed, const std::string& place, bool padded)
      : graph_(graph), builder_(graph, model), composed_(composed), place_(place), padded_(padded) {}

  void write() {
    const ModelConfig config = model_config(LayerConfig(composed_, place_, "the model"));
    const bool two = config.arch == Architecture::encoder_decoder;
    const bool vectors = config.source.vocabulary == 0;
    const std::string first = vectors ? "vectors" : "input";
    std::vector<OnnxExtent> shape = {"batch", "time"};
    if (vectors) shape.emplace_back(config.source.features);
    OnnxValue input = graph_.input(first, vectors ? onnx::TensorProto::FLOAT : onnx::TensorProto::INT64, shape,
                                   vectors ? "vectors (B, T, F)" : "token ids (B, T)");
    if (two) graph_.input("target", onnx::TensorProto::INT64, {"batch", "target_time"}, "ids that the decoder reads");
    OnnxSequence source(builder_, input, "time", lengths("lengths"));
    // What stands in the padding of vectors may be NaN, which a weight of 0 would let through.
    if (vectors) input = source.zero_padding(input);
    const bool looks_back = config.arch == Architecture::decoder;
    if (!two) {
      OnnxContext context{.builder = builder_, .sequence = source, .causal = looks_back, .attention = attention_};
      const OnnxValue x =
          stack(context, {config, blocks("blocks"), join_path(place_, "blocks"), "", config.source}, input);
      head(context, config, x, "embedding.weight");
      return;
    }
    OnnxContext reading{.builder = builder_, .sequence = source, .attention = attention_};
    const OnnxValue memory =
        stack(reading,
              {config, blocks("encoder_blocks"), join_path(place_, "encoder_blocks"), "encoder", config.source}, input);
    OnnxSequence target(builder_, "target", "target_time", lengths("target_lengths"));
    OnnxContext writing{.builder = builder_,
                        .sequence = target,
                        .causal = true,
                        .memory = memory,
                        .memory_sequence = &source,
                        .attention = attention_};
    const OnnxValue y =
        stack(writing, {config, blocks("blocks"), join_path(place_, "blocks"), "decoder", config.target}, "target");
    head(writing, config, y, "decoder.embedding.weight");
  }

  void check_all_used() const { builder_.check_all_used(); }

 private:
  const Json& blocks(const char* key) const {
    static const Json none = Json::array();
    return composed_.contains(key) ? composed_.at(key) : none;
  }

  OnnxValue lengths(const char* name) {
    if (!padded_) return {};
    return graph_.input(name, onnx::TensorProto::INT64, {"batch"},
                        "real positions of each member; the rest is padding");
  }

  /// What Model::Stack computes: (B, T, C).
  OnnxValue stack(OnnxContext& context, const OnnxStack& stack, const OnnxValue& input) {
    const ModelSurroundings& s = stack.config.around;
    OnnxValue x = embedded(stack, input);
    if (s.positions != Positions::none) x = positioned(context, join_path(stack.path, "positions"), s, x);
    x = onnx_layers(context, {stack.blocks, stack.place, join_path(stack.path, "layers")}, x);
    if (!s.final_norm) return x;
    return onnx_norm(context, join_path(stack.path, "final_norm"), final_norm_options(s, context.causal), x);
  }

  OnnxValue embedded(const OnnxStack& stack, const OnnxValue& input) {
    const std::string path = join_path(stack.path, "embedding");
    if (stack.source.vocabulary == 0) return builder_.linear(input, path);
    const OnnxScope scope(graph_, path);
    OnnxValue x =
        graph_.node("Gather", {builder_.parameter(join_path(path, "weight")), input}, {{"axis", std::int64_t{0}}});
    const ModelSurroundings& s = stack.config.around;
    if (s.scale_embeddings) x = builder_.scaled(x, static_cast<float>(std::sqrt(static_cast<double>(s.d_model))));
    const std::string bias = join_path(path, "bias");
    return builder_.has(bias) ? builder_.sum(x, builder_.parameter(bias)) : x;
  }

  OnnxValue positioned(OnnxContext& context, const std::string& path, const ModelSurroundings& s, const OnnxValue& x) {
    const OnnxScope scope(graph_, path);
    const PositionRange range{.max_length = s.max_len, .randomised = s.randomised};
    if (s.positions == Positions::learned) {
      return onnx_positions(context, builder_.parameter(join_path(path, "weight")), range, x);
    }
    const Array table = sinusoidal_table(range.rows(), s.d_model);
    const OnnxValue rows = graph_.numbers({table.data(), table.data() + table.size()}, Shape(table.shape()));
    return onnx_positions(context, rows, range, x);
  }

  void head(OnnxContext& context, const ModelConfig& config, const OnnxValue& x, const std::string& table) {
    const OnnxValue logits = onnx_head(context, "head", config.head, config.tied ? table : "", x);
    std::vector<OnnxExtent> shape = {"batch"};
    const bool pointer = config.head.predict == Predict::pointer;
    if (pointer || config.head.predict == Predict::every) shape.emplace_back(context.sequence.extent());
    if (!pointer) shape.emplace_back(config.head.outputs);
    graph_.output(logits, "logits", shape, "what the model answers");
  }

  OnnxGraph& graph_;
  OnnxBuilder builder_;
  const Json& composed_;
  const std::string& place_;
  bool padded_;
  std::map<std::string, std::size_t> attention_{};
};

void refuse_unsupported(const Json& composed, const std::string& place) {
  LayerFaults faults;
  for (const char* key : {"encoder_blocks", "blocks"}) {
    if (composed.contains(key)) collect_unsupported(composed.at(key), join_path(place, key), faults);
  }
  faults.raise_all();
}

}  // namespace

bool onnx_available() { return true; }

void require_onnx() {}

std::string onnx_model(const Model& model, const Json& composed, const OnnxOptions& options, const std::string& path) {
  refuse_unsupported(composed, path);
  check_size(model);
  onnx::ModelProto file;
  file.set_ir_version(kIrVersion);
  file.set_producer_name("headlight");
  onnx::OperatorSetIdProto& opset = *file.add_opset_import();
  opset.set_domain("");
  opset.set_version(kOpset);
  for (const auto& [key, value] : options.metadata) {
    onnx::StringStringEntryProto& entry = *file.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  file.mutable_graph()->set_name(options.name);
  OnnxGraph graph(*file.mutable_graph());
  OnnxModel written(graph, model, composed, path, options.lengths);
  written.write();
  written.check_all_used();
  try {
    onnx::checker::check_model(file);
  } catch (const onnx::checker::ValidationError& error) {
    raise<StateError>("onnx", std::string("the graph is not valid: ") + error.what());
  }
  return file.SerializeAsString();
}

}  // namespace headlight
