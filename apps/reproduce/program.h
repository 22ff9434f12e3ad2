#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace headlight::reproduce {

/// How a program ended.
struct Ended {
  int code = 0;          ///< exit code, or 128 + the signal that killed it
  std::string output{};  ///< what it wrote to stdout
};

/// Runs a program to its end; its stderr is ours. Throws StateError when it cannot be started.
Ended run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments);

}  // namespace headlight::reproduce
