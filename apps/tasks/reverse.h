#pragma once

#include "apps/tasks/example_random.h"
#include "apps/tasks/sequence_task.h"

namespace headlight {

struct ReverseOptions {
  SequenceLayout layout = SequenceLayout::per_position;
  std::size_t symbols = 10;
  Lengths length{.least = 16, .most = 16};
  std::uint64_t train_seed = 1;
  std::uint64_t eval_seed = 1;
  std::optional<std::uint64_t> train_examples = 50000;  ///< nothing: a new example for every index
  std::uint64_t eval_examples = 10000;
};

/// input: symbols, each uniform in {0, ..., symbols - 1}; answer: the same symbols from the last to the first.
/// Element t can only be known by reading position length - 1 - t.
/// Source: Deep Learning course of the University of Amsterdam, tutorial 6 (phlippe/uvadlc_notebooks).
class Reverse : public SequenceTask {
 public:
  /// Throws ConfigError when symbols or length is 0 or does not fit 32 bits.
  explicit Reverse(const ReverseOptions& options);

  std::optional<std::uint64_t> examples(Split split) const override;

 protected:
  void draw_source(const ExampleRequest& request, std::vector<std::int32_t>& source) const override;
  std::vector<std::int32_t> answer_to(std::span<const std::int32_t> source) const override;
  AttentionPattern reading() const override;
  void read_keys(std::span<const std::int32_t> source, std::size_t element,
                 std::vector<std::size_t>& keys) const override;

 private:
  ReverseOptions options_;
};

}  // namespace headlight
