#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "apps/config/json_schema.h"
#include "tests/apps/config/reading.h"

using namespace headlight;
using namespace headlight::config;

namespace {

/// What an independent validator, valijson, says against the text under our schema; empty when it accepts it.
std::string schema_problems(const std::string& text) {
  static const nlohmann::json document = nlohmann::json::parse(config_schema().dump());
  static const valijson::Schema* schema = [] {
    auto* parsed = new valijson::Schema;  // lives as long as the program
    valijson::SchemaParser(valijson::SchemaParser::kDraft7)
        .populateSchema(valijson::adapters::NlohmannJsonAdapter(document), *parsed);
    return parsed;
  }();
  const nlohmann::json config = nlohmann::json::parse(text, nullptr, true, true);
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  valijson::ValidationResults results;
  if (validator.validate(*schema, valijson::adapters::NlohmannJsonAdapter(config), &results)) return "";
  std::string problems = "refused";
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    problems += "\n";
    for (const std::string& part : error.context) problems += part;
    problems += ": " + error.description;
  }
  return problems;
}

/// A config whose data are yours to name, with a name for them.
std::string with_path(const std::string& text) {
  nlohmann::ordered_json config = nlohmann::ordered_json::parse(text, nullptr, true, true);
  const std::string type = config["task"]["type"];
  if (type == "text" || type == "lines") config["task"]["path"] = "/f";
  return config.dump();
}

const std::vector<std::string> kGood = {
    kSmallest,
    with(R"("$schema": "headlight.schema.json", "format": 1, "name": "x", "seed": 9007199254740991)"),
    with(R"("model": {"dropout": 0.1, "bias": {"embedding": true}, "init": {"scheme": "normal", "std": 0.02}})"),
    with(R"("model": {"dropout": {"ff": 0}, "bias": false, "load": {"file": "/w", "rename": {"a": "b"}}})"),
    with(R"("optimizer": {"type": "sgd", "momentum": 0.9, "l2": 0.1, "groups": [{"match": "*"}]})"),
    with(R"("optimizer": {"betas": [0.9, 0.98], "eps": 1e-9, "weight_decay": 0, "grad_clip": 1})"),
    with(R"("optimizer": {"type": "muon", "adjustment": "match_rms_adamw", "adamw_lr": 1e-3, "betas": [0.9, 0.95]})"),
    with(
        R"("optimizer": {"type": "rmsprop", "alpha": 0.9, "centered": true, "l2": 0.1, "ema": 0.99, "accumulate": 4})"),
    with(R"("optimizer": {"groups": [{"match": "layers.*", "type": "muon", "lr": 0.02}]})"),
    with(R"("schedule": {"type": "cosine", "final_lr_ratio": 0.1, "warmup": "from_first", "steps": 7})"),
    with(R"("schedule": {"type": "noam", "warmup_steps": 9, "factor": 0.5})"),
    with(R"("schedule": {"type": "step", "gamma": 0.5, "every": 30})"),
    with(R"("schedule": {"type": "wsd", "decay_steps": 30, "warmup_steps": 10, "final_lr_ratio": 0.1})"),
    with(R"("schedule": {"type": "cosine_per_epoch", "epoch_steps": 10})"),
    R"({"task": {"type": "formal", "problem": "stack"}, "trainer": {"steps": 1, "length_per_batch": true}})",
    R"({"task": {"type": "linreg"}, "trainer": {"steps": 1, "curriculum": {"dimensions": {"start": 5, "every": 7}}}})",
    R"({"task": {"type": "mqar", "power": 1}, "trainer": {"steps": 1, "sampling": "replacement"}})",
    R"({"task": {"type": "reverse", "symbols": 3}, "trainer": {"epochs": 1, "batch_size": "full", "drop_last": true}})",
    R"({"task": {"type": "text", "path": "/f", "level": "byte", "split": 0.5}, "trainer": {"steps": 1},
        "model": {"arch": "decoder", "max_len": 8}})",
    R"({"task": {"type": "jsonl", "train_file": "/f", "eval_file": "/g", "input": {"kind": "tokens", "vocab": 7},
        "target": {"kind": "class", "vocab": 3}, "predict": "pooled"}, "trainer": {"epochs": 1}})",
    R"({"task": {"type": "modular", "op": "x2+xy+y2", "p": 7}, "trainer": {"epochs": 1, "batch_size": "full"}})",
    R"({"task": {"type": "addition", "order": "reversed", "signs": false}, "trainer": {"steps": 1}})",
    R"({"task": {"type": "copy", "length": {"min": 2, "max": 3}, "first": 1}, "trainer": {"steps": 1}})",
};

