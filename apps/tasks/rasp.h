#pragma once

#include "apps/tasks/drawn_task.h"
#include "apps/tasks/string_program.h"

namespace headlight {

struct RaspOptions {
  config::RaspProgram program = config::RaspProgram::kHist;
  std::size_t symbols = 6;  ///< of the dyck programs, which have 2 and 4 brackets, without meaning
  Lengths length{.least = 1, .most = 7};
  const char* block = "enc.self";  ///< the self-attention of the model
  DrawnSets sets{.train_examples = 18000, .eval_examples = 2000};
};

/// What small programs of the language RASP compute of a string x_1 ... x_n, one answer y_i for each symbol. The input is
/// <bos> x_1 ... x_n, of reverse and sort with <eos> behind it; marks have no target.
///
///   hist         y_i = how often x_i occurs in x
///   double_hist  y_i = how many different symbols occur as often as x_i
///   reverse      y_i = x_(n + 1 - i)
///   sort         y_i = i-th of the symbols in ascending order
///   most_freq    y_i = i-th of the different symbols by falling frequency, equal ones in the order of their first
///                occurrence; then <pad>
///   dyck1, 2     T when x_1 ... x_i is balanced, P when it can still be balanced, F when it has failed, of one and of two
///                kinds of brackets
///
/// n is uniform between the two lengths, and symbols are uniform, but strings are unique within a set, so that short ones
/// are rarer. Half of the dyck strings are uniform brackets; the other half are balanced strings, made by m steps, m uniform
/// in {0, ..., (n + 1) / 2}, that put a pair of a random kind behind or around what is there, then cut to n or filled with
/// uniform brackets.
///
/// <bos> is there because the hand-built solutions need it: with all keys of the same symbol and <bos> read alike, the
/// weight on <bos> is 1 / (1 + count), from which the count follows.
///
/// Source: Friedman, Wettig & Chen 2023, "Learning Transformer Programs", arXiv:2306.01128, section 4.2 and table 1
/// (princeton-nlp/TransformerPrograms, src/utils/data_utils.py), whose vocabulary of 8 and length of 8 count the marks and a
/// padding id; programs of Weiss, Goldberg & Yahav 2021, "Thinking like Transformers", arXiv:2106.06981.
class Rasp : public DrawnTask {
 public:
  /// Throws ConfigError when symbols or length is 0, or the sets are larger than the task.
  explicit Rasp(const RaspOptions& options);

  TaskShape shape() const override;
  std::string token_text(std::int32_t id) const override;
  std::string target_text(std::int32_t id) const override;
  /// Adds the marks that are missing.
  void complete(std::vector<std::int32_t>& input) const override;
  bool answers_at(std::span<const std::int32_t> input, std::size_t position) const override {
    return input[position] < static_cast<std::int32_t>(alphabet());
  }
  /// hist and double_hist: same_token, all positions with the same symbol. reverse: antidiag, the mirrored position.
  std::vector<AttentionPattern> patterns() const override;
  void right_keys(std::size_t pattern, const Example& example, std::size_t query,
                  std::vector<std::size_t>& keys) const override;

 protected:
  void draw(Random& random, const ExampleRequest& request, Example& example) const override;

 private:
  std::size_t alphabet() const;  ///< ids of the string are below it; <bos> and <eos> follow
  std::size_t answers() const;   ///< ids of the answer are below this

  RaspOptions options_;
};

}  // namespace headlight
