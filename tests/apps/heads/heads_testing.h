#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apps/config/read.h"
#include "apps/tasks/registry.h"
#include "apps/tasks/task.h"
#include "apps/training/build.h"

namespace headlight::testing {

/// What a config builds; its task is `task`, and the model is that of `model`.
struct Built {
  config::Config config;
  std::unique_ptr<Task> task;
  std::unique_ptr<Model> model;
};

inline Built built_from(const std::string& task, const std::string& model) {
  const std::string text =
      R"({"seed": 5, "task": )" + task + R"(, "model": )" + model + R"(, "trainer": {"steps": 2, "batch_size": 8}})";
  Built built{.config = config::read_config_text({{.name = "a.json", .text = text, .directory = {}}}, {}).config,
              .task = {},
              .model = {}};
  built.task = make_task(built.config);
  built.model = build_model(built.config, *built.task);
  return built;
}

/// The two-layer induction program of tests/reference/programs: layer 0 reads the previous token, layer 1 what followed
/// earlier copies of its own; its logits are 20 for what it read, 0 for the rest. 12 positions, the start symbol 0 first.
inline std::unique_ptr<Model> induction_program() {
  const config::Config config =
      config::read_config({HEADLIGHT_SOURCE_DIR "/tests/reference/programs/induction.json"}, {}).config;
  const std::unique_ptr<Task> task = make_task(config);
  return build_model(config, *task);
}

/// Sequences for it: the start symbol, five of the symbols 1 ... 7 in an order of their own, the same once more, and the
/// first of them; asked from the second copy on for what comes next.
class RepeatedTokens : public Task {
 public:
  TaskShape shape() const override { return {.vocabulary = 8, .classes = 8, .length = 12, .target_length = 12}; }
  std::optional<std::uint64_t> examples(Split /*split*/) const override { return 21; }
  void example(const ExampleRequest& request, Example& example) const override {
    example.clear();
    example.size = 12;
    std::vector<std::int32_t> copy;
    for (std::int32_t i = 0; i < 5; ++i) {
      copy.push_back(
          1 +
          (static_cast<std::int32_t>(request.index % 7) + i * (1 + static_cast<std::int32_t>(request.index / 7))) % 7);
    }
    example.input.push_back(0);
    for (std::size_t i = 0; i < 11; ++i) example.input.push_back(copy[i % 5]);
    for (std::size_t i = 0; i < 12; ++i) example.target.push_back(i < 6 ? kIgnoredTarget : copy[i % 5]);
  }
  std::string token_text(std::int32_t id) const override { return std::to_string(id); }
};

}  // namespace headlight::testing
