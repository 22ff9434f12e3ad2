#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/headlight/command.h"
#include "apps/headlight/inspect_json.h"
#include "apps/headlight/inspect_tables.h"
#include "apps/headlight/map_choice.h"
#include "apps/headlight/opened_run.h"
#include "apps/heads/attention_report.h"
#include "apps/training/build.h"
#include "core/error.h"

namespace headlight {
namespace {

using Json = nlohmann::ordered_json;

struct InspectArguments {
  std::string run;
  std::string checkpoint = "last";
  InputChoice input{};
  std::uint64_t examples = 256;
  std::vector<std::string> ablations{};
  std::vector<std::string> patch{};  ///< clean, corrupt
  std::optional<std::size_t> row{};
  bool attribution = false;
  bool circuits = false;
  bool values = false;
  bool json = false;
};

/// What is inspected, and where its results go: text, or one JSON object.
class Inspection {
 public:
  Inspection(const InspectArguments& arguments, const GlobalOptions& global)
      : arguments_(arguments), global_(global), run_(open_run(arguments.run, arguments.checkpoint)) {
    for (const std::string& warning : run_.warnings) print_note(global, warning + "\n");
  }

  int run() {
    json_ = {{"run", run_name(run_.config, run_.directory)}, {"step", run_.step}};
    const bool views = !arguments_.patch.empty() || arguments_.attribution || arguments_.circuits;
    if (!views) show_attention();
    if (!views || !arguments_.ablations.empty()) show_heads(!views);
    if (!arguments_.patch.empty()) show_patching();
    if (arguments_.attribution) show_attribution();
    if (arguments_.circuits) show_circuits();
    print_result(arguments_.json ? json_.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n" : text_);
    return kOk;
  }

 private:
  void say(const std::string& part) { text_ += (text_.empty() ? "" : "\n") + part; }

  Example given(const std::string& text) const { return given_example(text, run_.config, *run_.task, "--patch"); }

  void show_attention() {
    const ChosenInput input = choose_input(arguments_.input, run_.config, *run_.task);
    const AttentionLook look = look_at(*run_.model, *run_.task, input.example);
    const std::vector<PlacedHead> heads = placed_heads(*run_.model, look.layers);
    const std::string name = answered_name(*run_.model, input.name);
    if (arguments_.json) {
      json_["input"] = name;
      json_["attention"] = attention_json(look, *run_.model, *run_.task);
      return;
    }
    const MapSource source{.run = run_name(run_.config, run_.directory), .step = run_.step, .input = name};
    std::vector<AttentionMap> maps;
    for (const PlacedHead& place : heads) {
      const AttentionWeights& weights = look.layers[place.layer.index];
      maps.push_back(make_map(head_map(weights, place.head, 0), {weights, place.layer.layer, place.head}, source,
                              *run_.model, *run_.task, &look));
    }
    say(render_terminal(maps, style()));
  }

  void show_heads(bool roles) {
    std::vector<Ablation> ablations;
    for (const std::string& word : arguments_.ablations) {
      const Ablation ablation = parse_ablation(word, "--ablate");
      if (std::find(ablations.begin(), ablations.end(), ablation) == ablations.end()) ablations.push_back(ablation);
    }
    const HeadStatistics statistics =
        measure_heads(*run_.model, *run_.task,
                      {.examples = arguments_.examples, .ablations = ablations, .loss = run_.config.loss.type});
    if (statistics.heads.empty()) {
      raise<ConfigError>("headlight inspect", "the model of this run has no heads to measure");
    }
    if (arguments_.json) {
      const RoleThresholds thresholds;
      json_["thresholds"] = {{"score", thresholds.score}, {"lift", thresholds.lift}, {"uniform", thresholds.uniform}};
      json_["heads"] = heads_json(statistics, run_.step);
      return;
    }
    if (roles) say(role_table(statistics));
    if (!ablations.empty()) say(ablation_table(statistics, ablations));
  }

  void show_patching() {
    const Example clean = answered(*run_.model, *run_.task, given(arguments_.patch[0]));
    Example corrupt = given(arguments_.patch[1]);
    // A decoder behind a source reads the same in both runs: what it would answer to the clean one.
    corrupt.begun = clean.begun;
    corrupt.target = clean.target;
    const PatchedRun patched = patch_heads(*run_.model, *run_.task, clean, corrupt, arguments_.row);
    if (arguments_.json) {
      json_["patching"] = patching_json(patched, *run_.task);
      return;
    }
    std::vector<std::string> source;
    std::vector<std::string> target;
    for (std::size_t i = 0; i < clean.input.size(); ++i) {
      const std::string was = run_.task->token_text(clean.input[i]);
      const std::string is = run_.task->token_text(corrupt.input[i]);
      source.push_back(was == is ? was : fmt::format("{}/{}", was, is));
    }
    for (const std::int32_t id : clean.begun) target.push_back(run_.task->target_text(id));
    say(render_terminal(patching_maps(patched, source, target), style()));
    say(patching_table(patched, *run_.task));
  }

  void show_attribution() {
    const ChosenInput input = choose_input(arguments_.input, run_.config, *run_.task);
    const std::vector<std::int32_t>& target = input.example.target;
    const bool known = std::any_of(target.begin(), target.end(), [](std::int32_t id) { return id >= 0; });
    const Example read = known ? input.example : answered(*run_.model, *run_.task, input.example);
    const std::vector<std::size_t> asked = asked_rows(*run_.model, *run_.task, read);
    if (asked.empty()) raise<ConfigError>("--attribution", "the model is asked at no position of this input");
    const bool goes_on = run_.model->arch() == Architecture::decoder;
    const std::size_t row = arguments_.row.value_or(goes_on ? asked.back() : asked.front());
    const nlohmann::json composed = composed_model(run_.config.model, *run_.task);
    const AnswerAttribution attribution = attribute_answer(*run_.model, *run_.task, composed, read, row);
    if (arguments_.json) {
      json_["attribution"] = attribution_json(attribution, *run_.task);
    } else {
      const std::string name = known ? input.name : answered_name(*run_.model, input.name);
      say(name + ": " + attribution_table(attribution, *run_.task));
    }
  }

  void show_circuits() {
    const Circuits circuits = read_circuits(*run_.model, *run_.task, composed_model(run_.config.model, *run_.task));
    if (circuits.heads.empty() && circuits.notes.empty()) {
      raise<ConfigError>("--circuits", "the model of this run has no heads");
    }
    if (arguments_.json) {
      json_["circuits"] = circuits_json(circuits);
    } else {
      say(circuits_table(circuits));
    }
  }

  TerminalStyle style() const {
    TerminalStyle style = terminal_style(global_);
    style.values = arguments_.values;
    return style;
  }

  const InspectArguments& arguments_;
  const GlobalOptions& global_;
  OpenedRun run_;
  std::string text_{};
  Json json_{};
};

}  // namespace

Command add_inspect(CLI::App& program, const GlobalOptions& global) {
  CLI::App* const app = program.add_subcommand(
      "inspect", "what the heads of a run do: maps and roles, and on demand ablation, patching, attribution, circuits");
  const auto arguments = std::make_shared<InspectArguments>();
  app->add_option("RUN", arguments->run, "directory of the run, or of runs with a file `latest`")->required();
  app->add_option("--checkpoint", arguments->checkpoint, "last, best, or a step");
  const InputOptions input = add_input_options(*app, arguments->input);
  app->add_option("--examples", arguments->examples, "held-out examples over which heads are measured")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 32U));
  app->add_option("--ablate", arguments->ablations,
                  "the effect of replacing each head: mean (without a word), zero or uniform; may be given again")
      ->expected(0, 1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  CLI::Option* const patch =
      app->add_option("--patch", arguments->patch,
                      "CLEAN CORRUPT: which heads, taken from the first input, bring its answer back in the second")
          ->expected(2)
          ->excludes(input.probe)
          ->excludes(input.example)
          ->excludes(input.text);
  CLI::Option* const attribution = app->add_flag("--attribution", arguments->attribution,
                                                 "what each head adds to the logit of the answer to one input");
  app->add_flag("--circuits", arguments->circuits, "what the weights of each head say by themselves");
  CLI::Option* const row =
      app->add_option("--at", arguments->row, "the row, from 0, whose answer --patch and --attribution look at");
  patch->excludes(attribution);
  app->add_flag("--values", arguments->values, "print the number in each cell of the maps");
  app->add_flag("--json", arguments->json, "one JSON object instead of maps and tables");
  return {app, [arguments, row, patch, attribution, &global] {
            if (row->count() > 0 && patch->count() == 0 && attribution->count() == 0) {
              raise<ConfigError>("--at", "it names the row of --patch or --attribution, and neither is given");
            }
            // Without a word CLI11 gives an empty one.
            std::replace(arguments->ablations.begin(), arguments->ablations.end(), std::string(), std::string("mean"));
            return Inspection(*arguments, global).run();
          }};
}

}  // namespace headlight