const std::vector<std::string> kBad = {
    "{}",
    R"({"task": {}, "trainer": {"steps": 1}})",
    R"({"task": {"type": "reverse"}, "trainer": {}})",
    R"({"task": {"type": "reverse"}, "trainer": {"steps": 1, "epochs": 1}})",
    R"({"task": {"type": "reverse"}, "trainer": {"steps": 0}})",
    R"({"task": {"type": "reverse"}, "trainer": {"steps": 1.5}})",
    R"({"task": {"type": "reverse"}, "trainer": {"steps": 1, "batch_size": "half"}})",
    R"({"task": {"type": "reverse"}, "trainer": {"steps": 1, "sampling": "fresh", "drop_last": true}})",
    R"({"task": {"type": "text"}, "trainer": {"steps": 1}, "model": {"arch": "decoder", "max_len": 8}})",
    R"({"task": {"type": "reverse", "path": "/f"}, "trainer": {"steps": 1}})",
    R"({"task": {"type": "jsonl", "train_file": "/f", "predict": "last"}, "trainer": {"steps": 1}})",
    R"({"task": {"type": "jsonl", "train_file": "/f", "predict": "last", "input": {"kind": "chars", "vocab": 7},
        "target": {"kind": "class"}}, "trainer": {"steps": 1}})",
    R"({"task": {"type": "jsonl", "train_file": "/f", "predict": "last", "input": {"kind": "chars"}, "split": 0.5,
        "eval_file": "/g", "target": {"kind": "class"}}, "trainer": {"steps": 1}})",
    R"({"task": {"type": "copy", "digits": 3}, "trainer": {"steps": 1}})",
    R"({"task": {"type": "modular", "length": 3}, "trainer": {"steps": 1}})",
    R"({"task": {"type": "modular", "train_examples": 3}, "trainer": {"steps": 1}})",
    R"({"task": {"type": "modular", "fraction": 1}, "trainer": {"steps": 1}})",
    R"({"task": {"type": "mqar", "symbols": 3}, "trainer": {"steps": 1}})",
    R"({"task": {"type": "rasp", "program": "hits"}, "trainer": {"steps": 1}})",
    R"({"task": {"type": "linreg", "length": 3}, "trainer": {"steps": 1}})",
    R"({"task": {"type": "formal"}, "trainer": {"steps": 1, "curriculum": {"length": {"from": 5}}}})",
    with(R"("modle": {})"),
    with(R"("model": 3)"),
    with(R"("model": {"n_head": 3})"),
    with(R"("model": {"d_model": "64"})"),
    with(R"("model": {"d_model": 16385})"),
    with(R"("model": {"norm": "psot"})"),
    with(R"("model": {"dropout": 1})"),
    with(R"("model": {"dropout": {"fff": 0}})"),
    with(R"("model": {"init": {"scheme": "torch", "std": 0.1}})"),
    with(R"("model": {"load": {}})"),
    with(R"("model": {"load": {"file": "x", "rename": {"a": 1}}})"),
    with(R"("optimizer": {"lr": 0})"),
    with(R"("optimizer": {"lr": null})"),
    with(R"("optimizer": {"betas": [0.9]})"),
    with(R"("optimizer": {"betas": [0.9, 1]})"),
    with(R"("optimizer": {"momentum": 0.9})"),
    with(R"("optimizer": {"type": "adam", "weight_decay": 0.9})"),
    with(R"("optimizer": {"groups": [{"lr": 1}]})"),
    with(R"("optimizer": {"groups": [{"match": "a", "type": "sdg"}]})"),
    with(R"("optimizer": {"type": "lion", "eps": 1e-8})"),
    with(R"("optimizer": {"type": "schedule_free", "ema": 0.999})"),
    with(R"("optimizer": {"accumulate": 0})"),
    with(R"("optimizer": {"ema": 1})"),
    with(R"("schedule": {"type": "cosine", "gamma": 0.5})"),
    with(R"("schedule": {"type": "noam", "warmup_steps": 9, "warmup": "from_first"})"),
    with(R"("schedule": {"steps": 3})"),
    with(R"("schedule": {"type": "cosine_times_warmup", "warmup": "from_zero"})"),
    with(R"("format": 2)"),
    with(R"("name": "a/b")"),
    with(R"("name": "..")"),
    with(R"("name": "")"),
    with(R"("seed": 9007199254740992)"),
};

}  // namespace

TEST_CASE("the JSON Schema and our own reading accept the same configs") {
  for (const std::string& text : kGood) {
    INFO(text);
    CHECK(problems(text) == "");
    CHECK(schema_problems(text) == "");
    const Config config = read_text(text);
    // What hangs on the data is known when they have been read.
    if (is_measured(config)) CHECK(schema_problems(to_json(config).dump()) == "");
  }
  for (const auto& entry : std::filesystem::directory_iterator(HEADLIGHT_SOURCE_DIR "/data/configs")) {
    INFO(entry.path());
    std::ifstream file(entry.path());
    std::ostringstream text;
    text << file.rdbuf();
    CHECK(problems(with_path(text.str())) == "");
    CHECK(schema_problems(with_path(text.str())) == "");
  }
}

TEST_CASE("the JSON Schema and our own reading refuse the same configs") {
  for (const std::string& text : kBad) {
    INFO(text);
    CHECK(problems(text) != "");
    CHECK(schema_problems(text) != "");
  }
}
