#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/headlight/command.h"
#include "apps/headlight/opened_run.h"
#include "apps/headlight/score_table.h"
#include "apps/heads/attention_report.h"
#include "apps/training/evaluate.h"
#include "core/error.h"
#include "layers/summary.h"

namespace headlight {
namespace {

using Json = nlohmann::ordered_json;

struct EvalArguments {
  std::string run;
  std::string split = "eval";
  std::string checkpoint = "last";
  std::string data;
  std::optional<std::size_t> length{};
  bool json = false;
};

Json to_json(const Score& score, bool numbers) {
  Json json{{"examples", score.accuracy.sequences}, {numbers ? "mse" : "loss", score.loss()}};
  if (!numbers) {
    json["tok_acc"] = score.accuracy.tok_acc();
    json["seq_acc"] = score.accuracy.seq_acc();
  }
  if (score.shared > 0) json["not_held_out"] = score.shared;
  return json;
}

/// For each pattern of the task the head that reads the right keys most.
Json heads_json(const AttentionReport& report) {
  Json json = Json::object();
  for (std::size_t p = 0; p < report.patterns.size(); ++p) {
    const HeadScores* best = nullptr;
    for (const HeadScores& head : report.scores) {
      const std::optional<TargetScore>& right = head.roles.patterns.at(p);
      if (!right || right->rows == 0) continue;
      if (best == nullptr || right->mass() > best->roles.patterns[p]->mass()) best = &head;
    }
    if (best == nullptr) continue;
    const TargetScore& score = *best->roles.patterns[p];
    const LayerPlace& place = report.places.at(best->layer);
    json[report.patterns[p].name] = {{"block", place.block},
                                     {"layer", place.layer},
                                     {"head", best->head},
                                     {"mass", score.mass()},
                                     {"argmax", score.argmax()}};
  }
  return json;
}

Json to_json(const std::string& split, const Evaluation& evaluation) {
  Json json{{"split", split}};
  json.update(to_json(evaluation.all, evaluation.numbers));
  json["by_length"] = Json::object();
  for (const auto& [length, score] : evaluation.by_length) {
    json["by_length"][std::to_string(length)] = to_json(score, evaluation.numbers);
  }
  for (const auto& [earlier, score] : evaluation.by_position) {
    json["by_position"][std::to_string(earlier)] = to_json(score, evaluation.numbers);
  }
  return json;
}

int evaluate_run(const EvalArguments& arguments, const GlobalOptions& global) {
  const OpenedRun run = open_run(arguments.run, arguments.checkpoint, arguments.data);
  for (const std::string& warning : run.warnings) print_note(global, warning + "\n");
  const Split split = arguments.split == "train" ? Split::train : Split::eval;
  const std::optional<std::uint64_t> examples = run.task->examples(split);
  if (!examples) {
    raise<ConfigError>("headlight eval", "the training set of this run has no end", {}, "evaluate the split `eval`");
  }
  EvaluationPlan plan{.split = split, .examples = *examples, .loss = run.config.loss.type};
  if (arguments.length) plan.lengths = {*arguments.length};
  Evaluation evaluation = evaluate(*run.model, *run.task, plan);
  if (!arguments.length && split == Split::eval) {
    evaluation.by_length = scores_by_length(*run.model, *run.task, run.config, evaluation);
  }
  if (!arguments.json) {
    print_result(score_table(arguments.split, evaluation));
    return kOk;
  }
  Json json = to_json(arguments.split, evaluation);
  json["parameters"] = parameter_count(*run.model);
  json["heads"] = heads_json(report_attention(*run.model, *run.task));
  print_result(json.dump() + "\n");
  return kOk;
}

}  // namespace

Command add_eval(CLI::App& program, const GlobalOptions& global) {
  CLI::App* const app = program.add_subcommand("eval", "loss and accuracy of a run over a whole split");
  const auto arguments = std::make_shared<EvalArguments>();
  app->add_option("RUN", arguments->run, "directory of the run, or of runs with a file `latest`")->required();
  CLI::Option* const split =
      app->add_option("--split", arguments->split, "eval or train")->check(CLI::IsMember({"eval", "train"}));
  CLI::Option* const data =
      app->add_option("--data", arguments->data,
                      "a file of the same kind as the run's, evaluated whole in place of what was held out");
  split->excludes(data);
  app->add_option("--length", arguments->length, "examples of this length alone");
  app->add_option("--checkpoint", arguments->checkpoint, "last, best, or a step");
  app->add_flag("--json", arguments->json, "one JSON object instead of a table");
  return {app, [arguments, &global] { return evaluate_run(*arguments, global); }};
}

}  // namespace headlight
