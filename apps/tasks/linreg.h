#pragma once

#include "apps/tasks/example_random.h"

namespace headlight {

struct LinregOptions {
  std::size_t dimensions = 20;
  Lengths points{.least = 41, .most = 41};
  double noise = 0;
  ExampleSeeds seeds{};
  std::optional<std::uint64_t> train_examples{};  ///< nothing: a new example for every index
  std::uint64_t eval_examples = 1280;
};

/// Linear regression in the context. w and x_1 ... x_k are drawn from N(0, I_d), and y_i = w . x_i + noise e_i with e_i from
/// N(0, 1). The input is the sequence of vectors x_1, (y_1, 0, ..., 0), x_2, (y_2, 0, ..., 0), ...; at x_i the model answers
/// with y_i, of which it has seen i - 1 examples with their values, and at the values there is no target.
/// Where fewer dimensions are asked for, the others of each x are 0.
///
/// Of the error by position: y has variance d. Without noise the solution of least squares with the smallest norm has the
/// error d - i behind i < d examples, and 0 from d on.
/// Source: Garg et al. 2022, "What can Transformers learn in-context?", arXiv:2208.01066, sections 2 and 3.
class Linreg : public Task {
 public:
  /// Throws ConfigError when dimensions or points are 0, or the noise is negative or not finite.
  explicit Linreg(const LinregOptions& options);

  TaskShape shape() const override;
  std::optional<std::uint64_t> examples(Split split) const override;
  void example(const ExampleRequest& request, Example& example) const override;
  /// Vectors have no text.
  std::string token_text(std::int32_t /*id*/) const override { return "-"; }
  bool reports_positions() const override { return true; }
  /// own_point: a value reads the point that it belongs to, which stands before it.
  std::vector<AttentionPattern> patterns() const override;
  void right_keys(std::size_t pattern, const Example& example, std::size_t query,
                  std::vector<std::size_t>& keys) const override;

 private:
  LinregOptions options_;
};

}  // namespace headlight
