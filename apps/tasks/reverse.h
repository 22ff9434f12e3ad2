#pragma once

#include "apps/tasks/task.h"

namespace headlight {

struct ReverseOptions {
  std::size_t symbols = 10;
  std::size_t length = 16;
  std::uint64_t train_seed = 1;
  std::uint64_t eval_seed = 1;
  std::optional<std::uint64_t> train_examples = 50000;  ///< nothing: a new example for every index
  std::uint64_t eval_examples = 10000;
};

/// input: `length` symbols, each uniform in {0, ..., symbols - 1}; target: the same symbols from the last to the first.
/// Position q can only be predicted by reading position length - 1 - q.
/// Source: Deep Learning course of the University of Amsterdam, tutorial 6 (phlippe/uvadlc_notebooks).
class Reverse : public Task {
 public:
  /// Throws ConfigError when symbols or length is 0 or does not fit 32 bits.
  explicit Reverse(const ReverseOptions& options);

  std::size_t vocabulary() const override { return options_.symbols; }
  std::size_t classes() const override { return options_.symbols; }
  std::size_t length() const override { return options_.length; }
  std::optional<std::uint64_t> examples(Split split) const override;
  void example(Split split, std::uint64_t index, std::span<std::int32_t> input,
               std::span<std::int32_t> target) const override;
  std::string token_text(std::int32_t id) const override { return std::to_string(id); }
  std::optional<std::size_t> expected_key(std::size_t query, std::size_t length) const override;

 private:
  ReverseOptions options_;
};

}  // namespace headlight
