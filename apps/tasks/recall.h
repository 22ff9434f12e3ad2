#pragma once

#include "apps/config/task_config.h"
#include "apps/tasks/drawn_task.h"

namespace headlight {

struct RecallOptions {
  config::RecallVariant variant = config::RecallVariant::kAssocRecall;
  std::size_t symbols = 18;
  Lengths length{.least = 40, .most = 40};
  DrawnSets sets{.train_examples = 5000, .eval_examples = 500};
};

/// Recall of what stood behind the same symbol before, with symbols {0, ..., S - 1} and the marks "=>" = S and "." = S + 1
/// (which the reference has in its vocabulary too, and never uses).
///
/// assoc_recall: the first half of the symbols are keys, the other values. A map from every key to a value is drawn, each
/// value uniform; then length / 2 keys, each uniform, each followed by its value; then "=>", a key uniform among those
/// that occurred, and its value, the answer.
/// induction_head: `length` uniform symbols, one of which, at a place uniform in {0, ..., length - 3}, gives way to "=>";
/// then "=>" once more, and the symbol behind the first one, the answer.
///
/// The input is the sequence without its answer. In training every position has the next symbol for its target; of a
/// held-out example only the last one, the answer, counts.
///
/// The accuracy in training is an alarm for leaks, since most of what is predicted there is random. The best that can be
/// done without seeing the future: keys, first occurrences and filler are right by chance only. For assoc_recall that is
/// 53 % of all targets with 8 symbols and length 20, 40 % with 18 and 40; for induction_head 12 % with 18 and 30. A
/// `tok_acc` of training rows well above (60 % in the first case) says that the model reads its own answers, or that it
/// knows its training set by heart.
///
/// Source: HazyResearch/safari, src/dataloaders/synthetics.py; Fu et al. 2022, "Hungry Hungry Hippos", arXiv:2212.14052,
/// section 3.1. There, sequences are unique within each set; here no held-out one is trained on either.
class Recall : public DrawnTask {
 public:
  /// Throws ConfigError when a length is odd with pairs, below 3 without, or the sets are larger than the task.
  explicit Recall(const RecallOptions& options);

  TaskShape shape() const override;
  std::string token_text(std::int32_t id) const override;
  std::optional<std::size_t> answer_length(std::size_t /*input*/) const override { return 1; }
  /// kv_hit: the last position reads where the value of its key stands, or the symbol behind the first mark.
  std::vector<AttentionPattern> patterns() const override;
  void right_keys(std::size_t pattern, const Example& example, std::size_t query,
                  std::vector<std::size_t>& keys) const override;

 protected:
  void draw(Random& random, const ExampleRequest& request, Example& example) const override;

 private:
  bool has_pairs() const { return options_.variant == config::RecallVariant::kAssocRecall; }
  void check_length(std::size_t length) const;
  [[noreturn]] void refuse(std::size_t length) const;
  std::int32_t arrow() const { return static_cast<std::int32_t>(options_.symbols); }
  void draw_pairs(Random& random, std::size_t length, std::vector<std::int32_t>& sequence) const;
  void draw_filler(Random& random, std::size_t length, std::vector<std::int32_t>& sequence) const;

  RecallOptions options_;
};

}  // namespace headlight
