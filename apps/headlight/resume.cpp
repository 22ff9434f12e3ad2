#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/config/difference.h"
#include "apps/config/read.h"
#include "apps/headlight/command.h"
#include "apps/headlight/located.h"
#include "apps/headlight/run_data.h"
#include "apps/headlight/run_record.h"
#include "apps/headlight/training_run.h"
#include "apps/tasks/registry.h"
#include "apps/training/build.h"
#include "apps/training/checkpoint.h"
#include "apps/training/checkpoint_files.h"
#include "apps/training/json_file.h"
#include "apps/training/milestones.h"
#include "apps/training/run_directory.h"
#include "apps/training/run_state.h"
#include "core/error.h"
#include "core/io/directory.h"
#include "core/parallel.h"

namespace headlight {
namespace {

struct ResumeArguments {
  std::string run;
  std::vector<std::string> overrides;
  std::string checkpoint = "last";
};

// What may change in the middle of a run: how long it goes on, how fast, and what it writes. A path that ends with a
// dot stands for all keys of the section.
constexpr std::array<std::string_view, 11> kMayChange = {"trainer.steps",       "trainer.epochs",
                                                         "trainer.threads",     "trainer.log_every",
                                                         "trainer.eval_every",  "trainer.stop_when.",
                                                         "trainer.checkpoint.", "trainer.eval_examples",
                                                         "optimizer.lr",        "logging.",
                                                         "output.view"};

bool may_change(std::string_view path) {
  return std::any_of(kMayChange.begin(), kMayChange.end(), [&](std::string_view allowed) {
    return allowed.ends_with('.') ? path.starts_with(allowed) : path == allowed;
  });
}

std::string line_of(const config::Difference& change) {
  const auto shown = [](const std::string& value) { return value.empty() ? "nothing" : value; };
  return fmt::format("`{}` from {} to {}", change.path, shown(change.first), shown(change.second));
}

/// Throws ConfigError with the names of the keys that must not change.
void check_changes(const std::vector<config::Difference>& changes) {
  std::vector<std::string> refused;
  for (const config::Difference& change : changes) {
    if (!may_change(change.path)) refused.push_back(line_of(change));
  }
  if (refused.empty()) return;
  raise<ConfigError>("headlight resume", "the run cannot go on with another config",
                     fmt::to_string(fmt::join(refused, ", ")),
                     "only its length (steps, epochs, stop_when), optimizer.lr, threads, checkpoints, evaluations and "
                     "logging may change; start a new run with `headlight train`");
}

/// One line for each fact of the build that decides which bits a run gives and is not what it was. Threads do not.
void warn_of_other_environment(const std::filesystem::path& directory, const GlobalOptions& global) {
  const std::filesystem::path path = directory / kRunRecordFile;
  if (!path_exists(path)) return;  // killed as it began: nothing was computed
  const nlohmann::json record = read_json_file(path);
  const nlohmann::json now = RunRecord::environment();
  const auto before = record.find("environment");
  if (before == record.end() || !before->is_object()) return;
  for (const char* key : {"headlight", "build", "compiler", "kernels"}) {
    const std::string was = text_member(*before, key, path);
    const std::string is = now.value(key, "");
    if (was == is) continue;
    print_note(global, fmt::format("warning: the run began with {} `{}`, this is `{}`: it goes on, but not to the same "
                                   "last bits\n",
                                   key, was, is));
  }
}

/// Whether the run begins anew: it has no checkpoint at all, and the newest is asked for.
bool begins_anew(const std::filesystem::path& directory, const std::string& checkpoint) {
  return checkpoint == "last" && complete_checkpoints(directory).empty();
}

/// A checkpoint, read into what is built; the beginning where the run begins anew.
TrainingState state_of(const Built& built, const std::filesystem::path& directory, const std::string& checkpoint) {
  if (begins_anew(directory, checkpoint)) return {};
  TrainingState state = load_checkpoint(find_checkpoint(directory, checkpoint), *built.model, built.optimizer.get());
  forget_other_goals(built.config.trainer, state);
  return state;
}

/// The task of the run with its data, which must be those that it was begun with.
std::unique_ptr<Task> task_of(config::LoadedConfig& loaded, const std::filesystem::path& directory) {
  const bool begun = has_data_files(directory, loaded.config) || !complete_checkpoints(directory).empty();
  if (!begun) return make_task(loaded);
  RunData data = open_run_data(directory, loaded.config);
  if (data.changed.empty()) return std::move(data.task);
  // What is held out may be drawn anew from other lines: what was trained on would be evaluated.
  raise<ConfigError>("headlight resume", "the run cannot go on with other data",
                     fmt::to_string(fmt::join(data.changed, ", ")),
                     "restore the file, or start a new run with `headlight train`");
}

/// An argument as a shell reads it.
std::string quoted_for_shell(const std::string& argument) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=.,:/@%";
  if (!argument.empty() && argument.find_first_not_of(kPlain) == std::string::npos) return argument;
  std::string quoted = "'";
  for (const char c : argument) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

/// What to do with a run that is over: the command that was given, with what keeps it from ending at once, or, where the
/// schedule has come to its end and more updates would change nothing, that of a longer run.
std::string way_to_go_on(const std::filesystem::path& directory, const std::vector<std::string>& overrides,
                         config::Config config, const TrainingState& state) {
  std::vector<std::string> words = {directory.string()};
  words.insert(words.end(), overrides.begin(), overrides.end());
  if (has_reached(config.trainer, state)) words.emplace_back("trainer.stop_when=null");
  if (state.step >= config::total_steps(config)) {
    const bool by_epochs = config.trainer.epochs.has_value();
    std::optional<std::size_t>& length = by_epochs ? config.trainer.epochs : config.trainer.steps;
    while (state.step >= config::total_steps(config)) *length *= 2;
    words.push_back(fmt::format("trainer.{}={}", by_epochs ? "epochs" : "steps", *length));
  }
  std::string text = "To go on: headlight resume";
  const Schedule schedule = build_schedule(config);
  if (schedule(state.step) == 0 && schedule(config::total_steps(config) - 1) == 0) {
    words.front() = (directory / "config.json").string();
    words.emplace_back("schedule.steps=null");
    text = "Its schedule has ended too: more updates would have a rate of 0. For a longer run: headlight train";
  }
  for (const std::string& word : words) text += " " + quoted_for_shell(word);
  return text;
}

void write_changes(const std::filesystem::path& directory, const config::Config& config,
                   const std::vector<std::string>& overrides) {
  const std::filesystem::path path = directory / "overrides.json";
  nlohmann::json all = nlohmann::json::array();
  if (path_exists(path)) all = read_json_file(path).value("overrides", nlohmann::json());
  if (!all.is_array()) raise<FileError>(path.string(), "`overrides` must be a list");
  for (const std::string& override_text : overrides) all.push_back(override_text);
  write_json(directory / "config.json", config::to_json(config));
  write_json(path, {{"format", kFileFormat}, {"overrides", all}});
}

int resume_run(const ResumeArguments& arguments, const GlobalOptions& global) {
  const std::filesystem::path directory = find_run(arguments.run);
  const RunDirectory run = RunDirectory::reopen(directory);
  const config::Config before = config::read_config({directory / "config.json"}).config;
  config::LoadedConfig loaded = config::read_config({directory / "config.json"}, arguments.overrides);
  const std::vector<config::Difference> changes =
      config::differences(config::to_json(before), config::to_json(loaded.config));
  check_changes(changes);
  if (!global.threads && loaded.config.trainer.threads) set_thread_count(*loaded.config.trainer.threads);
  std::unique_ptr<Task> task = task_of(loaded, directory);
  const FirstWeights weights =
      begins_anew(directory, arguments.checkpoint) ? FirstWeights::initial : FirstWeights::checkpoint;
  const Built built = locating(loaded, [&] { return build(loaded.config, std::move(task), weights); });
  const TrainingState state = state_of(built, directory, arguments.checkpoint);

  if (state.step > config::total_steps(built.config)) {
    raise<ConfigError>("headlight resume", "the run is longer than the config asks for",
                       fmt::format("it stands at step {} of {}", state.step, config::total_steps(built.config)),
                       "give it a larger trainer.steps or trainer.epochs, or none");
  }
  const bool reached = has_reached(built.config.trainer, state);
  const bool over = reached || state.step >= config::total_steps(built.config);
  // A kill may have come after the last step and before its report.
  if (over && recorded_status(directory) == "finished") {
    print_note(global, fmt::format("the run is finished: step {} of {}{}; nothing was changed. {}\n", state.step,
                                   config::total_steps(built.config),
                                   reached ? ", " + describe(built.config.trainer.stop_when) : "",
                                   way_to_go_on(directory, arguments.overrides, built.config, state)));
    return kOk;
  }
  warn_of_other_environment(directory, global);
  const Schedule schedule = build_schedule(built.config);
  if (!over && schedule(state.step) == 0 && schedule(config::total_steps(built.config) - 1) == 0) {
    print_note(global,
               "warning: the schedule has come to its end, so the learning rate is 0 from here on; a run that "
               "shall go on later needs a `schedule.steps` for its whole length from the start\n");
  }
  if (!changes.empty()) write_changes(directory, built.config, arguments.overrides);
  for (const config::Difference& change : changes) print_note(global, "changed: " + line_of(change) + "\n");
  if (!has_data_files(directory, built.config)) write_data_files(directory, *built.task);
  RunRecord record(directory, true);
  print_result(directory.string() + "\n");
  return run_training(built, {.state = state, .resumed = true, .redo_end = state.ended && !over}, directory, global,
                      record);
}

}  // namespace

Command add_resume(CLI::App& program, const GlobalOptions& global) {
  CLI::App* const app = program.add_subcommand("resume", "go on with a run exactly where its newest checkpoint stands");
  const auto arguments = std::make_shared<ResumeArguments>();
  app->add_option("RUN", arguments->run, "directory of the run, or of runs with a file `latest`")->required();
  app->add_option("OVERRIDE", arguments->overrides,
                  "section.key=value: length, rate, checkpoints, logging; null takes a key back");
  app->add_option("--checkpoint", arguments->checkpoint,
                  "`last` (default), `best` or a step, to go on from there again: what lies behind it is dropped");
  return {app, [arguments, &global] { return resume_run(*arguments, global); }};
}

}  // namespace headlight
