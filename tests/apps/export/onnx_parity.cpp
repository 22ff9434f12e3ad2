#include "tests/apps/export/onnx_parity.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <utility>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/export/onnx_model.h"
#include "apps/training/attention_layers.h"
#include "autograd/scopes.h"
#include "core/random.h"
#include "tests/apps/headlight/process.h"
#include "tests/core/io/io_testing.h"

namespace headlight::testing {
namespace {

using Json = nlohmann::json;

Json as_json(const std::string& type, const Shape& shape, Json data) {
  return {{"type", type}, {"dims", std::vector<std::size_t>(shape.begin(), shape.end())}, {"data", std::move(data)}};
}

Json as_json(const Tensor& tensor) {
  Json data = Json::array();
  for (std::size_t i = 0; i < tensor.size(); ++i) data.push_back(tensor.value().data()[i]);
  return as_json("float32", tensor.shape(), std::move(data));
}

Json as_json(const std::vector<std::size_t>& lengths) { return as_json("int64", {lengths.size()}, Json(lengths)); }

/// Keeps what the layers tell, under the names that the graph's outputs have.
class NamedWeights : public AttentionRecorder {
 public:
  explicit NamedWeights(const Model& model) : model_(model) {}
  void record(const std::string& path, const Tensor& weights, std::size_t /*hidden_rows*/) override {
    const std::string block = block_of(model_, path);
    newest_ = "attn." + block + "." + std::to_string(counts_[block]++);
    outputs[newest_] = as_json(weights);
  }
  void record_sink(const std::string& /*path*/, const Tensor& sink_weights) override {
    outputs[newest_ + ".sink"] = as_json(sink_weights);
  }

  Json outputs = Json::object();

 private:
  const Model& model_;
  std::map<std::string, std::size_t> counts_{};
  std::string newest_{};
};

/// Inputs with their JSON beside them. Padding is 0, as in a Batch.
class Drawn {
 public:
  explicit Drawn(std::uint64_t step) : random_({.seed = 5, .step = step}) {}

  ModelInput ids(const std::string& name, const OnnxSize& size, std::size_t time,
                 const std::vector<std::size_t>& lengths, std::size_t vocabulary) {
    Tokens ids(Shape{size.batch, time});
    Json data = Json::array();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto drawn = static_cast<std::int32_t>(random_.uniform_below(vocabulary));
      ids.data()[i] = lengths.empty() || i % time < lengths[i / time] ? drawn : 0;
      data.push_back(ids.data()[i]);
    }
    inputs[name] = as_json("int64", Shape(ids.shape()), std::move(data));
    return {std::move(ids)};
  }

  ModelInput vectors(const OnnxSize& size, std::size_t features) {
    Array values = uninitialized({size.batch, size.time, features});
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t row = i / features;
      const bool real = size.lengths.empty() || row % size.time < size.lengths[row / size.time];
      values.data()[i] = real ? static_cast<float>(random_.normal()) : 0.0F;
    }
    const Tensor tensor(std::move(values));
    inputs["vectors"] = as_json(tensor);
    return {tensor};
  }

  Json inputs = Json::object();

 private:
  Random random_;
};

Json run_case(Model& model, const Json& composed, const OnnxSize& size, std::uint64_t step) {
  const NoGrad no_grad;
  Drawn drawn(step);
  NamedWeights recorder(model);
  Context context{.recorder = &recorder};
  const ModelInput source =
      composed.contains("vocabulary")
          ? drawn.ids("input", size, size.time, size.lengths, composed.at("vocabulary").get<std::size_t>())
          : drawn.vectors(size, composed.at("features").get<std::size_t>());
  const Mask padding = size.lengths.empty() ? Mask() : Mask::padding(size.lengths);
  if (!size.lengths.empty()) drawn.inputs["lengths"] = as_json(size.lengths);
  Tensor logits;
  if (model.arch() == Architecture::encoder_decoder) {
    const ModelInput target =
        drawn.ids("target", size, size.target_time, size.target_lengths, model.target_vocabulary());
    context.memory_mask = padding;
    if (!size.target_lengths.empty()) {
      context.mask = Mask::padding(size.target_lengths);
      drawn.inputs["target_lengths"] = as_json(size.target_lengths);
    }
    logits = model(source, target, context);
  } else {
    context.mask = padding;
    logits = model(source, context);
  }
  recorder.outputs["logits"] = as_json(logits);
  return {{"inputs", std::move(drawn.inputs)}, {"outputs", std::move(recorder.outputs)}};
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

void write_parity_case(const std::filesystem::path& directory, const std::string& name, Model& model,
                       const Json& composed, const std::vector<OnnxSize>& sizes) {
  const std::filesystem::path place = directory / name;
  std::filesystem::create_directories(place);
  spill(place / "model.onnx", onnx_model(model, composed, {.lengths = !sizes.front().lengths.empty()}));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    spill(place / ("run-" + std::to_string(i) + ".json"), run_case(model, composed, sizes[i], i).dump());
  }
}

OnnxVerdict compare_in_node(const std::filesystem::path& directory) {
  const bool required = variable("HEADLIGHT_REQUIRE_NODE") == "1";
  const std::filesystem::path package = HEADLIGHT_SOURCE_DIR "/tests/onnx";
  if (!std::filesystem::exists(package / "node_modules/onnxruntime-node")) {
    const std::string missing = "onnxruntime-node is not installed; run `npm ci` in tests/onnx";
    if (required) FAIL(missing);  // without the word that makes ctest pass over it
    WARN("skipped: " + missing);
    return {};
  }
  Process node("/usr/bin/env", {"node", (package / "compare.mjs").string(), directory.string()},
               {"PATH=" + variable("PATH")});
  const Finished finished = node.finish();
  constexpr int kNoSuchProgram = 127;
  if (finished.status == kNoSuchProgram && !required) {
    WARN("skipped: there is no Node.js");
    return {};
  }
  return {.ran = true, .agrees = finished.status == 0, .text = finished.out + finished.err};
}

}  // namespace headlight::testing
