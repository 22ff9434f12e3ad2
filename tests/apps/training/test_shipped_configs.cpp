// The configs in data/configs: each describes a run that can begin, and the models of published size have that size.
#include <filesystem>
#include <map>
#include <string>

#include <catch2/catch.hpp>

#include "apps/config/difference.h"
#include "apps/training/longest_run.h"
#include "layers/summary.h"
#include "tests/apps/training/training_testing.h"

using namespace headlight;

namespace {

const std::filesystem::path kConfigs = HEADLIGHT_SOURCE_DIR "/data/configs";

std::size_t parameters_of(const std::string& name) {
  const config::Config config = config::read_config({kConfigs / (name + ".json")}).config;
  return parameter_count(*build_model(config, *make_task(config)));
}

}  // namespace

TEST_CASE("each shipped config describes a run that can begin") {
  std::size_t configs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kConfigs)) {
    INFO(entry.path().string());
    const std::string name = entry.path().stem().string();
    ++configs;
    if (name == "text" || name == "lines") continue;  // their file is the user's to name
    config::LoadedConfig loaded = config::read_config({entry.path()});
    const std::unique_ptr<Task> task = make_task(loaded);
    const config::Config& config = loaded.config;
    CHECK(config.name == name);
    // A goal is reached on the examples of the figure that is published, not on the first of them.
    if (config.trainer.stop_when.metric) CHECK(config.trainer.eval_examples == task->examples(Split::eval));
    build_schedule(config);
    build_batches(config, *task);
    // A model of millions of weights takes its time; its size is tested below.
    if (config.model.d_model < 512) {
      const std::unique_ptr<Model> model = build_model(config, *task);
      build_optimizer(config.optimizer, *model);
      try_longest(*model, config, *task);
    }
  }
  CHECK(configs == 38);
}

TEST_CASE("what a shipped config changes can be told beside defaults that fit its task") {
  for (const auto& entry : std::filesystem::directory_iterator(kConfigs)) {
    INFO(entry.path().string());
    const std::string name = entry.path().stem().string();
    std::vector<std::string> overrides;
    if (name == "text" || name == "lines") overrides.push_back("task.path=" HEADLIGHT_SOURCE_DIR "/README.md");
    if (name == "lines") overrides.push_back("task.eval_examples=9");
    config::LoadedConfig loaded = config::read_config({entry.path()}, overrides);
    make_task(loaded);  // which completes the config with what files hold
    const config::Config& config = loaded.config;
    const config::Config defaults = config::defaults_beside(config);
    CHECK(defaults.task.type == config.task.type);
    // All of them name their optimiser's rate or their batch; none is a config of defaults alone.
    CHECK_FALSE(config::differences(config::to_json(defaults), config::to_json(config)).empty());
  }
}

TEST_CASE("the models of the shipped configs have the published numbers of parameters") {
  const std::map<std::string, std::size_t> published = {
      {"copy", 14'731'787},     // The Annotated Transformer with V = 11
      {"modular", 226'816},     // Nanda et al. 2023
      {"modular-30", 226'816},  // the same
      {"induction", 34'800},    // the same authors' attention-only model of two layers
      {"induction-1layer", 34'800 - 4 * 48 * 48},
      {"addition-reversed", 200'832 + 12 * 64},  // TinyGPT counts no positions
      // karpathy/minGPT prints 0.40M; two blocks of 198,272, embeddings 1,280 + 768, norm 256, head 1,280.
      {"addition", 400'128},
      // gpt-nano: three blocks of 28,272, embeddings 144 + 528, norm 96, head 144.
      {"sort", 85'728},
  };
  for (const auto& [name, count] : published) {
    INFO(name);
    CHECK(parameters_of(name) == count);
  }
}
