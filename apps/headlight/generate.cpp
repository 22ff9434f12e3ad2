#include "layers/models/generate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/headlight/command.h"
#include "apps/headlight/opened_run.h"
#include "apps/headlight/token_words.h"
#include "apps/training/objective.h"
#include "autograd/scopes.h"
#include "core/error.h"

namespace headlight {
namespace {

using Json = nlohmann::ordered_json;

struct GenerateArguments {
  std::string run;
  std::string input;
  std::string checkpoint = "last";
  GenerateOptions options{};
  bool json = false;
};

/// What the model says to one input.
struct Answer {
  std::vector<std::int32_t> tokens{};  ///< without the end mark
  std::vector<double> probabilities{};
};

/// A model that answers at once: the likeliest class at each place where it is asked.
Answer classify(const OpenedRun& run, const std::vector<std::int32_t>& input) {
  Example example;
  example.input = input;
  example.target.assign(run.task->shape().predict == Prediction::every ? input.size() : 1, 0);
  const NoGrad no_grad;
  const Array logits = run_model(*run.model, example_batch(*run.task, example), {}).value();
  const std::size_t classes = logits.shape().back();
  Answer answer;
  for (const Real* row = logits.data(); row != logits.data() + logits.size(); row += classes) {
    const Real* const best = std::max_element(row, row + classes);
    double sum = 0;
    for (const Real* value = row; value != row + classes; ++value) sum += std::exp(static_cast<double>(*value - *best));
    answer.tokens.push_back(static_cast<std::int32_t>(best - row));
    answer.probabilities.push_back(1 / sum);
  }
  return answer;
}

/// A decoder goes on behind the input, an encoder-decoder answers it.
Answer continue_or_answer(const OpenedRun& run, std::vector<std::int32_t> input, GenerateOptions options) {
  const TaskShape shape = run.task->shape();
  options.end = shape.end;
  std::vector<Generated> made;
  if (run.model->arch() == Architecture::encoder_decoder) {
    made = generate(*run.model, padded_source({input}), Prompts{{shape.begin.value_or(0)}}, options);
  } else {
    if (shape.begin) input.push_back(*shape.begin);
    made = generate(*run.model, Prompts{input}, options);
  }
  Answer answer{.tokens = made[0].tokens, .probabilities = made[0].log_probabilities};
  for (double& value : answer.probabilities) value = std::exp(value);
  if (made[0].ended) {
    answer.tokens.pop_back();
    answer.probabilities.pop_back();
  }
  return answer;
}

bool generates(const Model& model) {
  return model.arch() != Architecture::encoder &&
         (model.predict() == Predict::every || model.arch() == Architecture::encoder_decoder);
}

std::string line_for(const OpenedRun& run, const TokenWords& words, const std::string& input,
                     const GenerateArguments& arguments) {
  const std::vector<std::int32_t> ids = words.parse(input, run.config.model.max_len, "--input");
  const Answer answer = generates(*run.model) ? continue_or_answer(run, ids, arguments.options) : classify(run, ids);
  const bool positions = run.task->shape().predict == Prediction::pointer;
  const auto text_of = [&](std::int32_t id) { return positions ? std::to_string(id) : run.task->target_text(id); };
  if (!arguments.json) {
    if (!positions) return words.text(answer.tokens) + "\n";
    return text_of(answer.tokens.front()) + "\n";
  }
  Json json{{"input", input}, {"output", positions ? text_of(answer.tokens.front()) : words.text(answer.tokens)}};
  json["tokens"] = Json::array();
  for (std::size_t i = 0; i < answer.tokens.size(); ++i) {
    json["tokens"].push_back({{"token", text_of(answer.tokens[i])}, {"probability", answer.probabilities[i]}});
  }
  return json.dump() + "\n";
}

int generate_from(const GenerateArguments& arguments, const GlobalOptions& global) {
  const OpenedRun run = open_run(arguments.run, arguments.checkpoint);
  for (const std::string& warning : run.warnings) print_note(global, warning + "\n");
  if (run.task->shape().values > 0) {
    raise<ConfigError>("headlight generate", "the model of this run answers with numbers, not tokens", {},
                       "`headlight eval` measures them");
  }
  const TokenWords words(*run.task);
  if (arguments.input != "-") {
    print_result(line_for(run, words, arguments.input, arguments));
    return kOk;
  }
  for (std::string line; std::getline(std::cin, line);) print_result(line_for(run, words, line, arguments));
  return kOk;
}

}  // namespace

Command add_generate(CLI::App& program, const GlobalOptions& global) {
  CLI::App* const app = program.add_subcommand("generate", "what a trained model says to an input, or goes on with");
  const auto arguments = std::make_shared<GenerateArguments>();
  GenerateOptions& options = arguments->options;
  app->add_option("RUN", arguments->run, "directory of the run, or of runs with a file `latest`")->required();
  app->add_option("--input", arguments->input,
                  "tokens with blanks between them, or the text; `-` reads lines from stdin")
      ->required();
  app->add_option("--checkpoint", arguments->checkpoint, "last, best, or a step");
  app->add_option("--max-tokens", options.max_new_tokens, "new tokens, as far as the model's positions reach");
  app->add_option("--temperature", options.temperature, "draw from softmax(logits / t); 0: the likeliest token");
  app->add_option("--top-k", options.top_k, "draw among the k likeliest tokens");
  app->add_option("--top-p", options.top_p, "draw among the fewest tokens that are together this likely");
  app->add_option("--seed", options.seed, "of what is drawn");
  app->add_option("--beams", options.beams, "beam search with so many");
  app->add_flag("--json", arguments->json, "one JSON object per input, with the probability of each token");
  return {app, [arguments, &global] { return generate_from(*arguments, global); }};
}

}  // namespace headlight
