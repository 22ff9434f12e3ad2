#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/page/run_reader.h"

namespace headlight {

/// In a run directory: the page of the run.
inline constexpr const char* kPageFile = "view.html";

/// Bytes of codes that are read for each byte of a page. What takes more than its share when compressed would not fit;
/// memory is held to a multiple.
inline constexpr std::uint64_t kCodesPerByte = 8;

/// The run of a user as the page reads it: its name and words. A run whose data
/// files are gone is shown with numbers for tokens, and says so. Throws ConfigError where there is no run, FileError.
RunReader open_run_reader(const std::filesystem::path& run, std::vector<std::uint64_t> exact_steps,
                          std::uint64_t max_codes);

/// Writes view.html, the page of a run, into its directory. Returns sentences on what had to be left out. Throws
/// ConfigError, FileError.
std::vector<std::string> write_page(const std::filesystem::path& run, RunReaderOptions options);

/// "headlight 0.1.0"
std::string page_generator();

/// Now, in UTC: "2024-05-01T12:00:00Z".
std::string page_time();

}  // namespace headlight
