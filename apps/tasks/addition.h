#pragma once

#include "apps/tasks/example_random.h"
#include "apps/tasks/index_order.h"
#include "apps/tasks/sequence_task.h"

namespace headlight {

struct AdditionOptions {
  SequenceLayout layout = SequenceLayout::one_sequence;
  std::size_t digits = 2;  ///< of each summand
  bool reversed = false;   ///< the answer begins with its lowest digit
  bool signs = false;      ///< write + and =
  std::uint64_t train_seed = 1;
  std::uint64_t eval_seed = 1;
  std::optional<std::uint64_t> train_examples = 9000;  ///< nothing: a pair is drawn for every index
  std::uint64_t eval_examples = 1000;
};

/// input: the n digits of a and of b, from the highest to the lowest, with leading zeros, and with `signs` also + behind a
/// and = behind b; answer: the n + 1 digits of a + b, in this order or, with `reversed`, from the lowest to the highest.
/// "85" and "50" are 8550135, or 85+50=531. Ids are the digits; + is 10, = is 11. A decoder reads the answer right behind
/// the input: its length is known, and only its digits count.
///
/// The 10^(2n) pairs stand in an order drawn from eval_seed; the first eval_examples of them are the evaluation set. The
/// training set are train_examples of all others, in an order drawn from train_seed, or a draw from them for each index.
/// So training and evaluation never share a pair (a, b).
/// Sources: karpathy/minGPT, the adder of 2020 (play_math.ipynb: plain, 9,000 and 1,000 of the pairs of two digits);
/// S. Mohapatra, "Deconstructing TinyGPT from Scratch" (ABC+DEF=, reversed); Lee et al. 2023, arXiv:2307.03381.
class Addition : public SequenceTask {
 public:
  /// Throws ConfigError unless digits is from 1 to 9 and there are as many pairs as both sets take, and for an encoder.
  explicit Addition(const AdditionOptions& options);

  std::optional<std::uint64_t> examples(Split split) const override;

 protected:
  void draw_source(const ExampleRequest& request, std::vector<std::int32_t>& source) const override;
  std::vector<std::int32_t> answer_to(std::span<const std::int32_t> source) const override;
  std::string symbol_text(std::int32_t id) const override;
  AttentionPattern reading() const override;
  void read_keys(std::span<const std::int32_t> source, std::size_t element,
                 std::vector<std::size_t>& keys) const override;

 private:
  std::uint64_t pair_index(const ExampleRequest& request) const;

  AdditionOptions options_;
  std::uint64_t numbers_;  ///< 10^n
  IndexOrder split_;       ///< of all pairs
  IndexOrder training_;    ///< of those that are not held out
};

}  // namespace headlight
