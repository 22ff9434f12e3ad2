#pragma once

#include <string>
#include <vector>

#include "apps/config/read.h"
#include "apps/tasks/batches.h"
#include "apps/tasks/data_task.h"
#include "apps/tasks/registry.h"
#include "tests/core/io/io_testing.h"

namespace headlight::testing {

/// A config and its task, as the program makes them: of a config without a file the section `task` and more.
struct DataRun {
  DataRun(const TemporaryDirectory& directory, const std::string& text, const std::vector<std::string>& overrides = {})
      : loaded(config::read_config_text({{.name = "a.json", .text = text, .directory = directory.path()}}, overrides)),
        task(make_task(loaded)) {}

  Example example(Split split, std::uint64_t index) const {
    Example made;
    task->example({.split = split, .index = index}, made);
    return made;
  }
  const DataTask& data() const { return dynamic_cast<const DataTask&>(*task); }

  config::LoadedConfig loaded;
  std::unique_ptr<Task> task;
};

using Ids = std::vector<std::int32_t>;

}  // namespace headlight::testing
