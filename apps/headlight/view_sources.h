#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/page/run_reader.h"

namespace headlight {

/// The run of a user as the page reads it: its name and words. A run whose data
/// files are gone is shown with numbers for tokens, and says so. Throws ConfigError where there is no run, FileError.
RunReader open_run_reader(const std::filesystem::path& run, std::vector<std::uint64_t> exact_steps,
                          std::uint64_t max_codes);

/// "headlight 0.1.0"
std::string page_generator();

/// Now, in UTC: "2024-05-01T12:00:00Z".
std::string page_time();

}  // namespace headlight
