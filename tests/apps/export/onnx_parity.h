#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "layers/models/model.h"

namespace headlight::testing {

/// How much a model is run on.
struct OnnxSize {
  std::size_t batch;
  std::size_t time;
  std::size_t target_time = 0;  ///< of an encoder-decoder
  /// Real positions of each member; with them the graph reads lengths.
  std::vector<std::size_t> lengths = {};
  std::vector<std::size_t> target_lengths = {};
};

/// Writes `directory`/`name`: model.onnx, and run-0.json, run-1.json, ... with drawn inputs, and the answers and attention
/// weights that Headlight computes from them: {"inputs": {name: {"type", "dims", "data"}}, "outputs": {...}}.
/// All sizes have lengths, or none has.
void write_parity_case(const std::filesystem::path& directory, const std::string& name, Model& model,
                       const nlohmann::json& composed, const std::vector<OnnxSize>& sizes);

/// What compare.mjs of tests/onnx says of a directory of cases.
struct OnnxVerdict {
  bool ran = false;  ///< false: Node.js or onnxruntime-node is not installed
  bool agrees = false;
  std::string text{};
};
/// Runs each case in onnxruntime. Fails the test where it could not run though HEADLIGHT_REQUIRE_NODE is 1.
OnnxVerdict compare_in_node(const std::filesystem::path& directory);

}  // namespace headlight::testing
