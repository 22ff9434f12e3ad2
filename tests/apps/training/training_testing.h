#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apps/config/read.h"
#include "apps/tasks/registry.h"
#include "apps/training/build.h"
#include "apps/training/checkpoint.h"
#include "apps/training/trainer.h"
#include "tests/core/io/io_testing.h"

namespace headlight::testing {

/// A run of a second: reversing four of three symbols, with every part of a model in it.
inline config::Config tiny_config(const std::vector<std::string>& overrides = {}) {
  const std::string text = R"({
    "name": "tiny", "seed": 3,
    "task": {"type": "reverse", "symbols": 3, "length": 4, "train_examples": 40, "eval": {"examples": 20, "seed": 1}},
    "model": {"d_model": 8, "heads": 2, "layers": 1, "d_ff": 16, "dropout": 0.1},
    "optimizer": {"type": "adamw", "lr": 0.01, "grad_clip": 1.0},
    "trainer": {"steps": 12, "batch_size": 8, "log_every": 4, "eval_every": 5, "eval_examples": 10,
                "checkpoint": {"every": 5, "keep": 2}}
  })";
  return config::read_config_text({{.name = "tiny.json", .text = text, .directory = {}}}, overrides).config;
}

}  // namespace headlight::testing

namespace headlight::testing::inline HEADLIGHT_PRECISION {

/// A tiny config with these keys under `model`, and further overrides.
inline config::Config with_model(const std::string& model, const std::vector<std::string>& overrides = {}) {
  const std::string text = R"({
    "task": {"type": "reverse", "symbols": 3, "length": 4, "train_examples": 40, "eval": {"examples": 20, "seed": 1}},
    "trainer": {"steps": 6, "batch_size": 8, "eval_every": 6, "eval_examples": 10}, "optimizer": {"lr": 0.01},
    "model": {"d_model": 8, )" +
                           model + "}}";
  return config::read_config_text({{.name = "a.json", .text = text, .directory = {}}}, overrides).config;
}

/// What a config builds.
struct Parts {
  explicit Parts(config::Config given)
      : config(std::move(given)),
        task(make_task(config)),
        model(build_model(config, *task)),
        optimizer(build_optimizer(config.optimizer, *model)) {}

  TrainingSetup setup() { return {.config = config, .task = *task, .model = *model, .optimizer = *optimizer}; }

  config::Config config;
  std::unique_ptr<Task> task;
  std::unique_ptr<Model> model;
  std::unique_ptr<Optimizer> optimizer;
};

/// Notes what it is told; may ask to stop, or spoil a weight, behind a step.
class Notes : public TrainingObserver {
 public:
  void updated(std::uint64_t step) override {
    last_step = step;
    if (spoil_at == step && spoil) spoil();
  }
  void row(const MetricsRow& row) override { rows.push_back(row); }
  void skipped(const std::string& reason) override { reasons.push_back(reason); }
  void save(const TrainingState& state) override { saves.push_back(state.step); }
  bool stop_requested() override { return stop_at == last_step; }

  std::uint64_t stop_at = 0;
  std::uint64_t spoil_at = 0;
  std::function<void()> spoil{};
  std::uint64_t last_step = 0;
  std::vector<MetricsRow> rows{};
  std::vector<std::string> reasons{};
  std::vector<std::uint64_t> saves{};
};

/// Saves as `headlight train` does.
class Saving : public Notes {
 public:
  Saving(Parts& parts, std::filesystem::path run) : parts_(parts), run_(std::move(run)) {}
  void save(const TrainingState& state) override {
    save_checkpoint(run_, state, parts_.config, *parts_.model, *parts_.optimizer);
  }

 private:
  Parts& parts_;
  std::filesystem::path run_;
};

inline void train_into(Parts& parts, const std::filesystem::path& run) {
  Saving saving(parts, run);
  train(parts.setup(), {}, saving);
}

/// The bytes of all parameters.
inline std::string weight_bytes(const Module& module) {
  std::string bytes;
  for (const NamedParameter& parameter : module.parameters()) {
    const auto values = std::as_bytes(flat(parameter.tensor.value()));
    for (const std::byte byte : values) bytes += static_cast<char>(byte);
  }
  return bytes;
}

}  // namespace headlight::testing::inline HEADLIGHT_PRECISION
