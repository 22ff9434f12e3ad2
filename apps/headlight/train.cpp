#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/config/read.h"
#include "apps/headlight/attention_report.h"
#include "apps/headlight/build_facts.h"
#include "apps/headlight/command.h"
#include "apps/headlight/located.h"
#include "apps/headlight/opened_run.h"
#include "apps/headlight/run_record.h"
#include "apps/headlight/score_table.h"
#include "apps/headlight/training_session.h"
#include "apps/inspect/picture.h"
#include "apps/tasks/registry.h"
#include "apps/training/build.h"
#include "apps/training/evaluate.h"
#include "apps/training/longest_run.h"
#include "apps/training/objective.h"
#include "apps/training/run_directory.h"
#include "apps/training/stop_signals.h"
#include "core/error.h"
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

/// What trains, built before anything is written.
struct Built {
  config::Config config;
  std::unique_ptr<Task> task;
  std::unique_ptr<Model> model;
  std::unique_ptr<Optimizer> optimizer;
};

Built build(config::Config config) {
  Built built{.config = std::move(config), .task = {}, .model = {}, .optimizer = {}};
  built.task = make_task(built.config);
  built.model = build_model(built.config, *built.task);
  built.optimizer = build_optimizer(built.config.optimizer, *built.model);
  build_schedule(built.config);
  build_batches(built.config, *built.task);
  try_longest(*built.model, built.config, *built.task);
  const Objective objective(built.config.loss, *built.task, *built.model);
  return built;
}

/// Bytes of the parameters, their gradients and what the optimiser keeps of them.
std::size_t state_bytes(const Built& built) {
  std::size_t elements = 2 * built.optimizer->parameters().size();
  for (const auto& [name, array] : built.optimizer->state().arrays) elements += array.size();
  return elements * sizeof(Real);
}

