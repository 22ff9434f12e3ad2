#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/config/json_schema.h"
#include "apps/config/optimizer_settings.h"
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
    with(R"("optimizer": {"type": "adam", "form": "keras"})"),
    with(R"("optimizer": {"type": "rmsprop", "centered": true, "accumulate": 3, "ema": 0.999})"),
    with(R"("optimizer": {"type": "lion"})"),
    with(R"("optimizer": {"type": "muon", "groups": [{"match": "*bias", "type": "schedule_free", "lr": 1}]})"),
    with(R"("optimizer": {"type": "adafactor"})"),
    with(R"("optimizer": {"type": "schedule_free"})"),
    with(R"("schedule": {"type": "noam", "warmup_steps": 10})"),
    with(R"("schedule": {"type": "inverse_sqrt", "warmup_steps": 10})"),
    with(R"("schedule": {"type": "step"})"),
    with(R"("schedule": {"type": "wsd", "warmup_steps": 10})"),
    with(R"("schedule": {"type": "cosine_per_epoch", "final_lr_ratio": 0.1})"),
    with(R"("schedule": {"type": "linear", "warmup_steps": 9, "warmup": "from_first", "final_lr_ratio": 0.1})"),
    with(R"("name": "gr\u00f6\u00dfe", "seed": 9007199254740991)"),
    R"({"task": {"type": "copy"}, "trainer": {"steps": 9}, "model": {"arch": "encoder-decoder"}})",
    R"({"task": {"type": "copy", "first": 3, "length": {"min": 2, "max": 5}}, "trainer": {"steps": 9}})",
    R"({"task": {"type": "sort", "eval": {"lengths": [6, 9]}}, "trainer": {"steps": 9}})",
    R"({"task": {"type": "addition"}, "trainer": {"epochs": 2}})",
    R"({"task": {"type": "addition", "digits": 9, "order": "reversed"}, "trainer": {"steps": 9, "sampling": "fresh"}})",
    R"({"task": {"type": "modular", "op": "/", "p": 97, "fraction": 0.5}, "trainer": {"steps": 9, "batch_size": "full"}})",
    R"({"task": {"type": "induction", "train_examples": 512}, "trainer": {"steps": 9}})",
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
  const Config config = read_text(with(R"("optimizer": {"grad_clip": 1, "ema": 0.9})"), {"threads=2"});
  const auto resolved = to_json(config);
  std::vector<std::string> sections;
  for (const auto& [name, value] : resolved.items()) sections.push_back(name);
  CHECK(sections == std::vector<std::string>{"format", "name", "seed", "task", "model", "loss", "optimizer", "schedule",
                                             "trainer", "probes", "snapshots", "heads", "logging", "output"});
  for (const schema::Key& key : schema::table()) {
    if (!key.field.get) continue;
    std::string pointer = "/" + key.path;
    for (char& c : pointer) c = c == '.' ? '/' : c;
    const bool written = resolved.contains(nlohmann::ordered_json::json_pointer(pointer));
    const bool off = key.fallback.kind == schema::Default::Kind::kAbsent || key.path == "model.load.file";
    INFO(key.path);
    const bool given = key.path == "optimizer.grad_clip" || key.path == "optimizer.ema" ||
                       key.path == "trainer.threads" || key.path == "trainer.steps";
    CHECK(written == (schema::is_active(key, config) && (given || !off)));
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

TEST_CASE("an update of several micro-batches makes an epoch shorter, and the last update may reach into the next") {
  const std::string text =
      R"({"task": {"type": "reverse", "train_examples": 1000}, "trainer": {"epochs": 3, "batch_size": 100}})";
  CHECK(total_steps(read_text(text, {"optimizer.accumulate=5"})) == 6);
  CHECK(batches_per_epoch(read_text(text, {"optimizer.accumulate=5"})) == 10);
  CHECK(steps_per_epoch(read_text(text, {"optimizer.accumulate=5"})) == 2);
  CHECK(total_steps(read_text(text, {"optimizer.accumulate=4"})) == 8);  // ceil(30 / 4)
  CHECK(steps_per_epoch(read_text(text, {"optimizer.accumulate=4"})) == 3);
  CHECK(total_steps(read_text(text, {"optimizer.accumulate=50"})) == 1);
}

TEST_CASE("an optimizer's defaults are those of its type") {
  const auto of = [](const std::string& keys) { return read_text(with(R"("optimizer": {)" + keys + "}")).optimizer; };
  // The defaults of PyTorch's optimizers, of lion-pytorch and of schedulefree.AdamWScheduleFree.
  const OptimizerConfig adamw = of(R"("type": "adamw")");
  CHECK(adamw.lr == 1e-3);
  CHECK(adamw.betas == std::array<double, 2>{0.9, 0.999});
  CHECK(adamw.eps == 1e-8);
  CHECK(adamw.weight_decay == 0.01);
  CHECK(adamw.accumulate == 1);
  CHECK_FALSE(adamw.ema.has_value());
  CHECK(of(R"("type": "adam", "form": "keras")").eps == 1e-7);
  CHECK(of(R"("type": "adam", "form": "mlx")").eps == 1e-8);
  const OptimizerConfig rmsprop = of(R"("type": "rmsprop")");
  CHECK(rmsprop.lr == 0.01);
  CHECK(rmsprop.alpha == 0.99);
  CHECK(rmsprop.momentum == 0);
  CHECK(rmsprop.eps == 1e-8);
  const OptimizerConfig lion = of(R"("type": "lion")");
  CHECK(lion.lr == 1e-4);
  CHECK(lion.betas == std::array<double, 2>{0.9, 0.99});
  CHECK(lion.weight_decay == 0);
  CHECK(lion.eps == 0);  // not read
  const OptimizerConfig muon = of(R"("type": "muon", "lr": 0.02)");
  CHECK(muon.lr == 0.02);
  CHECK(muon.adamw_lr == 0.02);
  CHECK(muon.momentum == 0.95);
  CHECK(muon.nesterov);
  CHECK(muon.weight_decay == 0.1);
  CHECK(muon.adjustment == MuonAdjustment::kOriginal);
  CHECK(of(R"("type": "adafactor")").lr == 0.01);
  const OptimizerConfig schedule_free = of(R"("type": "schedule_free")");
  CHECK(schedule_free.lr == 0.0025);
  CHECK(schedule_free.weight_decay == 0);
}

TEST_CASE("one item of a default list that follows the type can be overridden") {
  CHECK(read_text(with(R"("optimizer": {"type": "lion"})"), {"optimizer.betas.0=0.95"}).optimizer.betas ==
        std::array<double, 2>{0.95, 0.99});
  CHECK(read_text(with(R"("optimizer": {"type": "adam"})"), {"optimizer.betas.0=0.95"}).optimizer.betas ==
        std::array<double, 2>{0.95, 0.999});
}

TEST_CASE("a schedule's own figures follow the run when they are not given") {
  const auto of = [](const std::string& keys) {
    return read_text(
               R"({"task": {"type": "reverse", "train_examples": 640}, "trainer": {"epochs": 10, "batch_size": 64},
                         "schedule": {)" +
               keys + "}}")
        .schedule;
  };
  CHECK(of(R"("type": "step")").every == 33);  // a third of 100
  CHECK(of(R"("type": "step")").gamma == 0.1);
  CHECK(of(R"("type": "wsd")").decay_steps == 20);
  CHECK(of(R"("type": "wsd", "steps": 50)").decay_steps == 10);
  CHECK(of(R"("type": "cosine_per_epoch")").epoch_steps == 10);
  CHECK(of(R"("type": "noam", "warmup_steps": 5)").steps == 0);
}

TEST_CASE("a group of another type has that type's defaults, with the optimizer's rate and decay of the same kind") {
  const OptimizerConfig adamw =
      read_text(with(R"("optimizer": {"lr": 0.5, "betas": [0.5, 0.6], "weight_decay": 0.3})")).optimizer;
  const auto group = [](OptimizerType type) {
    return ParameterGroup{.match = "*", .lr = {}, .weight_decay = {}, .type = type};
  };
  const OptimizerConfig lion = settings_of(adamw, group(OptimizerType::kLion));
  CHECK(lion.lr == 0.5);
  CHECK(lion.betas == std::array<double, 2>{0.9, 0.99});
  CHECK(lion.weight_decay == 0.3);
  const OptimizerConfig sgd = settings_of(adamw, group(OptimizerType::kSgd));
  CHECK(sgd.weight_decay == 0);  // SGD's decay is of the other kind
  CHECK(sgd.l2 == 0);
  const OptimizerConfig adam = settings_of(adamw, group(OptimizerType::kAdam));
  CHECK(adam.betas == adamw.betas);
  CHECK(adam.weight_decay == 0);
  ParameterGroup own = group(OptimizerType::kSgd);
  own.lr = 0.25;
  own.weight_decay = 0.125;
  CHECK(settings_of(adamw, own).lr == 0.25);
  CHECK(settings_of(adamw, own).l2 == 0.125);
  // Beside Muon, adamw is Muon's own.
  const OptimizerConfig muon =
      read_text(
          with(R"("optimizer": {"type": "muon", "lr": 0.02, "adamw_lr": 0.003, "betas": [0.5, 0.6], "eps": 1e-5})"))
          .optimizer;
  const OptimizerConfig inner = settings_of(muon, group(OptimizerType::kAdamW));
  CHECK(inner.lr == 0.003);
  CHECK(inner.betas == muon.betas);
  CHECK(inner.eps == 1e-5);
  CHECK(inner.weight_decay == 0.1);
}

TEST_CASE("the shipped reverse config is the published setting") {
  const Config config = read_config({HEADLIGHT_SOURCE_DIR "/data/configs/reverse.json"}).config;
  // Source: the `reverse` card, after phlippe/uvadlc_notebooks, tutorial 6.
  CHECK(total_steps(config) == 3900);
  CHECK(config.seed == 42);
  CHECK(config.task.train_examples == 50000);
  CHECK(config.task.eval.examples == 10000);
  CHECK(config.task.symbols == 10);
  CHECK(config.task.length.min == 16);
  CHECK(config.task.length.max == 16);
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
