#include "apps/config/field.h"

#include <nlohmann/json.hpp>

namespace headlight::config::schema {

void read_value(const Json& json, const Type& /*type*/, bool& value) { json.get_to(value); }
void read_value(const Json& json, const Type& /*type*/, std::uint64_t& value) { json.get_to(value); }
void read_value(const Json& json, const Type& /*type*/, std::int64_t& value) { json.get_to(value); }
void read_value(const Json& json, const Type& /*type*/, double& value) { json.get_to(value); }
void read_value(const Json& json, const Type& /*type*/, std::string& value) { json.get_to(value); }

void read_value(const Json& json, const Type& /*type*/, std::map<std::string, std::string>& value) {
  value.clear();
  for (const auto& [name, text] : json.items()) value[name] = text.get<std::string>();
}

void read_value(const Json& json, const Type& /*type*/, std::array<double, 2>& value) { json.get_to(value); }

void read_value(const Json& json, const Type& /*type*/, std::vector<std::uint64_t>& value) { json.get_to(value); }

void read_value(const Json& json, const Type& /*type*/, std::vector<std::string>& value) { json.get_to(value); }

void read_value(const Json& json, const Type& type, std::vector<AttentionBlock>& value) {
  value.clear();
  for (const Json& item : json) read_value(item, type.parts.front(), value.emplace_back());
}

void read_value(const Json& json, const Type& /*type*/, BatchSize& value) {
  value = json.is_string() ? BatchSize{.full = true} : BatchSize{.count = json.get<std::size_t>()};
}

void read_value(const Json& json, const Type& /*type*/, LayerList& value) { value.json = json.dump(); }

void read_value(const Json& json, const Type& /*type*/, ResidualScale& value) {
  value = json.is_boolean() ? ResidualScale{.by_layers = json.get<bool>()}
                            : ResidualScale{.writes = json.get<std::size_t>()};
}

void read_value(const Json& json, const Type& /*type*/, std::vector<ParameterGroup>& value) {
  value.clear();
  for (const Json& item : json) {
    ParameterGroup& group = value.emplace_back();
    group.match = item.at("match").get<std::string>();
    if (item.contains("lr")) group.lr = item["lr"].get<double>();
    if (item.contains("weight_decay")) group.weight_decay = item["weight_decay"].get<double>();
    if (item.contains("type")) group.type = static_cast<OptimizerType>(read_choice(item["type"], optimizer_types()));
  }
}

void write_value(bool value, const Type& /*type*/, Json& json) { json = value; }
void write_value(std::uint64_t value, const Type& /*type*/, Json& json) { json = value; }
void write_value(std::int64_t value, const Type& /*type*/, Json& json) {
  json = value < 0 ? Json(value) : Json(static_cast<std::uint64_t>(value));
}
void write_value(double value, const Type& /*type*/, Json& json) { json = value; }
void write_value(const std::string& value, const Type& /*type*/, Json& json) { json = value; }

void write_value(const std::map<std::string, std::string>& value, const Type& /*type*/, Json& json) {
  json = Json::object();
  for (const auto& [name, text] : value) json[name] = text;
}

void write_value(const std::array<double, 2>& value, const Type& /*type*/, Json& json) {
  json = Json::array();
  for (const double item : value) json.push_back(item);
}

void write_value(const std::vector<std::string>& value, const Type& /*type*/, Json& json) { json = value; }

void write_value(const std::vector<AttentionBlock>& value, const Type& type, Json& json) {
  json = Json::array();
  for (const AttentionBlock block : value) {
    Json item;
    write_value(block, type.parts.front(), item);
    json.push_back(item);
  }
}

void write_value(const std::vector<std::uint64_t>& value, const Type& /*type*/, Json& json) {
  json = Json::array();
  for (const std::uint64_t item : value) json.push_back(item);
}

void write_value(const BatchSize& value, const Type& /*type*/, Json& json) {
  json = value.full ? Json("full") : Json(value.count);
}

void write_value(const LayerList& value, const Type& /*type*/, Json& json) { json = Json::parse(value.json); }

void write_value(const ResidualScale& value, const Type& /*type*/, Json& json) {
  json = value.writes == 0 ? Json(value.by_layers) : Json(value.writes);
}

void write_value(const std::vector<ParameterGroup>& value, const Type& /*type*/, Json& json) {
  json = Json::array();
  for (const ParameterGroup& group : value) {
    Json& item = json.emplace_back(Json{{"match", group.match}});
    if (group.lr) item["lr"] = *group.lr;
    if (group.weight_decay) item["weight_decay"] = *group.weight_decay;
    if (group.type) write_choice(static_cast<int>(*group.type), optimizer_types(), item["type"]);
  }
}

bool is_null(const Json& json) { return json.is_null(); }

const Type& optimizer_types() {
  static const Type types = choice<OptimizerType>({{"sgd", OptimizerType::kSgd},
                                                   {"adam", OptimizerType::kAdam},
                                                   {"adamw", OptimizerType::kAdamW},
                                                   {"rmsprop", OptimizerType::kRmsprop},
                                                   {"lion", OptimizerType::kLion},
                                                   {"muon", OptimizerType::kMuon},
                                                   {"adafactor", OptimizerType::kAdafactor},
                                                   {"schedule_free", OptimizerType::kScheduleFree}});
  return types;
}

int read_choice(const Json& json, const Type& type) {
  for (const auto& [name, enumerator] : type.as(Type::Kind::kChoice)->choices) {
    if (json == name) return enumerator;
  }
  return 0;
}

void write_choice(int enumerator, const Type& type, Json& json) {
  for (const auto& [name, value] : type.as(Type::Kind::kChoice)->choices) {
    if (value == enumerator) json = name;
  }
}

}  // namespace headlight::config::schema
