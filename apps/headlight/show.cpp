#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/headlight/command.h"
#include "apps/headlight/opened_run.h"
#include "apps/headlight/score_table.h"
#include "apps/heads/attention_report.h"
#include "apps/tasks/token_words.h"
#include "core/error.h"

namespace headlight {
namespace {

struct ShowArguments {
  std::string run;
  std::string checkpoint = "last";
  std::optional<std::size_t> layer{};
  std::optional<std::size_t> head{};
  std::uint64_t probe = 0;
  std::optional<std::string> input{};
  bool average = false;
  bool values = false;
};

bool wanted(const std::optional<std::size_t>& choice, std::size_t index) { return !choice || *choice == index; }

void check_choice(const ShowArguments& arguments, const AttentionReport& report) {
  const std::size_t layers = report.means.size();
  if (layers == 0) raise<ConfigError>("headlight show", "the model of this run has no attention to show");
  if (arguments.layer && *arguments.layer >= layers) {
    raise<ConfigError>("--layer", fmt::format("there is no layer {}", *arguments.layer), {},
                       fmt::format("layers count from 0 to {}", layers - 1));
  }
  const std::size_t heads = report.means.front().heads;
  if (arguments.head && *arguments.head >= heads) {
    raise<ConfigError>("--head", fmt::format("there is no head {}", *arguments.head), {},
                       fmt::format("heads count from 0 to {}", heads - 1));
  }
}

int show_run(const ShowArguments& arguments, const GlobalOptions& global) {
  const OpenedRun run = open_run(arguments.run, arguments.checkpoint);
  for (const std::string& warning : run.warnings) print_note(global, warning + "\n");
  const AttentionReport report = report_attention(*run.model, *run.task);
  check_choice(arguments, report);

  Example example;
  std::string input = fmt::format("mean of {} held-out sequences", report.sequences);
  if (arguments.input) {
    example.input = TokenWords(*run.task).input(*arguments.input, run.config.model.max_len, "--input").ids;
    input = "given input";
  } else if (!arguments.average) {
    example = probe_example(*run.task, arguments.probe);
    input = fmt::format("probe {}", arguments.probe);
  }
  AttentionLook look;
  if (!arguments.average) look = look_at(*run.model, *run.task, example);
  const std::vector<AttentionWeights>& layers = arguments.average ? report.means : look.layers;

  const MapSource source{.run = run_name(run.config, run.directory), .step = run.step, .input = input};
  std::vector<AttentionMap> maps;
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    const AttentionWeights& weights = layers[layer];
    for (std::size_t head = 0; head < weights.heads; ++head) {
      if (!wanted(arguments.layer, layer) || !wanted(arguments.head, head)) continue;
      maps.push_back(make_map(head_map(weights, head, 0), {weights, layer, head}, source, *run.model, *run.task,
                              arguments.average ? nullptr : &look));
    }
  }
  TerminalStyle style = terminal_style(global);
  style.values = arguments.values;
  print_result(render_terminal(maps, style) + "\n" + head_table(report));
  return kOk;
}

}  // namespace

Command add_show(CLI::App& program, const GlobalOptions& global) {
  CLI::App* const app = program.add_subcommand("show", "attention maps of a run, in the terminal");
  const auto arguments = std::make_shared<ShowArguments>();
  app->add_option("RUN", arguments->run, "directory of the run, or of runs with a file `latest`")->required();
  app->add_option("--checkpoint", arguments->checkpoint, "last, best, or a step");
  app->add_option("--layer", arguments->layer, "only this layer, from 0");
  app->add_option("--head", arguments->head, "only this head, from 0");
  CLI::Option* const probe = app->add_option("--probe", arguments->probe, "which held-out example is read, from 0");
  CLI::Option* const input =
      app->add_option("--input", arguments->input, "tokens to read instead, separated by blanks")->excludes(probe);
  app->add_flag("--average", arguments->average, "the mean map of 256 held-out sequences")
      ->excludes(probe)
      ->excludes(input);
  app->add_flag("--values", arguments->values, "print the weight in each cell");
  return {app, [arguments, &global] { return show_run(*arguments, global); }};
}

}  // namespace headlight
