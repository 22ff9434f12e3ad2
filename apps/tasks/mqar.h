#pragma once

#include <algorithm>

#include "apps/tasks/drawn_task.h"

namespace headlight {

struct MqarOptions {
  std::size_t vocab = 256;
  Lengths length{.least = 64, .most = 64};
  std::size_t pairs = 4;
  double power = 0.01;
  bool random_non_queries = true;
  const char* block = "dec.self";  ///< the attention of the model that reads the pairs
  DrawnSets sets{.train_examples = 10000, .eval_examples = 1000};
};

/// Multi-query associative recall. With vocabulary V, length T and D pairs: D keys from {1, ..., V/2 - 1} and D values from
/// {V/2, ..., V - 1}, each without replacement, stand at the beginning as k_1 v_1 ... k_D v_D. Of the (T - 2 D) / 2 even
/// offsets behind them D are drawn without replacement, offset i = 1, 2, ... with probability proportional to i^(a - 1);
/// at the j-th one drawn stands k_j once more, and the target there is v_j. No other position has a target, and at those
/// behind the pairs stands 0 or, with random_non_queries, an id that is uniform in {0, ..., V - 1}.
///
/// Every example has D targets, so that the token accuracy is the mean over examples of the accuracy on their questions.
/// Chance, once a model knows which values are there, is 1 / D; one layer of attention does not exceed it.
///
/// Source: Arora et al. 2023, "Zoology", arXiv:2312.04927, section 3.3 and appendix A.1 (HazyResearch/zoology,
/// multiquery_ar.py).
class Mqar : public DrawnTask {
 public:
  /// Throws ConfigError when the length is odd or has no room for pairs and questions, or there are not as many keys.
  explicit Mqar(const MqarOptions& options);

  TaskShape shape() const override;
  std::string token_text(std::int32_t id) const override { return std::to_string(id); }
  /// At the questions: at even offsets behind the pairs, where one of their keys stands.
  bool answers_at(std::span<const std::int32_t> input, std::size_t position) const override {
    const std::size_t context = 2 * options_.pairs;
    if (position < context || position % 2 != 0) return false;
    const auto pairs = input.first(context);
    const bool is_key = input[position] < static_cast<std::int32_t>(options_.vocab / 2);
    return is_key && std::find(pairs.begin(), pairs.end(), input[position]) != pairs.end();
  }
  /// kv_hit: a question reads where the value of its key stands.
  std::vector<AttentionPattern> patterns() const override;
  void right_keys(std::size_t pattern, const Example& example, std::size_t query,
                  std::vector<std::size_t>& keys) const override;

 protected:
  void draw(Random& random, const ExampleRequest& request, Example& example) const override;

 private:
  void check_length(std::size_t length) const;
  [[noreturn]] void refuse(std::size_t length) const;

  MqarOptions options_;
};

}  // namespace headlight
