#include "apps/config/difference.h"

#include <nlohmann/json.hpp>

#include "apps/config/read.h"
#include "core/error.h"

namespace headlight::config {
namespace {

using Json = nlohmann::ordered_json;

void collect(const std::string& path, const Json& first, const Json& second, std::vector<Difference>& found);

void collect_key(const std::string& path, const Json* first, const Json* second, std::vector<Difference>& found) {
  static const Json kNothing = Json::object();
  const bool branch = (first == nullptr || first->is_object()) && (second == nullptr || second->is_object());
  if (branch) {
    collect(path, first == nullptr ? kNothing : *first, second == nullptr ? kNothing : *second, found);
    return;
  }
  if (first != nullptr && second != nullptr && *first == *second) return;
  found.push_back({.path = path,
                   .first = first == nullptr ? std::string{} : first->dump(),
                   .second = second == nullptr ? std::string{} : second->dump()});
}

void collect(const std::string& path, const Json& first, const Json& second, std::vector<Difference>& found) {
  const std::string prefix = path.empty() ? path : path + ".";
  for (const auto& [key, value] : first.items()) {
    const auto other = second.find(key);
    collect_key(prefix + key, &value, other == second.end() ? nullptr : &*other, found);
  }
  for (const auto& [key, value] : second.items()) {
    if (!first.contains(key)) collect_key(prefix + key, nullptr, &value, found);
  }
}

}  // namespace

std::vector<Difference> differences(const Json& first, const Json& second) {
  std::vector<Difference> found;
  collect({}, first, second, found);
  return found;
}

Config defaults_beside(const Config& config) {
  const Json given = to_json(config);
  // Which files there are, and how they are read, has no default.
  Json bare{{"task", reads_files(config) ? given["task"] : Json{{"type", given["task"]["type"]}}}};
  for (const char* key : {"steps", "epochs"}) {
    if (given["trainer"].contains(key)) bare["trainer"][key] = given["trainer"][key];
  }
  const Json model = given.value("model", Json::object());
  Json kind = Json::object();
  for (const char* key : {"arch", "max_len"}) {
    if (model.contains(key)) kind[key] = model[key];
  }
  for (const Json& like : {Json::object(), kind, model}) {
    if (!like.empty()) bare["model"] = like;
    try {
      return read_config_text({{.name = "defaults", .text = bare.dump(), .directory = {}}}).config;
    } catch (const ConfigError&) {
      // The next one says more of the model.
    }
  }
  return config;
}

}  // namespace headlight::config
