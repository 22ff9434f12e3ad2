// Exported graphs in onnxruntime against the models themselves, to 1e-5 of each value (relative above 1): both compute in
// float, where a sum of a thousand products is known to about 1e-6 of its terms. Skipped without Node.js.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/config/read.h"
#include "apps/tasks/registry.h"
#include "apps/training/build.h"
#include "apps/training/checkpoint.h"
#include "apps/training/checkpoint_files.h"
#include "tests/apps/export/onnx_cases.h"
#include "tests/apps/export/onnx_parity.h"
#include "tests/apps/headlight/cli_testing.h"

using namespace headlight;
using namespace headlight::testing;

namespace {

void check_agreement(const std::filesystem::path& directory) {
  const OnnxVerdict verdict = compare_in_node(directory);
  if (!verdict.ran) return;
  INFO(verdict.text);
  CHECK(verdict.agrees);
}

/// The length of the task, or one that keeps the files small, and a shorter one; targets too.
std::vector<OnnxSize> sizes_of(const Task& task) {
  constexpr std::size_t kLongest = 48;
  const TaskShape shape = task.shape();
  const std::size_t time = std::min(shape.length, kLongest);
  const std::size_t targets = shape.second_vocabulary != 0 ? std::min(shape.target_length, kLongest) : 0;
  return {{.batch = 2, .time = time, .target_time = targets},
          {.batch = 3,
           .time = std::max<std::size_t>(1, time * 2 / 3),
           .target_time = targets == 0 ? 0 : std::max<std::size_t>(1, targets / 2)}};
}

}  // namespace

TEST_CASE("onnxruntime computes what every kind of model computes, at three lengths") {
  const TemporaryDirectory directory;
  for (const OnnxCase& one : onnx_cases()) {
    INFO(one.name);
    const nlohmann::json composed = nlohmann::json::parse(one.composed);
    const std::unique_ptr<Model> model = drawn_model(composed);
    write_parity_case(directory.path(), one.name, *model, composed,
                      {{.batch = 2, .time = 5, .target_time = 4},
                       {.batch = 3, .time = 12, .target_time = 9},
                       {.batch = 1, .time = 1, .target_time = 1}});
  }
  check_agreement(directory.path());
}

TEST_CASE("onnxruntime hides padding as Mask::padding does, members without any position included") {
  const TemporaryDirectory directory;
  for (const OnnxCase& one : onnx_cases()) {
    INFO(one.name);
    const nlohmann::json composed = nlohmann::json::parse(one.composed);
    const std::unique_ptr<Model> model = drawn_model(composed);
    const bool two = model->arch() == Architecture::encoder_decoder;
    const auto targets = [&](std::vector<std::size_t> lengths) {
      return two ? std::move(lengths) : std::vector<std::size_t>();
    };
    write_parity_case(
        directory.path(), one.name, *model, composed,
        {{.batch = 3, .time = 7, .target_time = 5, .lengths = {7, 0, 3}, .target_lengths = targets({2, 5, 0})},
         {.batch = 2, .time = 4, .target_time = 4, .lengths = {1, 2}, .target_lengths = targets({4, 4})}});
  }
  check_agreement(directory.path());
}

TEST_CASE("onnxruntime computes what the models of the shipped configs compute") {
  const TemporaryDirectory directory;
  const TemporaryDirectory data;
  spill(data / "words.txt", "the quick brown fox\njumps over\nthe lazy dog\nand rests\n");
  for (const auto& entry : std::filesystem::directory_iterator(HEADLIGHT_SOURCE_DIR "/data/configs")) {
    const std::string name = entry.path().stem().string();
    INFO(name);
    std::vector<std::string> overrides;
    // Their file is the user's to name; it has to fill a window.
    if (name == "text") overrides = {"task.path=" + (data / "words.txt").string(), "model.max_len=4"};
    if (name == "lines") overrides = {"task.path=" + (data / "words.txt").string(), "task.eval_examples=1"};
    config::LoadedConfig loaded = config::read_config({entry.path()}, overrides);
    const std::unique_ptr<Task> task = make_task(loaded);
    // A model of millions of weights takes its time.
    if (loaded.config.model.d_model >= 512) continue;
    const std::unique_ptr<Model> model = build_model(loaded.config, *task);
    write_parity_case(directory.path(), name, *model, composed_model(loaded.config.model, *task), sizes_of(*task));
  }
  check_agreement(directory.path());
}

TEST_CASE("the file that headlight export writes is the trained model") {
  const Workplace place;
  REQUIRE(place.train().status == 0);
  const TemporaryDirectory directory;
  for (const char* step : {"10", "last"}) {
    // Read back here, apart from the program: the config, and the weights of the checkpoint.
    const config::Config config = config::read_config({place.run() + "/config.json"}).config;
    const std::unique_ptr<Task> task = make_task(config);
    const std::unique_ptr<Model> model = build_empty_model(config, *task);
    load_checkpoint(find_checkpoint(place.run(), step), *model, nullptr);
    write_parity_case(directory.path(), step, *model, composed_model(config.model, *task), sizes_of(*task));
    const std::string file = (directory / step / "model.onnx").string();
    const std::string before = slurp(file);
    const Finished exported = run_headlight({"export", place.run(), "-o", file, "--checkpoint", step});
    INFO(exported.err);
    REQUIRE(exported.status == 0);
    CHECK(slurp(file) != before);  // it says of which run it is
  }
  check_agreement(directory.path());
}
