#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/headlight/command.h"
#include "apps/headlight/opened_run.h"
#include "apps/headlight/score_table.h"
#include "apps/training/evaluate.h"
#include "core/error.h"

namespace headlight {
namespace {

using Json = nlohmann::ordered_json;

struct EvalArguments {
  std::string run;
  std::string split = "eval";
  std::string checkpoint = "last";
  std::optional<std::size_t> length{};
  bool json = false;
};

Json to_json(const Score& score, bool numbers) {
  if (numbers) return {{"examples", score.accuracy.sequences}, {"mse", score.loss()}};
  return {{"examples", score.accuracy.sequences},
          {"loss", score.loss()},
          {"tok_acc", score.accuracy.tok_acc()},
          {"seq_acc", score.accuracy.seq_acc()}};
}

Json to_json(const std::string& split, const Evaluation& evaluation) {
  Json json{{"split", split}};
  json.update(to_json(evaluation.all, evaluation.numbers));
  json["by_length"] = Json::object();
  for (const auto& [length, score] : evaluation.by_length) {
    json["by_length"][std::to_string(length)] = to_json(score, evaluation.numbers);
  }
  return json;
}

int evaluate_run(const EvalArguments& arguments) {
  const OpenedRun run = open_run(arguments.run, arguments.checkpoint);
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
  print_result(arguments.json ? to_json(arguments.split, evaluation).dump() + "\n"
                              : score_table(arguments.split, evaluation));
  return kOk;
}

}  // namespace

Command add_eval(CLI::App& program, const GlobalOptions& global) {
  static_cast<void>(global);
  CLI::App* const app = program.add_subcommand("eval", "loss and accuracy of a run over a whole split");
  const auto arguments = std::make_shared<EvalArguments>();
  app->add_option("RUN", arguments->run, "directory of the run, or of runs with a file `latest`")->required();
  app->add_option("--split", arguments->split, "eval or train")->check(CLI::IsMember({"eval", "train"}));
  app->add_option("--length", arguments->length, "examples of this length alone");
  app->add_option("--checkpoint", arguments->checkpoint, "last, or a step");
  app->add_flag("--json", arguments->json, "one JSON object instead of a table");
  return {app, [arguments] { return evaluate_run(*arguments); }};
}

}  // namespace headlight
