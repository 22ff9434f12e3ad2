#pragma once

#include <string>
#include <vector>

#include "apps/tasks/index_order.h"
#include "apps/tasks/task.h"

namespace headlight {

/// What is computed of a and b, modulo p.
enum class ModularOperation {
  add,        ///< a + b
  subtract,   ///< a - b
  multiply,   ///< a b
  divide,     ///< a / b: the c with c b = a; b is not 0, and p is prime
  quadratic,  ///< a^2 + a b + b^2
};

struct ModularOptions {
  ModularOperation operation = ModularOperation::add;
  std::size_t p = 113;
  std::string block = "dec.self";  ///< the attention of the model: dec.self or enc.self
  std::uint64_t seed = 1;          ///< of the split
  std::uint64_t train_examples = 3830;
  std::uint64_t eval_examples = 8939;
};

/// input: a b "=" with a and b in {0, ..., p - 1}, where "=" is id p; target: a op b modulo p, asked at the last position.
///
/// All pairs (a, b) (p^2, of a division p (p - 1)) stand in an order drawn from the seed. The first train_examples of
/// them are the training set; the evaluation set are those behind. So no pair is in both.
/// Sources: Power et al. 2022, arXiv:2201.02177, appendix A.1.1 (the operations); Nanda et al. 2023, arXiv:2301.05217,
/// section 3 (p = 113 and the three tokens; there are p + 1 classes, as there).
class Modular : public Task {
 public:
  /// Throws ConfigError unless p is from 2 to 65535, prime for a division, and there are as many pairs as both sets take,
  /// at least one of each.
  explicit Modular(const ModularOptions& options);

  TaskShape shape() const override;
  std::optional<std::uint64_t> examples(Split split) const override;
  void example(const ExampleRequest& request, Example& example) const override;
  std::string token_text(std::int32_t id) const override;
  /// Adds "=" behind two numbers.
  void complete(std::vector<std::int32_t>& input) const override {
    if (input.size() == 2) input.push_back(static_cast<std::int32_t>(options_.p));
  }

  /// "operand": the last position reads both operands.
  std::vector<AttentionPattern> patterns() const override;
  void right_keys(std::size_t pattern, const Example& example, std::size_t query,
                  std::vector<std::size_t>& keys) const override;

 private:
  std::uint64_t result(std::uint64_t a, std::uint64_t b) const;

  ModularOptions options_;
  IndexOrder order_;
};

}  // namespace headlight
