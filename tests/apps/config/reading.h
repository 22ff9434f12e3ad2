#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "apps/config/read.h"
#include "core/error.h"

namespace headlight::config {

/// A config with nothing but what has no default.
inline const std::string kSmallest = R"({"task": {"type": "reverse"}, "trainer": {"steps": 100}})";

/// The messages that reading gives, or an empty text when it accepts.
inline std::string problems_of_files(const std::vector<std::string>& texts,
                                     const std::vector<std::string>& overrides = {}) {
  std::vector<ConfigText> named;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    named.push_back({.name = i == 0 ? "a.json" : "b.json", .text = texts[i], .directory = {}});
  }
  try {
    read_config_text(named, overrides);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

inline std::string problems(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return problems_of_files({text}, overrides);
}

/// The smallest config with more keys: `with(R"("model": {"heads": 3})")`.
inline std::string with(const std::string& keys) {
  return fmt::format(R"({{"task": {{"type": "reverse"}}, "trainer": {{"steps": 100}}, {}}})", keys);
}

inline Config read_text(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return read_config_text({{.name = "a.json", .text = text, .directory = {}}}, overrides).config;
}

}  // namespace headlight::config
