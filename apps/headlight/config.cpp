#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/config/difference.h"
#include "apps/config/json_schema.h"
#include "apps/config/read.h"
#include "apps/headlight/command.h"
#include "apps/headlight/located.h"
#include "apps/headlight/training_run.h"
#include "apps/tasks/registry.h"
#include "apps/training/build.h"
#include "core/error.h"

namespace headlight {
namespace {

config::LoadedConfig load(const std::vector<std::string>& arguments) {
  const ConfigArguments sorted = sort_arguments(arguments);
  return config::read_config(sorted.files, sorted.overrides);
}

/// Builds everything that `headlight train` builds before it begins, for the mistakes that only then show.
void check(config::LoadedConfig loaded) {
  std::unique_ptr<Task> task = make_task(loaded);
  locating(loaded, [&] { return build(loaded.config, std::move(task), FirstWeights::initial); });
}

/// The resolved config, or with the layers of its model written out.
nlohmann::ordered_json printed(config::LoadedConfig loaded, bool with_layers) {
  const std::unique_ptr<Task> task = make_task(loaded);
  if (!with_layers) return config::to_json(loaded.config);
  locating(loaded, [&] { return build_empty_model(loaded.config, *task); });
  return config::to_json(expanded(loaded.config, *task));
}

/// Two configs, one with and without the overrides, or one beside the defaults of its task.
std::string difference(const std::vector<std::string>& arguments) {
  const ConfigArguments sorted = sort_arguments(arguments);
  if (sorted.files.size() > 2) {
    raise<ConfigError>("headlight config diff", "more than two configs are given", {}, "give one or two");
  }
  const bool two = sorted.files.size() == 2;
  const config::Config second = config::read_config({sorted.files.back()}, sorted.overrides).config;
  const config::Config first = two || !sorted.overrides.empty() ? config::read_config({sorted.files.front()}).config
                                                                : config::defaults_beside(second);
  std::string text;
  for (const config::Difference& one : config::differences(config::to_json(first), config::to_json(second))) {
    const auto shown = [](const std::string& value) { return value.empty() ? "(none)" : value; };
    text += fmt::format("{}: {} -> {}\n", one.path, shown(one.first), shown(one.second));
  }
  return text;
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
  CLI::App* const diff =
      app->add_subcommand("diff",
                          "the keys in which two configs differ; one: from itself without overrides, or from defaults");
  const auto as_text = std::make_shared<bool>(false);
  schema->add_flag("--text", *as_text, "as text for people");
  const auto layers_written_out = std::make_shared<bool>(false);
  print->add_flag("--expanded", *layers_written_out, "with every layer of the model written out");
  add_arguments(*check_command, *arguments);
  add_arguments(*print, *arguments);
  add_arguments(*diff, *arguments);
  const auto run = [=, &global]() -> int {
    if (check_command->parsed()) {
      const config::LoadedConfig loaded = load(*arguments);
      check(loaded);
      print_note(global, "the config is right\n");
    } else if (print->parsed()) {
      print_result(printed(load(*arguments), *layers_written_out).dump(2) + "\n");
    } else if (diff->parsed()) {
      const std::string text = difference(*arguments);
      if (text.empty()) print_note(global, "no key differs\n");
      print_result(text);
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
