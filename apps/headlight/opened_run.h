#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apps/config/config.h"
#include "apps/tasks/task.h"
#include "layers/models/model.h"

namespace headlight {

/// A run read back from its directory, with the weights of one checkpoint.
struct OpenedRun {
  std::filesystem::path directory;
  config::Config config;
  std::unique_ptr<Task> task;
  std::unique_ptr<Model> model;
  std::uint64_t step;
  std::vector<std::string> warnings{};  ///< about its data
};

/// `checkpoint`: `last` or a step. `data`: see open_run_data(). Throws ConfigError when there is no such run, FileError when it is damaged, and what open_run_data() throws.
OpenedRun open_run(const std::filesystem::path& run, std::string_view checkpoint,
                   const std::filesystem::path& data = {});

/// How a run is called in pictures: name of the config and of the directory, "reverse/2026-11-23T15-10-02-7f3a".
std::string run_name(const config::Config& config, const std::filesystem::path& directory);

}  // namespace headlight
