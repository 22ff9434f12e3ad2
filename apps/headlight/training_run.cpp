#include "apps/headlight/training_run.h"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "apps/headlight/build_facts.h"
#include "apps/headlight/map_choice.h"
#include "apps/headlight/opened_run.h"
#include "apps/headlight/score_table.h"
#include "apps/headlight/view_sources.h"
#include "apps/heads/attention_report.h"
#include "apps/inspect/picture.h"
#include "apps/page/words.h"
#include "apps/tasks/registry.h"
#include "apps/training/build.h"
#include "apps/training/evaluate.h"
#include "apps/training/longest_run.h"
#include "apps/training/milestones.h"
#include "apps/training/objective.h"
#include "apps/training/run_state.h"
#include "apps/training/stop_signals.h"
#include "core/error.h"
#include "core/parallel.h"
#include "layers/summary.h"

namespace headlight {
namespace {

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
  const ChosenInput input = choose_input({}, built.config, *built.task);
  const AttentionLook look = look_at(*built.model, *built.task, input.example);
  const AttentionWeights& weights = look.layers.at(best.layer);
  const MapSource source{.run = run_name(built.config, directory), .step = result.state.step, .input = input.name};
  const AttentionMap map =
      make_map(head_map(weights, best.head, 0), {weights, report.places.at(best.layer).layer, best.head}, source,
               *built.model, *built.task, &look);
  const std::filesystem::path picture = directory / "attention.png";
  write_file_atomically(picture, render_png(map, {.theme = Theme::kDark}));
  print_result("\n" + head_table(report) + "\n" + render_terminal(map, terminal_style(global)) +
               "\npicture: " + picture.string() + "\n");
}

/// Writes the page of a run that has ended. It is made of what is saved already, so that a fault of it is told and no
/// more.
void report_page(const Built& built, const std::filesystem::path& directory, const GlobalOptions& global) {
  if (!built.config.output.view) return;
  try {
    const std::vector<std::string> dropped =
        write_page(directory, {.name = run_name(built.config, directory), .words = words_of(*built.task)});
    for (const std::string& sentence : dropped) print_note(global, "note: " + sentence + "\n");
    print_result("page: " + (directory / kPageFile).string() + "\n");
  } catch (const std::exception& error) {
    print_note(global, fmt::format("warning: the page of the run was not written: {}\n", error.what()));
  }
}

int report_diverged(const std::string& reason, std::optional<std::uint64_t> step, RunRecord& record) {
  record.finish("diverged", kDiverged, reason, step);
  std::fputs(fmt::format("error: the run has diverged: {}\n", reason).c_str(), stderr);
  return kDiverged;
}

/// Trains and says how it ended.
int run_to_end(const Built& built, const Start& begin, const std::filesystem::path& directory,
               const GlobalOptions& global, RunRecord& record) {
  Progress progress(progress_format(global), config::total_steps(built.config));
  nlohmann::ordered_json start = start_facts(built);
  if (begin.resumed) start["step"] = begin.state.step;
  progress.start(facts_table(built, directory.string()), start.dump());
  if (global.verbose) progress.note(summary(*built.model));
  const StopSignals signals;
  TrainingSession session({.config = built.config,
                           .directory = directory,
                           .task = *built.task,
                           .model = *built.model,
                           .optimizer = *built.optimizer,
                           .probes = built.probes,
                           .progress = progress,
                           .verbose = global.verbose,
                           .state = begin.state,
                           .resumed = begin.resumed,
                           .redo_end = begin.redo_end,
                           .over = has_reached(built.config.trainer, begin.state) ||
                                   begin.state.step >= config::total_steps(built.config)},
                          start);
  if (begin.resumed) session.log(fmt::format("resumed at step {}", begin.state.step));
  const TrainingSetup setup{.config = built.config,
                            .task = *built.task,
                            .model = *built.model,
                            .optimizer = *built.optimizer,
                            .evaluate_first =
                                begin.redo_end && begin.state.step % built.config.trainer.eval_every == 0};
  const TrainingResult result = train(setup, begin.state, session);
  progress.finish();

  switch (result.ending) {
    case Ending::finished:
    case Ending::reached: {
      const std::string reason =
          result.ending == Ending::finished
              ? "all steps done"
              : fmt::format("{} at step {}", describe(built.config.trainer.stop_when), result.state.step);
      if (result.ending == Ending::reached) progress.note("ended early: " + reason);
      progress.note(fmt::format("{} updates, {} left out; training alone took {:.1f} s, {} tok/s", result.state.step,
                                result.state.skipped, result.seconds, short_count(result.tokens_per_second())));
      if (session.best()) {
        progress.note(
            fmt::format("least held-out loss {:.6f}, at step {}", session.best()->loss, session.best()->step));
      }
      report_finished(built, result, directory, global);
      record.finish("finished", kOk, reason, result.state.step);
      report_page(built, directory, global);
      return kOk;
    }
    case Ending::stopped: {
      const int signal = StopSignals::received();
      const std::string reason = fmt::format("stopped by {} at step {}", signal_name(signal), result.state.step);
      session.log(reason);
      progress.note(reason + "; the checkpoint is saved; to go on: headlight resume " + directory.string());
      record.finish("stopped", kSignalBase + signal, reason, result.state.step);
      report_page(built, directory, global);
      return kSignalBase + signal;
    }
    case Ending::diverged:
      break;
  }
  session.log("diverged: " + result.reason);
  return report_diverged(result.reason, result.state.step, record);
}

}  // namespace

Built build(const config::Config& config, std::unique_ptr<Task> task, FirstWeights weights) {
  Built built{.config = config, .task = std::move(task), .model = {}, .optimizer = {}, .probes = {}};
  built.model = weights == FirstWeights::initial ? build_model(built.config, *built.task)
                                                 : build_empty_model(built.config, *built.task);
  built.optimizer = build_optimizer(built.config.optimizer, *built.model);
  build_schedule(built.config);
  build_batches(built.config, *built.task);
  try_longest(*built.model, built.config, *built.task);
  const Objective objective(built.config.loss, *built.task, *built.model);
  built.probes = choose_probes(built.config, *built.task);
  return built;
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
  const RecordingSize recording = recording_size(built.config, *built.model, built.probes);
  if (recording.snapshots > 0 && recording.bytes > 0) {
    line("recording", fmt::format("{} snapshots of {}B of attention, {} probes", recording.snapshots,
                                  short_count(static_cast<double>(recording.bytes)), built.probes.size()));
  }
  line("threads", std::to_string(thread_count()));
  line("kernels", kernels_description());
  line("seed", std::to_string(built.config.seed));
  if (!directory.empty()) line("directory", directory);
  return table;
}

int run_training(const Built& built, const Start& start, const std::filesystem::path& directory,
                 const GlobalOptions& global, RunRecord& record) {
  try {
    return run_to_end(built, start, directory, global, record);
  } catch (const NumericError& error) {
    // Weights that became infinite in the last update before a checkpoint.
    return report_diverged(error.what(), std::nullopt, record);
  } catch (const std::exception& error) {
    try {
      record.finish("failed", exit_code_of(error), error.what(), std::nullopt);
    } catch (const Error&) {
      // The first fault is the one to tell of: where it was a full disk, this one follows from it.
    }
    throw;
  }
}

}  // namespace headlight
