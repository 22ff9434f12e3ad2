#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "apps/config/read.h"
#include "apps/tasks/task.h"

namespace headlight {

/// A task as configs and `headlight tasks` know it.
struct TaskEntry {
  config::TaskType type;
  std::string_view name;     ///< the word in `task.type`
  std::string_view summary;  ///< one line
  std::string_view keys;     ///< its keys in `task`
  std::unique_ptr<Task> (*make)(const config::Config& config);
};

/// All tasks, in the order of their names.
std::span<const TaskEntry> tasks();

/// The entry of the task that a config asks for.
const TaskEntry& find_task(config::TaskType type);

/// The task of a config: its training set comes from `seed`, its held-out set from `task.eval.seed`.
std::unique_ptr<Task> make_task(const config::Config& config);

/// The same of a config that was just read. Where the examples come from files, the config is completed with what they
/// hold and checked again. Throws ConfigError too for what is wrong in the files, each fault with its line.
std::unique_ptr<Task> make_task(config::LoadedConfig& loaded);

}  // namespace headlight
