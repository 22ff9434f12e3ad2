#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/config/json_schema.h"
#include "apps/config/read.h"
#include "apps/headlight/command.h"

namespace headlight {
namespace {

config::LoadedConfig load(const std::vector<std::string>& arguments) {
  const ConfigArguments sorted = sort_arguments(arguments);
  return config::read_config(sorted.files, sorted.overrides);
}

void add_arguments(CLI::App& app, std::vector<std::string>& arguments) {
  app.add_option("CONFIG", arguments, "config files, from left to right, and section.key=value")->required();
}

}  // namespace

Command add_config(CLI::App& program, const GlobalOptions& global) {
  CLI::App* const app = program.add_subcommand("config", "check, print or describe configs");
  app->require_subcommand(0, 1);
  const auto arguments = std::make_shared<std::vector<std::string>>();
  CLI::App* const check = app->add_subcommand("check", "say every mistake of a config, and do nothing else");
  CLI::App* const print = app->add_subcommand("print", "the resolved config: everything written out");
  CLI::App* const schema = app->add_subcommand("schema", "the JSON Schema of configs, for editors");
  const auto as_text = std::make_shared<bool>(false);
  schema->add_flag("--text", *as_text, "as text for people");
  add_arguments(*check, *arguments);
  add_arguments(*print, *arguments);
  const auto run = [=, &global]() -> int {
    if (check->parsed()) {
      load(*arguments);
      print_note(global, "the config is right\n");
    } else if (print->parsed()) {
      print_result(config::to_json(load(*arguments).config).dump(2) + "\n");
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
