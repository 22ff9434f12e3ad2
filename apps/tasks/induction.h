#pragma once

#include <vector>

#include "apps/tasks/example_random.h"
#include "apps/tasks/task.h"

namespace headlight {

struct InductionOptions {
  std::size_t symbols = 127;  ///< besides the start mark
  std::size_t block = 16;
  std::size_t repeats = 3;
  Lengths length{.least = 85, .most = 85};
  std::uint64_t train_seed = 1;
  std::uint64_t eval_seed = 1;
  std::optional<std::uint64_t> train_examples{};  ///< nothing: a new example for every index
  std::uint64_t eval_examples = 10000;
};

/// input: the start mark 0, and T - 1 tokens, each uniform in {1, ..., symbols}. They fall into `repeats` parts of
/// floor((T - 1) / repeats) tokens (what is left over stands behind), and in each part one block of `block` uniform
/// tokens stands at a place of its own: each place that leaves the part's last token to chance is as likely. Position t
/// predicts token t + 1, and what counts are the tokens of all copies of the block but the first copy's, and but the
/// first of a copy.
///
/// The first token of a copy comes without notice; the others follow from an earlier copy, by finding the present token
/// there and reading the one behind it. That is ambiguous where the present token stands in the first part twice.
/// Source: Nanda et al. 2023, arXiv:2301.05217, repeated subsequences (mechanistic-interpretability-grokking/
/// progress-measures-paper, saved_runs/induction_head_infinite.pth). The file has no generator; what is made here is what
/// its weights and its optimiser's second moments tell of it: see data/README.md, "The data behind a published run".
/// Induction heads: Olsson et al. 2022, arXiv:2209.11895.
class Induction : public Task {
 public:
  /// Throws ConfigError unless symbols fit 32 bits, block and repeats are at least 2, and the start mark and the copies
  /// fit into the shortest sequence.
  explicit Induction(const InductionOptions& options);

  TaskShape shape() const override;
  std::optional<std::uint64_t> examples(Split split) const override;
  /// Throws ConfigError also on a length into which the copies do not fit.
  void example(const ExampleRequest& request, Example& example) const override;
  std::string token_text(std::int32_t id) const override;
  /// Adds the start mark in front of an input without it.
  void complete(std::vector<std::int32_t>& input) const override;

  /// "prefix_match": a token of a later copy, but its last one, reads what stands behind the same token earlier in any
  /// copy. "previous": a token of the first copy reads the one before it, so that a later layer can find that token.
  std::vector<AttentionPattern> patterns() const override;
  void right_keys(std::size_t pattern, const Example& example, std::size_t query,
                  std::vector<std::size_t>& keys) const override;

 private:
  /// Where the copies begin, the first one too.
  std::vector<std::size_t> starts(const Example& example) const;
  void check_length(std::size_t length) const;

  InductionOptions options_;
};

}  // namespace headlight
