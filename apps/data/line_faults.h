#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace headlight {

/// A line of a file, for messages.
struct LinePlace {
  const std::filesystem::path& file;
  std::uint64_t line;

  /// Throws ConfigError: `file:line: what; values; remedy`.
  [[noreturn]] void raise(std::string_view what, std::string_view values = {}, std::string_view remedy = {}) const;
};

/// Collects the faults of many lines, so that a user hears of them at once.
class LineFaults {
 public:
  /// Calls `check` and keeps the ConfigError that it throws. Throws at once when ten have been kept.
  template <class Check>
  void collect(Check&& check) {
    try {
      check();
    } catch (const ConfigError& error) {
      keep(error.what());
    }
  }

  /// Throws one ConfigError with all that was kept; nothing when that is nothing.
  void raise_all() const;

 private:
  void keep(std::string text);

  std::vector<std::string> faults_;
};

}  // namespace headlight