/// The keys that say most about the model, those with an effect.
std::string model_facts(const config::Config& config) {
  const nlohmann::ordered_json model = config::to_json(config).at("model");
  std::string text = model.at("arch").get<std::string>();
  for (const char* key : {"layers", "encoder_layers", "decoder_layers", "heads", "d_model", "d_ff", "norm"}) {
    if (!model.contains(key)) continue;
    const nlohmann::ordered_json& value = model[key];
    text += fmt::format(", {} {}", key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  if (model.contains("blocks")) text += fmt::format(", {} blocks written out", model["blocks"].size());
  return text;
}

std::string facts_table(const Built& built, const std::string& directory) {
  const std::optional<std::uint64_t> examples = built.task->examples(Split::train);
  const TaskShape shape = built.task->shape();
  std::string table;
  const auto line = [&table](const char* name, const std::string& text) {
    table += fmt::format("{:<12} {}\n", name, text);
  };
  line("task", fmt::format("{}, {} positions, {}, {} examples", find_task(built.config.task.type).name, shape.length,
                           shape.features > 0 ? fmt::format("vectors of {}", shape.features)
                                              : fmt::format("{} tokens", shape.vocabulary),
                           examples ? std::to_string(*examples) : "endless"));
  line("model", model_facts(built.config));
  line("parameters", std::to_string(parameter_count(*built.model)));
  line("memory",
       fmt::format("{}B of weights, gradients and moments", short_count(static_cast<double>(state_bytes(built)))));
  line("updates", fmt::format("{} of {} examples", config::total_steps(built.config),
                              config::batch_examples(built.config) * built.config.optimizer.accumulate));
  line("threads", std::to_string(thread_count()));
  line("kernels", kernels_description());
  line("seed", std::to_string(built.config.seed));
  if (!directory.empty()) line("directory", directory);
  return table;
}

nlohmann::ordered_json start_facts(const Built& built) {
  return {{"format", 1},
          {"time", unix_time()},
          {"name", built.config.name},
          {"headlight", HEADLIGHT_VERSION},
          {"kernels", kernels_description()},
          {"threads", thread_count()},
          {"parameters", parameter_count(*built.model)},
          {"seed", built.config.seed},
          {"steps", config::total_steps(built.config)}};
}

ProgressFormat progress_format(const GlobalOptions& global) {
  if (global.quiet) return ProgressFormat::quiet;
  if (global.log_format == "bar") return ProgressFormat::bar;
  if (global.log_format == "plain") return ProgressFormat::plain;
  if (global.log_format == "json") return ProgressFormat::json;
  return stderr_is_terminal() ? ProgressFormat::bar : ProgressFormat::plain;
}

/// The end of a finished run: figures, what the heads read, and the map of the most telling one on screen and as PNG.
void report_finished(const Built& built, const TrainingResult& result, const std::filesystem::path& directory,
                     const GlobalOptions& global) {
  const Optimizer::EvaluationWeights averaged(*built.optimizer);
  Evaluation evaluation = result.evaluation;
  evaluation.by_length = scores_by_length(*built.model, *built.task, built.config, evaluation);
  print_result("\n" + score_table("eval", evaluation));
  const AttentionReport report = report_attention(*built.model, *built.task);
  if (report.scores.empty()) return;  // layers of other kinds alone have no map to show
  const HeadScores& best = best_head(report.scores);
  const AttentionLook look = look_at(*built.model, *built.task, probe_example(*built.task, 0));
  const AttentionWeights& weights = look.layers.at(best.layer);
  const MapSource source{.run = run_name(built.config, directory), .step = result.state.step, .input = "probe 0"};
  const AttentionMap map = make_map(head_map(weights, best.head, 0), {weights, best.layer, best.head}, source,
                                    *built.model, *built.task, &look);
  const std::filesystem::path picture = directory / "attention.png";
  write_file_atomically(picture, render_png(map, {.theme = Theme::kDark}));
  print_result("\n" + head_table(report) + "\n" + render_terminal(map, terminal_style(global)) +
               "\npicture: " + picture.string() + "\n");
}

int report_diverged(const std::string& reason, std::optional<std::uint64_t> step, RunRecord& record) {
  record.finish("diverged", kDiverged, reason, step);
  std::fputs(fmt::format("error: the run has diverged: {}\n", reason).c_str(), stderr);
  return kDiverged;
}

/// Trains and says how it ended.
int run_to_end(const Built& built, const std::filesystem::path& directory, const GlobalOptions& global,
               RunRecord& record) {
  Progress progress(progress_format(global), config::total_steps(built.config));
  const nlohmann::ordered_json start = start_facts(built);
  progress.start(facts_table(built, directory.string()), start.dump());
  if (global.verbose) progress.note(summary(*built.model));
  const StopSignals signals;
  TrainingSession session({.config = built.config,
                           .directory = directory,
                           .model = *built.model,
                           .optimizer = *built.optimizer,
                           .progress = progress,
                           .verbose = global.verbose},
                          start);
  const TrainingSetup setup{.config = built.config,
                            .task = *built.task,
                            .model = *built.model,
                            .optimizer = *built.optimizer};
  const TrainingResult result = train(setup, {}, session);
  progress.finish();

  switch (result.ending) {
    case Ending::finished:
      progress.note(fmt::format("{} updates, {} left out; training alone took {:.1f} s, {} tok/s", result.state.step,
                                result.state.skipped, result.seconds, short_count(result.tokens_per_second())));
      if (session.best()) {
        progress.note(
            fmt::format("least held-out loss {:.6f}, at step {}", session.best()->loss, session.best()->step));
      }
      report_finished(built, result, directory, global);
      record.finish("finished", kOk, "all steps done", result.state.step);
      return kOk;
    case Ending::stopped: {
      const int signal = StopSignals::received();
      const std::string reason = fmt::format("stopped by {} at step {}", signal_name(signal), result.state.step);
      session.log(reason);
      progress.note(reason + "; the checkpoint is saved");
      record.finish("stopped", kSignalBase + signal, reason, result.state.step);
      return kSignalBase + signal;
    }
    case Ending::diverged:
      break;
  }
  session.log("diverged: " + result.reason);
  return report_diverged(result.reason, result.state.step, record);
}

int train_run(const TrainArguments& arguments, const GlobalOptions& global) {
  const ConfigArguments sources = sort_arguments(arguments.config);
  const config::LoadedConfig loaded = config::read_config(sources.files, sources.overrides);
  for (const config::ResolvedAlias& alias : loaded.aliases) {
    print_note(global, fmt::format("{} means {}\n", alias.alias, alias.path));
  }
  if (!global.threads && loaded.config.trainer.threads) set_thread_count(*loaded.config.trainer.threads);
  const Built built = locating(loaded, [&] { return build(loaded.config); });
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
  RunRecord record(run.path());
  print_result(run.path().string() + "\n");
  try {
    return run_to_end(built, run.path(), global, record);
  } catch (const NumericError& error) {
    // Weights that became infinite in the last update before a checkpoint.
    return report_diverged(error.what(), std::nullopt, record);
  } catch (const std::exception& error) {
    try {
      record.finish("failed", kFailed, error.what(), std::nullopt);
    } catch (const Error&) {
      // The first fault is the one to tell of: where it was a full disk, this one follows from it.
    }
    throw;
  }
}

}  // namespace

Command add_train(CLI::App& program, const GlobalOptions& global) {
  CLI::App* const app = program.add_subcommand("train", "train a model from a config, and show what its heads read");
  const auto arguments = std::make_shared<TrainArguments>();
  app->add_option("CONFIG", arguments->config, "config files, from left to right, and section.key=value")->required();
  CLI::Option* const directory =
      app->add_option("--run-dir", arguments->run_directory,
                      "directory of the run (default: <output.root>/<name>/<UTC time>-<4 digits>)");
  app->add_flag("--force", arguments->force, "replace the run that is in --run-dir")->needs(directory);
  app->add_flag("--dry-run", arguments->dry_run, "build the model, print the facts and stop (with -v: all parameters)");
  return {app, [arguments, &global] { return train_run(*arguments, global); }};
}

}  // namespace headlight
