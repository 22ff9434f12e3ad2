#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/config/json_schema.h"
#include "apps/config/read.h"
#include "apps/headlight/command.h"
#include "apps/headlight/located.h"
#include "apps/tasks/registry.h"
#include "apps/training/build.h"
#include "apps/training/longest_run.h"
#include "apps/training/objective.h"

namespace headlight {
namespace {

config::LoadedConfig load(const std::vector<std::string>& arguments) {
  const ConfigArguments sorted = sort_arguments(arguments);
  return config::read_config(sorted.files, sorted.overrides);
}

/// Builds everything that training would build, for the mistakes that only then show.
void check(const config::LoadedConfig& loaded) {
  const std::unique_ptr<Task> task = make_task(loaded.config);
  const std::unique_ptr<Model> model = locating(loaded, [&] { return build_empty_model(loaded.config, *task); });
  locating(loaded, [&] { return build_optimizer(loaded.config.optimizer, *model); });
  locating(loaded, [&] { try_longest(*model, loaded.config, *task); });
  locating(loaded, [&] { return Objective(loaded.config.loss, *task, *model); });
}

/// The resolved config, or with the layers of its model written out.
nlohmann::ordered_json printed(const config::LoadedConfig& loaded, bool with_layers) {
  if (!with_layers) return config::to_json(loaded.config);
  const std::unique_ptr<Task> task = make_task(loaded.config);
  locating(loaded, [&] { return build_empty_model(loaded.config, *task); });
  return config::to_json(expanded(loaded.config, *task));
}

void add_arguments(CLI::App& app, std::vector<std::string>& arguments) {
  app.add_option("CONFIG", arguments, "config files, from left to right, and section.key=value")->required();
}

}  // namespace

Command add_config(CLI::App& program, const GlobalOptions& global) {
  CLI::App* const app = program.add_subcommand("config", "check, print or describe configs");
  app->require_subcommand(0, 1);
  const auto arguments = std::make_shared<std::vector<std::string>>();
  CLI::App* const check_command = app->add_subcommand("check", "say every mistake of a config, and do nothing else");
  CLI::App* const print = app->add_subcommand("print", "the resolved config: everything written out");
  CLI::App* const schema = app->add_subcommand("schema", "the JSON Schema of configs, for editors");
  const auto as_text = std::make_shared<bool>(false);
  schema->add_flag("--text", *as_text, "as text for people");
  const auto layers_written_out = std::make_shared<bool>(false);
  print->add_flag("--expanded", *layers_written_out, "with every layer of the model written out");
  add_arguments(*check_command, *arguments);
  add_arguments(*print, *arguments);
  const auto run = [=, &global]() -> int {
    if (check_command->parsed()) {
      check(load(*arguments));
      print_note(global, "the config is right\n");
    } else if (print->parsed()) {
      print_result(printed(load(*arguments), *layers_written_out).dump(2) + "\n");
    } else if (schema->parsed()) {
      print_result(*as_text ? config::config_reference() : config::config_schema().dump(2) + "\n");
    } else {
      print_note(global, app->help());
      return kUsage;
    }
    return kOk;
  };
  return {app, run};
}

}  // namespace headlight
