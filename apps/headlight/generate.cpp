#include "layers/models/generate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/headlight/command.h"
#include "apps/headlight/opened_run.h"
#include "apps/tasks/token_words.h"
#include "apps/training/objective.h"
#include "autograd/scopes.h"
#include "core/error.h"

namespace headlight {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kInput = "--input";

struct GenerateArguments {
  std::string run;
  std::string input;
  std::string checkpoint = "last";
  GenerateOptions options{};
  std::optional<std::size_t> most_tokens{};
  std::vector<std::string> stepwise{};  ///< options given that only a model which generates step by step obeys
  bool json = false;
};

/// What the model says to one input.
struct Answer {
  std::vector<std::int32_t> tokens{};  ///< a generated one without its end mark
  std::vector<double> probabilities{};
};

/// Whether the model says one token after the other. A decoder whose positions answer for themselves does not.
bool generates(const OpenedRun& run) {
  if (run.model->arch() == Architecture::encoder_decoder) return true;
  return run.model->arch() == Architecture::decoder && run.model->predict() == Predict::every &&
         !run.task->shape().in_place;
}

/// The positions of the input at which a model that answers at once is asked.
std::vector<std::size_t> asked_positions(const Task& task, const std::vector<std::int32_t>& input) {
  std::vector<std::size_t> positions;
  for (std::size_t position = 0; position < input.size(); ++position) {
    if (task.answers_at(input, position)) positions.push_back(position);
  }
  if (positions.empty()) {
    raise<ConfigError>(kInput, "the task answers at none of its tokens", {},
                       "`headlight show RUN` has an input that it does answer");
  }
  return positions;
}

/// A model that answers at once: the likeliest class at each place where it is asked.
Answer classify(const OpenedRun& run, const std::vector<std::int32_t>& input) {
  const TaskShape shape = run.task->shape();
  const bool every = shape.predict == Prediction::every;
  Example example;
  example.input = input;
  example.target.assign(every ? input.size() : 1, 0);
  const std::vector<std::size_t> rows = every ? asked_positions(*run.task, input) : std::vector<std::size_t>{0};
  const NoGrad no_grad;
  const Array logits = run_model(*run.model, example_batch(*run.task, example), {}).value();
  const std::size_t classes = logits.shape().back();
  Answer answer;
  for (const std::size_t place : rows) {
    const Real* const row = logits.data() + place * classes;
    const Real* const best = std::max_element(row, row + classes);
    double sum = 0;
    for (const Real* value = row; value != row + classes; ++value) sum += std::exp(static_cast<double>(*value - *best));
    answer.tokens.push_back(static_cast<std::int32_t>(best - row));
    answer.probabilities.push_back(1 / sum);
    // What stands behind an end mark was never trained. The mark is said: it is all that an empty answer has.
    if (answer.tokens.back() == shape.end) break;
  }
  return answer;
}

/// A decoder goes on behind the input, an encoder-decoder answers it.
Answer continue_or_answer(const OpenedRun& run, const GivenInput& asked, const GenerateArguments& arguments) {
  const TaskShape shape = run.task->shape();
  GenerateOptions options = arguments.options;
  options.end = shape.end;
  const std::optional<std::size_t> whole = run.task->answer_length(asked.given);
  if (whole) options.max_new_tokens = std::min(*whole, arguments.most_tokens.value_or(*whole));
  std::vector<Generated> made;
  if (run.model->arch() == Architecture::encoder_decoder) {
    made = generate(*run.model, padded_source({asked.ids}), Prompts{{shape.begin.value_or(0)}}, options);
  } else {
    made = generate(*run.model, Prompts{asked.ids}, options);
  }
  Answer answer{.tokens = made[0].tokens, .probabilities = made[0].log_probabilities};
  for (double& value : answer.probabilities) value = std::exp(value);
  if (made[0].ended) {
    answer.tokens.pop_back();
    answer.probabilities.pop_back();
  }
  return answer;
}

/// Says of an input that it is of another length than all that the model was trained with, where that is one.
void warn_of_length(const OpenedRun& run, std::size_t given, const GlobalOptions& global) {
  const config::TaskConfig& task = run.config.task;
  // Those whose length is that of the input; other tasks measure pairs, blocks, or strings without their marks.
  const bool has_length = task.type == config::TaskType::kReverse || task.type == config::TaskType::kCopy ||
                          task.type == config::TaskType::kSort;
  if (!has_length || task.length.min != task.length.max || given == task.length.max) return;
  print_note(global, fmt::format("warning: the input holds {} tokens, and the model was trained with {} only\n", given,
                                 task.length.max));
}

std::string line_for(const OpenedRun& run, const TokenWords& words, const std::string& input,
                     const GenerateArguments& arguments, const GlobalOptions& global) {
  const GivenInput asked = words.input(input, run.config.model.max_len, kInput);
  warn_of_length(run, asked.given, global);
  const Answer answer = generates(run) ? continue_or_answer(run, asked, arguments) : classify(run, asked.ids);
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
  // Bytes need not be UTF-8, which JSON must be; `tokens` tells which they are.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// Throws ConfigError on an option that says how to go on where the model does not.
void check_options(const GenerateArguments& arguments, const OpenedRun& run) {
  if (arguments.stepwise.empty() || generates(run)) return;
  raise<ConfigError>(arguments.stepwise.front(),
                     "the model of this run answers all at once, it does not go on token by token", {},
                     fmt::format("leave {} out", fmt::join(arguments.stepwise, ", ")));
}

int generate_from(const GenerateArguments& arguments, const GlobalOptions& global) {
  const OpenedRun run = open_run(arguments.run, arguments.checkpoint);
  for (const std::string& warning : run.warnings) print_note(global, warning + "\n");
  if (run.task->shape().values > 0) {
    raise<ConfigError>("headlight generate", "the model of this run answers with numbers, not tokens", {},
                       "`headlight eval` measures them");
  }
  check_options(arguments, run);
  const TokenWords words(*run.task);
  if (arguments.input != "-") {
    print_result(line_for(run, words, arguments.input, arguments, global));
    return kOk;
  }
  for (std::string line; std::getline(std::cin, line);) print_result(line_for(run, words, line, arguments, global));
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
  const std::vector<CLI::Option*> stepwise = {
      app->add_option("--max-tokens", options.max_new_tokens, "new tokens, as far as the model's positions reach"),
      app->add_option("--temperature", options.temperature, "draw from softmax(logits / t); 0: the likeliest token"),
      app->add_option("--top-k", options.top_k, "draw among the k likeliest tokens"),
      app->add_option("--top-p", options.top_p, "draw among the fewest tokens that are together this likely"),
      app->add_option("--seed", options.seed, "of what is drawn"),
      app->add_option("--beams", options.beams, "beam search with so many")};
  app->add_flag("--json", arguments->json, "one JSON object per input, with the probability of each token");
  return {app, [arguments, stepwise, &global] {
            for (const CLI::Option* option : stepwise) {
              if (option->count() > 0) arguments->stepwise.push_back(option->get_name());
            }
            if (stepwise.front()->count() > 0) arguments->most_tokens = arguments->options.max_new_tokens;
            return generate_from(*arguments, global);
          }};
}

}  // namespace headlight
