#pragma once

#include "apps/tasks/example_random.h"
#include "apps/tasks/sequence_task.h"

namespace headlight {

struct SortOptions {
  SequenceLayout layout = SequenceLayout::one_sequence;
  std::size_t symbols = 3;
  Lengths length{.least = 6, .most = 6};
  bool marks = false;        ///< of one_sequence: needed where there are several lengths
  double hash_split = 0.25;  ///< share of all inputs that are held out
  std::uint64_t train_seed = 1;
  std::uint64_t eval_seed = 1;
  std::optional<std::uint64_t> train_examples{};  ///< nothing: a new example for every index
  std::uint64_t eval_examples = 10000;
};

/// input: n symbols of {0, ..., symbols - 1}; answer: the same symbols in ascending order.
///
/// A draw is uniform, but half of the draws (a coin for each) are thrown away and drawn again when they hold more than
/// floor(n / 2) different symbols: more inputs have repetitions. With 6 of 3 symbols there are never more than 3, so
/// that this rule changes nothing there; it does with more symbols.
/// An input is held out when its hash says so (is_held_out()): inputs are drawn until one belongs to the split. So
/// training and evaluation never share an input; within a split, inputs come again where there are few.
/// Source: karpathy/minGPT, demo.ipynb (length 6, 3 symbols, a quarter of the hashes held out).
class Sort : public SequenceTask {
 public:
  /// Throws ConfigError when symbols or length is 0 or does not fit 32 bits, when several lengths meet a decoder
  /// without marks, when a split is empty because there are so few inputs of some length, or when no input is held out
  /// of a length that the evaluation asks for.
  explicit Sort(const SortOptions& options);

  std::optional<std::uint64_t> examples(Split split) const override;

 protected:
  void draw_source(const ExampleRequest& request, std::vector<std::int32_t>& source) const override;
  std::vector<std::int32_t> answer_to(std::span<const std::int32_t> source) const override;
  AttentionPattern reading() const override;
  void read_keys(std::span<const std::int32_t> source, std::size_t element,
                 std::vector<std::size_t>& keys) const override;

 private:
  /// Fills `source`, whose size is set, with an input of the split.
  void draw(Random& random, Split split, std::vector<std::int32_t>& source) const;

  SortOptions options_;
};

}  // namespace headlight
