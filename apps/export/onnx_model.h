#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "layers/models/model.h"

namespace headlight {

struct OnnxOptions {
  std::string name = "model";                        ///< of the graph, not empty
  std::map<std::string, std::string> metadata = {};  ///< what the file says of itself
  bool lengths = false;                              ///< see onnx_model()
};

/// Whether this build can write ONNX files: it was made with the package libonnx-dev.
bool onnx_available();

/// Throws ConfigError that names the missing package unless onnx_available().
void require_onnx();

/// The bytes of an ONNX file (opset 17, IR 8) that computes what the model computes when it is not training.
///
/// Inputs, int64 ids unless the model reads vectors: `input` (batch, time), or `vectors` (batch, time, F) in float; of an
/// encoder-decoder also `target` (batch, target_time), what the decoder reads. Batch and times are free in each run, the
/// times up to max_len where the model has positions of its own. All members of a batch are as long as the input, unless
/// `OnnxOptions::lengths` adds the inputs `lengths` (batch) and, of an encoder-decoder, `target_lengths` (batch), int64:
/// what lies behind them is padding, hidden as Mask::padding() hides it.
///
/// Outputs: `logits`, shaped as the model's answer; for each attention layer `attn.<block>.<k>` (batch, H, Tq, Tk), its
/// weights, k counting from 0 in the order in which the layers of a block (enc.self, dec.self, dec.cross) run; and where it
/// has a sink `attn.<block>.<k>.sink` (batch, H, Tq), the sink's weights.
///
/// Initializers are the parameters and buffers under their names and in their shapes, and unnamed constants. Attention is
/// spelled out in elementary operators; nodes are named after the layer they belong to.
///
/// `composed` is what the model was built from, see expand(), and `path` its place in the config. Throws LayerError on
/// layers and scores that did not come with Headlight: the file could not hold what their code does. ConfigError on a
/// model above the 2 GB that such a file can hold, and as require_onnx() does.
std::string onnx_model(const Model& model, const nlohmann::json& composed, const OnnxOptions& options,
                       const std::string& path = "model");

}  // namespace headlight
