#include "tests/apps/page/run_files.h"

#include <fmt/format.h>

#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/config/read.h"
#include "core/io/safetensors.h"
#include "tests/core/io/io_testing.h"

namespace headlight::testing {

RunFiles::RunFiles(std::filesystem::path run, const std::string& arch) : run_(std::move(run)) {
  std::filesystem::create_directories(run_ / "attention");
  const std::string text = R"({"name": "small", "seed": 5, "task": {"type": "copy", "symbols": 3, "length": 4},
    "model": {"arch": ")" + arch +
                           R"(", "d_model": 8, "heads": 2}, "trainer": {"steps": 20}})";
  const config::Config config = config::read_config_text({{.name = "small", .text = text, .directory = {}}}).config;
  spill(run_ / "config.json", config::to_json(config).dump());
  spill(run_ / "overrides.json", R"({"format": 1, "overrides": ["model.d_model=8"]})");
  spill(run_ / "run.json", R"({"format": 1, "status": "finished", "started": 100.5, "ended": 103.25, "step": 20,
    "environment": {"headlight": "0.1.0", "compiler": "g++", "threads": 2}})");
}

RunFiles RunFiles::in(const std::filesystem::path& run) {
  std::filesystem::create_directories(run / "attention");
  return RunFiles(run);
}

void RunFiles::probes(const std::string& list) const {
  spill(run_ / "probes.json", R"({"format": 1, "probes": )" + list + "}");
}

void RunFiles::snapshot(std::uint64_t step, const std::vector<Layer>& layers, const Predictions* predictions) const {
  std::vector<TensorView> tensors;
  SafetensorsWriteOptions options{
      .metadata = {{"headlight.format", "1"}, {"step", std::to_string(step)}, {"axes", "probe,head,query,key"}}};
  for (const Layer& layer : layers) {
    tensors.push_back({layer.name, DType::kF32, layer.shape, std::as_bytes(std::span(layer.weights))});
    if (!layer.scores.empty()) {
      tensors.push_back({layer.name + ".scores", DType::kF32, layer.shape, std::as_bytes(std::span(layer.scores))});
    }
    options.metadata[layer.name + ".path"] = "layers." + layer.name;
    options.metadata[layer.name + ".mask"] = layer.mask;
    if (!layer.window.empty()) options.metadata[layer.name + ".window"] = layer.window;
  }
  if (predictions != nullptr) {
    const std::uint64_t probes = layers.front().shape.front();
    const std::vector<std::uint64_t> shape = {probes, predictions->count, predictions->top};
    options.metadata["rows"] = predictions->rows;
    tensors.push_back({"predictions.ids", DType::kI32, shape, std::as_bytes(std::span(predictions->ids))});
    tensors.push_back({"predictions.prob", DType::kF32, shape, std::as_bytes(std::span(predictions->prob))});
    tensors.push_back({"predictions.target_prob",
                       DType::kF32,
                       {probes, predictions->count},
                       std::as_bytes(std::span(predictions->target_prob))});
  }
  write_safetensors(run_ / "attention" / fmt::format("step-{:08}.safetensors", step), tensors, options);
}

void RunFiles::append(const std::string& file, const std::string& text) const {
  std::ofstream stream(run_ / file, std::ios::binary | std::ios::app);
  stream << text;
  stream.close();
  REQUIRE(stream.good());
}

std::vector<float> ramp(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i) / static_cast<float>(count);
  return values;
}

const char* const kTwoProbes =
    R"([{"label": "eval 17", "index": 17, "input": [0, 1, 2], "begun": [3, 0], "target": [0, -100]},
        {"label": "given 0", "text": "1 2", "input": [1, 2], "begun": [3, 1, 2], "target": [1, 2, 4]}])";

/// One layer of each block for the two probes, padded to 3 queries and 3 keys.
std::vector<RunFiles::Layer> one_layer_each() {
  return {{.name = "enc.self.layer0", .shape = {2, 2, 3, 3}, .weights = ramp(36)},
          {.name = "dec.self.layer0", .shape = {2, 2, 3, 3}, .mask = "causal", .weights = ramp(36), .scores = ramp(36)},
          {.name = "dec.cross.layer0", .shape = {2, 2, 3, 3}, .weights = ramp(36)}};
}

RunFiles::Predictions two_predictions() {
  return {.rows = "tgt_in",
          .count = 3,
          .top = 2,
          .ids = {0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1},
          .prob = std::vector<float>(12, 0.5F),
          .target_prob = ramp(6)};
}

}  // namespace headlight::testing
