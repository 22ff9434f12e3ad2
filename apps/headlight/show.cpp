#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/export/run_chart.h"
#include "apps/headlight/command.h"
#include "apps/headlight/map_choice.h"
#include "apps/headlight/opened_run.h"
#include "apps/headlight/score_table.h"
#include "apps/headlight/snapshot_maps.h"
#include "apps/heads/attention_report.h"
#include "apps/training/run_directory.h"

namespace headlight {
namespace {

struct ShowArguments {
  std::string run;
  std::string checkpoint = "last";
  std::optional<std::uint64_t> step{};  ///< of a snapshot, which takes the place of the checkpoint
  HeadChoice head{};
  InputChoice input{};
  bool average = false;
  bool curves = false;
  bool values = false;
  std::string scale = "linear";
};

std::string drawn(std::vector<AttentionMap> maps, const ShowArguments& arguments, const TerminalStyle& style) {
  const Scale scale = parse_scale(arguments.scale);
  for (AttentionMap& map : maps) map.scale = scale;
  return render_terminal(maps, style);
}

/// The maps of a checkpoint, and what its heads read on held-out sequences.
std::string show_checkpoint(const ShowArguments& arguments, const TerminalStyle& style, const GlobalOptions& global) {
  const OpenedRun run = open_run(arguments.run, arguments.checkpoint);
  for (const std::string& warning : run.warnings) print_note(global, warning + "\n");
  AttentionLook look;
  MapSource source{.run = run_name(run.config, run.directory), .step = run.step, .input = {}};
  if (!arguments.average) {
    const ChosenInput input = choose_input(arguments.input, run.config, *run.task);
    look = look_at(*run.model, *run.task, input.example);
    source.input = answered_name(*run.model, input.name);
  }
  const AttentionReport report = report_attention(*run.model, *run.task);
  if (arguments.average) source.input = fmt::format("mean of {} held-out sequences", report.sequences);
  const std::vector<AttentionWeights>& layers = arguments.average ? report.means : look.layers;
  std::vector<AttentionMap> maps;
  for (const PlacedHead& place : choose_heads(arguments.head, placed_heads(*run.model, layers))) {
    const AttentionWeights& weights = layers[place.layer.index];
    maps.push_back(make_map(head_map(weights, place.head, 0), {weights, place.layer.layer, place.head}, source,
                            *run.model, *run.task, arguments.average ? nullptr : &look));
  }
  return drawn(std::move(maps), arguments, style) + "\n" + head_table(report);
}

std::string show_snapshot(const ShowArguments& arguments, const TerminalStyle& style) {
  const ViewRun run = read_snapshots(find_run(arguments.run), {*arguments.step});
  std::vector<AttentionMap> maps;
  for (const PlacedHead& head : choose_heads(arguments.head, recorded_heads(run))) {
    maps.push_back(recorded_map(run, map_place(head, arguments.input.probe.value_or(0)), *arguments.step));
  }
  return drawn(std::move(maps), arguments, style);
}

int show_run(const ShowArguments& arguments, const GlobalOptions& global) {
  TerminalStyle style = terminal_style(global);
  style.values = arguments.values;
  if (arguments.curves) {
    print_result(render_terminal(run_chart(read_snapshots(find_run(arguments.run), {})), style));
  } else {
    print_result(arguments.step ? show_snapshot(arguments, style) : show_checkpoint(arguments, style, global));
  }
  return kOk;
}

}  // namespace

Command add_show(CLI::App& program, const GlobalOptions& global) {
  CLI::App* const app = program.add_subcommand("show", "attention maps or curves of a run, in the terminal");
  const auto arguments = std::make_shared<ShowArguments>();
  app->add_option("RUN", arguments->run, "directory of the run, or of runs with a file `latest`")->required();
  CLI::Option* const checkpoint = app->add_option("--checkpoint", arguments->checkpoint, "last, best, or a step");
  add_head_options(*app, arguments->head);
  const InputOptions input = add_input_options(*app, arguments->input);
  CLI::Option* const step = add_step_option(*app, arguments->step, input)->excludes(checkpoint);
  app->add_flag("--average", arguments->average, "the mean map of 256 held-out sequences")
      ->excludes(input.probe)
      ->excludes(input.example)
      ->excludes(input.text)
      ->excludes(step);
  CLI::Option* const curves =
      app->add_flag("--curves", arguments->curves, "loss, accuracies and scores over the steps instead of maps");
  app->add_flag("--values", arguments->values, "print the weight in each cell");
  app->add_option("--scale", arguments->scale, "linear, sqrt, log10, row_max or map_max");
  for (CLI::Option* const option : app->get_options()) {
    const std::string name = option->get_name();
    if (name != "RUN" && name != "--help" && name != "--curves") curves->excludes(option);
  }
  return {app, [arguments, &global] { return show_run(*arguments, global); }};
}

}  // namespace headlight
