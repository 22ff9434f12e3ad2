#include <fmt/format.h>

#include <string>

#include <CLI/CLI.hpp>

#include "apps/headlight/command.h"
#include "apps/tasks/registry.h"

namespace headlight {

Command add_tasks(CLI::App& program, const GlobalOptions& global) {
  static_cast<void>(global);
  CLI::App* const app = program.add_subcommand("tasks", "the tasks, and their keys in a config");
  return {app, [] {
            std::string list;
            for (const TaskEntry& task : tasks()) {
              list += fmt::format("{:<12} {}\n{:<12} keys: {}\n", task.name, task.summary, "", task.keys);
            }
            print_result(list);
            return static_cast<int>(kOk);
          }};
}

}  // namespace headlight
