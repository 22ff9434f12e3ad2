#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/config/schema.h"

namespace headlight::config::schema {

using Json = nlohmann::ordered_json;

// How each type of a Config's members is read from JSON that validation has accepted, and written;
// an empty optional leaves the JSON null.

void read_value(const Json& json, const Type& type, bool& value);
void read_value(const Json& json, const Type& type, std::uint64_t& value);
void read_value(const Json& json, const Type& type, std::int64_t& value);
void read_value(const Json& json, const Type& type, double& value);
void read_value(const Json& json, const Type& type, std::string& value);
void read_value(const Json& json, const Type& type, std::map<std::string, std::string>& value);
void read_value(const Json& json, const Type& type, std::array<double, 2>& value);
void read_value(const Json& json, const Type& type, std::vector<std::uint64_t>& value);
void read_value(const Json& json, const Type& type, std::vector<std::string>& value);
void read_value(const Json& json, const Type& type, std::vector<AttentionBlock>& value);
void read_value(const Json& json, const Type& type, BatchSize& value);
void read_value(const Json& json, const Type& type, LayerList& value);
void read_value(const Json& json, const Type& type, ResidualScale& value);
void read_value(const Json& json, const Type& type, std::vector<ParameterGroup>& value);

void write_value(bool value, const Type& type, Json& json);
void write_value(std::uint64_t value, const Type& type, Json& json);
void write_value(std::int64_t value, const Type& type, Json& json);
void write_value(double value, const Type& type, Json& json);
void write_value(const std::string& value, const Type& type, Json& json);
void write_value(const std::map<std::string, std::string>& value, const Type& type, Json& json);
void write_value(const std::array<double, 2>& value, const Type& type, Json& json);
void write_value(const std::vector<std::uint64_t>& value, const Type& type, Json& json);
void write_value(const std::vector<std::string>& value, const Type& type, Json& json);
void write_value(const std::vector<AttentionBlock>& value, const Type& type, Json& json);
void write_value(const BatchSize& value, const Type& type, Json& json);
void write_value(const LayerList& value, const Type& type, Json& json);
void write_value(const ResidualScale& value, const Type& type, Json& json);
void write_value(const std::vector<ParameterGroup>& value, const Type& type, Json& json);

/// The names of optimizer types, for the optimizer and its groups.
const Type& optimizer_types();

/// The enumerator that a choice's name stands for, and the way back.
int read_choice(const Json& json, const Type& type);
void write_choice(int enumerator, const Type& type, Json& json);

template <class Enum>
requires std::is_enum_v<Enum>
void read_value(const Json& json, const Type& type, Enum& value) { value = static_cast<Enum>(read_choice(json, type)); }

template <class Enum>
requires std::is_enum_v<Enum>
void write_value(Enum value, const Type& type, Json& json) { write_choice(static_cast<int>(value), type, json); }

bool is_null(const Json& json);

template <class Value>
void read_value(const Json& json, const Type& type, std::optional<Value>& value) {
  value.reset();
  if (!is_null(json)) read_value(json, type, value.emplace());
}

template <class Value>
void write_value(const std::optional<Value>& value, const Type& type, Json& json) {
  if (value) write_value(*value, type, json);
}

/// The Field of a member, named by the way to it: `at(&Config::model, &ModelConfig::d_model)`.
template <class... Members>
Field at(Members... members) {
  return {.set = [members...](Config& config, const Json& json,
                              const Type& type) { read_value(json, type, (config.*....*members)); },
          .get = [members...](const Config& config, const Type& type,
                              Json& json) { write_value((config.*....*members), type, json); }};
}

}  // namespace headlight::config::schema
