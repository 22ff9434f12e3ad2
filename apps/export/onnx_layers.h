#pragma once

#include <cstddef>
#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "apps/export/onnx_builder.h"
#include "apps/export/onnx_sequence.h"
#include "layers/heads.h"
#include "layers/layer_error.h"
#include "layers/multi_head_attention.h"
#include "layers/norm.h"
#include "layers/positions.h"
#include "layers/residual.h"

/// How each layer type is spelled in a graph. All are what the layers compute when they are not training.
namespace headlight {

/// What the layers of a stack run in, as Context is for tensors.
struct OnnxContext {
  OnnxBuilder& builder;
  OnnxSequence& sequence;                         ///< that the stack reads
  bool causal = false;                            ///< the stack looks back alone
  OnnxValue memory = {};                          ///< what cross-attention reads; "" where there is none
  OnnxSequence* memory_sequence = nullptr;        ///< its sequence
  std::map<std::string, std::size_t>& attention;  ///< layers of each block so far
};

/// A layer: its JSON, where that stands in the config, and the path of its module.
struct OnnxLayer {
  const nlohmann::json& json;
  std::string place;  ///< "model.blocks.0.steps.1"
  std::string path;   ///< "layers.0.feed_forward"
};

/// Adds to `faults` every layer, and every score, of a list of layers that a graph cannot hold.
void collect_unsupported(const nlohmann::json& list, const std::string& place, LayerFaults& faults);

/// x (B, T, C) through a layer.
OnnxValue onnx_layer(OnnxContext& context, const OnnxLayer& layer, const OnnxValue& x);
/// Through all layers of a list, whose modules stand below `path`.
OnnxValue onnx_layers(OnnxContext& context, const OnnxLayer& list, const OnnxValue& x);

/// Block, Residual.
OnnxValue onnx_block(OnnxContext& context, const OnnxLayer& layer, const OnnxValue& x);
OnnxValue onnx_residual(OnnxContext& context, const OnnxLayer& layer, const OnnxValue& x);

/// A norm with its parameters below `path`.
OnnxValue onnx_norm(OnnxContext& context, const std::string& path, const NormOptions& options, const OnnxValue& x);

/// x + the rows of a table (rows, C) that the positions name.
OnnxValue onnx_positions(OnnxContext& context, const OnnxValue& table, const PositionRange& range, const OnnxValue& x);

/// MultiHeadAttention; its weights become an output of the graph.
OnnxValue onnx_attention(OnnxContext& context, const OnnxLayer& layer, const OnnxValue& x);

/// LinearHead, MlpHead, PointerHead. `tied`: the name of the weight of the last matrix; "" where it is the head's own.
OnnxValue onnx_head(OnnxContext& context, const std::string& path, const HeadOptions& options, const std::string& tied,
                    const OnnxValue& x);

}  // namespace headlight
