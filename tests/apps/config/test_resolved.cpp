#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/config/json_schema.h"
#include "apps/config/schema.h"
#include "tests/apps/config/reading.h"

using namespace headlight;
using namespace headlight::config;

namespace {

const std::vector<std::string> kConfigs = {
    kSmallest,
    R"({"task": {"type": "reverse", "train_examples": 1000}, "trainer": {"epochs": 3, "batch_size": "full"}})",
    R"({"task": {"type": "reverse"}, "trainer": {"steps": 9, "sampling": "fresh"}, "schedule": {"type": "cosine"}})",
    with(R"("model": {"dropout": 0.1, "bias": false, "norm": "post", "head_dim": 7, "init": {"scheme": "normal"}})"),
    with(R"("model": {"load": {"file": "/tmp/weights.safetensors", "rename": {"their.name": "our.name"}}})"),
    with(R"("optimizer": {"type": "sgd", "momentum": 0.9, "nesterov": true, "grad_clip": 0.1, "lr": 0.30000000000000004,
            "groups": [{"match": "*.bias", "lr": 1e-3}, {"match": "head.*", "weight_decay": 0}]})"),
    with(R"("schedule": {"type": "linear", "warmup_steps": 9, "warmup": "from_first", "final_lr_ratio": 0.1})"),
    with(R"("name": "gr\u00f6\u00dfe", "seed": 9007199254740991)"),
};

}  // namespace

TEST_CASE("the resolved config reads back as itself") {
  for (const std::string& text : kConfigs) {
    INFO(text);
    const Config config = read_text(text);
    const std::string resolved = to_json(config).dump(2);
    CHECK(to_json(read_text(resolved)).dump(2) == resolved);
  }
}

TEST_CASE("the resolved config writes every key that has an effect, in the order of the table") {
  const Config config = read_text(with(R"("optimizer": {"grad_clip": 1})"), {"threads=2"});
  const auto resolved = to_json(config);
  std::vector<std::string> sections;
  for (const auto& [name, value] : resolved.items()) sections.push_back(name);
  CHECK(sections == std::vector<std::string>{"format", "name", "seed", "task", "model", "optimizer", "schedule",
                                             "trainer", "logging", "output"});
  for (const schema::Key& key : schema::table()) {
    if (!key.field.get) continue;
    std::string pointer = "/" + key.path;
    for (char& c : pointer) c = c == '.' ? '/' : c;
    const bool written = resolved.contains(nlohmann::ordered_json::json_pointer(pointer));
    const bool off = key.path == "model.load.file" || key.path == "model.load.rename" || key.path == "trainer.epochs";
    INFO(key.path);
    CHECK(written == (schema::is_active(key, config) && !off));
  }
}

TEST_CASE("defaults are those of the table, and derived ones follow the other keys") {
  const Config config = read_text(kSmallest);
  CHECK(config.name == "reverse");
  CHECK(config.model.head_dim == 16);  // 64 / 4
  CHECK(config.model.d_ff == 256);     // 4 * 64
  CHECK(config.model.final_norm);      // pre-norm
  CHECK(config.model.max_len == 16);   // the task's length
  CHECK(config.task.symbols == 10);
  CHECK(config.task.train_examples == 50000);
  CHECK(config.task.eval.examples == 10000);
  CHECK(config.trainer.sampling == Sampling::kEpochs);
  CHECK(config.trainer.eval_examples == 1000);
  CHECK(total_steps(config) == 100);

  const Config fresh = read_text(R"({"task": {"type": "reverse", "length": 20, "eval": {"examples": 50}},
                                     "trainer": {"steps": 7, "sampling": "fresh"}, "schedule": {"type": "cosine"},
                                     "model": {"norm": "post"}})");
  CHECK_FALSE(fresh.task.train_examples.has_value());
  CHECK(fresh.trainer.eval_examples == 50);
  CHECK(fresh.model.max_len == 20);
  CHECK_FALSE(fresh.model.final_norm);
  CHECK(fresh.schedule.steps == 7);
  CHECK(steps_per_epoch(fresh) == 0);
}

TEST_CASE("epochs become updates by floor with drop_last and by ceil without") {
  const std::string text =
      R"({"task": {"type": "reverse", "train_examples": 1000}, "trainer": {"epochs": 3, "batch_size": 300}})";
  CHECK(total_steps(read_text(text)) == 12);                             // ceil(1000 / 300) = 4
  CHECK(total_steps(read_text(text, {"trainer.drop_last=true"})) == 9);  // floor = 3
  CHECK(total_steps(read_text(text, {"batch_size=full"})) == 3);
  CHECK(batch_examples(read_text(text, {"batch_size=full"})) == 1000);
}

TEST_CASE("the shipped reverse config is the published setting") {
  const Config config = read_config({HEADLIGHT_SOURCE_DIR "/data/configs/reverse.json"}).config;
  // Source: the `reverse` card, after phlippe/uvadlc_notebooks, tutorial 6.
  CHECK(total_steps(config) == 3900);
  CHECK(config.seed == 42);
  CHECK(config.task.train_examples == 50000);
  CHECK(config.task.eval.examples == 10000);
  CHECK(config.task.symbols == 10);
  CHECK(config.task.length == 16);
  CHECK(config.model.layers == 1);
  CHECK(config.model.heads == 1);
  CHECK(config.model.d_model == 32);
  CHECK(config.model.d_ff == 64);
  CHECK(config.model.norm == Norm::kPost);
  CHECK_FALSE(config.model.final_norm);
  CHECK(config.model.activation == Activation::kRelu);
  CHECK(config.model.positions == Positions::kSinusoidal);
  CHECK(config.model.head == Head::kMlp);
  CHECK(config.model.bias.embedding);
  CHECK(config.model.init.scheme == InitScheme::kXavierUniform);
  CHECK(config.model.dropout.attention == 0.0);
  CHECK(config.optimizer.type == OptimizerType::kAdam);
  CHECK(config.optimizer.lr == 5e-4);
  CHECK(config.optimizer.l2 == 0.0);
  CHECK(config.optimizer.grad_clip == 5.0);
  CHECK(config.schedule.type == ScheduleType::kCosineTimesWarmup);
  CHECK(config.schedule.warmup_steps == 50);
  CHECK(config.schedule.steps == 3900);
  CHECK(config.trainer.batch_size.count == 128);
  CHECK(config.trainer.drop_last);
}

TEST_CASE("every key of the table is documented, and every condition and default makes sense") {
  const std::string reference = config_reference();
  for (const schema::Key& key : schema::table()) {
    INFO(key.path);
    CHECK_FALSE(key.doc.empty());
    CHECK(reference.find(key.path) != std::string::npos);
    CHECK(schema::find_branch(key.path) != nullptr);
    if (key.only.key.empty()) continue;
    const std::string section = key.path.substr(0, key.path.rfind('.') + 1);
    const schema::Branch* decides = schema::find_branch(section + key.only.key);
    REQUIRE(decides != nullptr);
    for (const std::string& value : key.only.values) {
      const auto& choices = decides->key->type.choices;
      CHECK(std::any_of(choices.begin(), choices.end(), [&](const auto& choice) { return choice.first == value; }));
    }
  }
}
