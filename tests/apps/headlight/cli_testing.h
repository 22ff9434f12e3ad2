#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "tests/apps/headlight/process.h"
#include "tests/core/io/io_testing.h"

namespace headlight::testing {

/// A config that trains within a second.
inline constexpr std::string_view kTinyConfig = R"({
  // Reversing four of three symbols.
  "name": "tiny", "seed": 3,
  "task": {"type": "reverse", "symbols": 3, "length": 4, "train_examples": 40, "eval": {"examples": 20, "seed": 1}},
  "model": {"d_model": 8, "heads": 2, "layers": 1, "d_ff": 16},
  "optimizer": {"type": "adamw", "lr": 0.01, "grad_clip": 1.0},
  "trainer": {"steps": 12, "batch_size": 8, "log_every": 4, "eval_every": 5, "eval_examples": 10,
              "checkpoint": {"every": 5, "keep": 2}}
}
)";

/// A directory with tiny.json in it.
class Workplace : public TemporaryDirectory {
 public:
  Workplace() { spill(*this / "tiny.json", kTinyConfig); }

  /// Gives tiny.json another model.
  void set_model(const std::string& model) const {
    std::string text(kTinyConfig);
    const std::size_t begin = text.find("\"model\"");
    text.replace(begin, text.find('\n', begin) - begin, "\"model\": " + model + ",");
    spill(*this / "tiny.json", text);
  }

  std::string config() const { return (*this / "tiny.json").string(); }
  std::string run() const { return (*this / "run").string(); }

  /// Trains tiny.json into run(), with more arguments.
  Finished train(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"train", config(), "--run-dir", run()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_headlight(arguments);
  }
};

std::vector<std::string> lines_of(const std::string& text);

/// metrics.jsonl without start and resume rows, and without what depends on the clock.
std::vector<nlohmann::json> timeless_rows(const std::string& run);

/// Checks that two runs have recorded the same bytes.
void check_same_recording(const std::string& run, const std::string& uncut);

/// Checks that two runs have the same bytes in the checkpoint of a step (eight digits), the same rows and recordings.
void check_same_end(const std::string& run, const std::string& uncut, const std::string& step);

}  // namespace headlight::testing
