#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/config/read.h"
#include "apps/headlight/command.h"
#include "apps/headlight/located.h"
#include "apps/headlight/run_data.h"
#include "apps/headlight/run_record.h"
#include "apps/headlight/training_run.h"
#include "apps/tasks/registry.h"
#include "apps/training/run_directory.h"
#include "core/parallel.h"
#include "layers/summary.h"

namespace headlight {
namespace {

struct TrainArguments {
  std::vector<std::string> config;
  std::string run_directory;
  bool force = false;
  bool dry_run = false;
};

int train_run(const TrainArguments& arguments, const GlobalOptions& global) {
  const ConfigArguments sources = sort_arguments(arguments.config);
  config::LoadedConfig loaded = config::read_config(sources.files, sources.overrides);
  for (const config::ResolvedAlias& alias : loaded.aliases) {
    print_note(global, fmt::format("{} means {}\n", alias.alias, alias.path));
  }
  if (!global.threads && loaded.config.trainer.threads) set_thread_count(*loaded.config.trainer.threads);
  std::unique_ptr<Task> task = make_task(loaded);
  const Built built = locating(loaded, [&] { return build(loaded.config, std::move(task), FirstWeights::initial); });
  if (arguments.dry_run) {
    print_result(facts_table(built, "") + (global.verbose ? "\n" + summary(*built.model) : ""));
    return kOk;
  }

  const std::vector<ConfigSource> texts = read_sources(sources.files);
  const RunDirectory run({.directory = arguments.run_directory,
                          .root = built.config.output.root,
                          .name = built.config.name,
                          .force = arguments.force});
  write_config_files(run.path(), built.config, texts, sources.overrides);
  write_data_files(run.path(), *built.task);
  RunRecord record(run.path());
  print_result(run.path().string() + "\n");
  return run_training(built, {}, run.path(), global, record);
}

}  // namespace

Command add_train(CLI::App& program, const GlobalOptions& global) {
  CLI::App* const app = program.add_subcommand("train", "train a model from a config, and show what its heads read");
  const auto arguments = std::make_shared<TrainArguments>();
  app->add_option("CONFIG", arguments->config,
                  "config files, from left to right, and section.key=value (null takes a key back)")
      ->required();
  CLI::Option* const directory =
      app->add_option("--run-dir", arguments->run_directory,
                      "directory of the run (default: <output.root>/<name>/<UTC time>-<4 digits>)");
  app->add_flag("--force", arguments->force, "replace the run that is in --run-dir")->needs(directory);
  app->add_flag("--dry-run", arguments->dry_run, "build the model, print the facts and stop (with -v: all parameters)");
  return {app, [arguments, &global] { return train_run(*arguments, global); }};
}

}  // namespace headlight
