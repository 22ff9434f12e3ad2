#pragma once

#include "apps/config/task_config.h"
#include "apps/tasks/example_random.h"

namespace headlight {

struct FormalOptions {
  config::FormalProblem problem = config::FormalProblem::kParity;
  Lengths length{.least = 1, .most = 40};
  const char* block = "enc.self";  ///< the self-attention of the model
  ExampleSeeds seeds{};
  std::optional<std::uint64_t> train_examples{};  ///< nothing: a new example for every index
  std::uint64_t eval_examples = 10240;
};

/// Problems of formal languages on a string x_1 ... x_n, with an answer y of m symbols. The input is x and then m times the
/// dummy "_", at which the answer is read, all at once; the string has no targets.
///
///   parity          x in {0, 1}^n        y = (x_1 + ... + x_n) mod 2                                            m = 1
///   even_pairs      x in {0, 1}^n        y = number of i with x_i != x_(i+1), mod 2: 1 when x_1 != x_n          m = 1
///   cycle_nav       x in {0, 1, 2}^n     y = sum of (x_i - 1), mod 5: steps back, none, forth on a cycle of 5   m = 1
///   reverse_string  x in {0, 1}^n        y = x_n ... x_1                                                        m = n
///   stack           b in {0, 1}^k and then n - k of 2, 3, 4 (pop, push 0, push 1), k uniform in {1, ..., n - 1}:
///                   y = the stack that is left, from its top, then 2; behind it there are no targets        m = n + 1
///   bucket_sort     x in {0, ..., 4}^n   y = x in ascending order                                               m = n
///   duplicate       x in {0, 1}^n        y = x x                                                               m = 2 n
///   missing_dup     x = w w with one symbol, each as likely, replaced by 2, and with 3 behind it when n is odd:
///                   y = the one that is missing                                                                 m = 1
///   odds_first      x in {0, 1}^n        y = x_2 x_4 ... x_1 x_3 ...                                            m = n
///
/// Pop leaves an empty stack alone; with n = 1 stack has no instruction, and missing_dup is "1" with the answer 1. Symbols
/// that are drawn are uniform. Where n is at least 20 the two splits have no string in common; shorter
/// ones are so few that they are in both, which splits_share() says of those that are trained on.
///
/// Source: Delétang et al. 2022, "Neural Networks and the Chomsky Hierarchy", arXiv:2207.02098, section 4 and appendix A.1
/// (google-deepmind/neural_networks_chomsky_hierarchy). Where the text differs from the code this follows the code: in the
/// text odds_first gives x_1 x_3 ... x_2 x_4 ..., and even_pairs asks for equality.
class Formal : public Task {
 public:
  /// Throws ConfigError when a length is 0.
  explicit Formal(const FormalOptions& options);

  TaskShape shape() const override;
  std::optional<std::uint64_t> examples(Split split) const override;
  void example(const ExampleRequest& request, Example& example) const override;
  bool splits_share(std::size_t length) const override;
  std::string token_text(std::int32_t id) const override;
  /// Adds the dummies behind a string without any.
  void complete(std::vector<std::int32_t>& input) const override;
  bool answers_at(std::span<const std::int32_t> input, std::size_t position) const override {
    return input[position] == static_cast<std::int32_t>(alphabet());
  }
  std::string target_text(std::int32_t id) const override { return std::to_string(id); }
  /// What a dummy reads. even_pairs: first_last, the two ends of the string. reverse_string, duplicate and odds_first:
  /// source, where its symbol stands. missing_dup: twin, where the missing symbol stands in the other half.
  std::vector<AttentionPattern> patterns() const override;
  void right_keys(std::size_t pattern, const Example& example, std::size_t query,
                  std::vector<std::size_t>& keys) const override;

 private:
  std::size_t alphabet() const;  ///< ids of the string are below it; the dummy follows
  std::size_t answers() const;   ///< ids of the answer are below this
  std::vector<std::int32_t> drawn_string(Random& random, std::size_t length) const;

  FormalOptions options_;
};

}  // namespace headlight
