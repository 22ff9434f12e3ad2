#include "tests/apps/config/key_texts.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "tests/apps/config/key_samples.h"

namespace headlight::testing {

using Json = nlohmann::ordered_json;
namespace schema = config::schema;

namespace {

/// Gives a config whose examples come from files what else its type must have.
void complete_data(const schema::Key& key, Json& config) {
  const bool field = key.path.starts_with("task.input.") || key.path.starts_with("task.target.");
  if (field) config["task"]["type"] = "jsonl";
  if (!config.contains("task") || !config["task"].contains("type")) return;
  const std::string type = config["task"]["type"];
  const auto give = [&](const std::string& path, const Json& value) {
    if (key.path != path && !config.contains(pointer(path))) config[pointer(path)] = value;
  };
  if (type == "text" || type == "lines") {
    give("task.path", "/w.st");
    config["model"] = {{"arch", "decoder"}, {"max_len", 8}};
  }
  if (type != "jsonl") return;
  const bool tokens = key.path == "task.ignore" || key.path == "task.target.vocab";
  give("task.train_file", "/w.st");
  give("task.input.kind", "chars");
  give("task.target.kind", tokens ? "tokens" : "class");
  give("task.predict", tokens ? "every" : "last");
}

}  // namespace

nlohmann::json_pointer<std::string> pointer(std::string path) {
  std::replace(path.begin(), path.end(), '.', '/');
  return Json::json_pointer("/" + path);
}

Json sample(const schema::Key& key) {
  const auto found = key_samples().find(key.path);
  if (found != key_samples().end()) return found->second;
  if (key.fallback.kind == schema::Default::Kind::kValue) return Json::parse(key.fallback.json);
  return Json::object();
}

Json around(const schema::Key& key) {
  Json config = Json::object();
  if (key.path != "task" && key.path != "task.type") config["task"]["type"] = "reverse";
  if (key.path.rfind("trainer.epochs", 0) != 0 && key.path != "trainer" && key.path != "trainer.steps") {
    config["trainer"]["steps"] = 100;
  }
  if (key.path == "model.load.rename") config["model"]["load"]["file"] = "/w.st";
  if (key.path == "model.encoder_blocks") config["model"]["blocks"] = Json::array();
  if (key.path == "model.attention.rope_pairing") config["model"]["positions"] = "rope";
  if (key.path == "model.attention.max_distance") config["model"]["positions"] = "relative";
  if (key.path.starts_with("loss.attention.")) config["loss"]["attention"]["weight"] = 1;
  if (key.path.starts_with("trainer.stop_when.")) {
    config["trainer"]["eval_every"] = 10;  // often enough for the sample of `times`
    config["trainer"]["stop_when"]["metric"] = "eval/loss";
    if (!key.path.ends_with("at_least")) config["trainer"]["stop_when"]["at_most"] = 0.5;
  }
  if (key.path == "optimizer.nesterov") config["optimizer"]["momentum"] = 0.5;
  if (key.path.starts_with("trainer.curriculum.dimensions")) config["task"]["type"] = "linreg";
  if (key.path == "trainer.length_per_batch" || key.path.starts_with("trainer.curriculum.length")) {
    config["task"]["length"] = {{"min", 2}, {"max", 65536}};
  }
  if (key.path.starts_with("trainer.curriculum.")) {
    const std::string size = key.path.substr(0, key.path.find('.', std::string("trainer.curriculum.").size()));
    if (size != key.path) config[pointer(size + ".start")] = 2;
  }
  if (!key.only.key.empty()) {
    const std::string section = key.path.substr(0, key.path.rfind('.') + 1);
    config[pointer(section + key.only.key)] = key.only.values.front();
  }
  complete_data(key, config);
  return config;
}

std::string text_with(const schema::Key& key, const std::string& written, std::size_t& column) {
  Json config = around(key);
  config[pointer(key.path)] = "@VALUE@";
  std::string text = config.dump();
  const std::size_t at = text.find("\"@VALUE@\"");
  column = at + 1;
  return text.replace(at, 9, written);
}

bool is_section(const schema::Key& key) { return key.type.kind == schema::Type::Kind::kObject; }

std::vector<const schema::Key*> keys() {
  std::vector<const schema::Key*> list;
  for (const schema::Key& key : schema::table()) {
    if (key.path.find("[]") == std::string::npos) list.push_back(&key);
  }
  return list;
}

}  // namespace headlight::testing
