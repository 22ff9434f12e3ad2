// What an evaluation counts: by length, and of numbers.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "apps/training/evaluate.h"
#include "apps/training/objective.h"
#include "tests/apps/training/training_testing.h"

namespace headlight::inline HEADLIGHT_PRECISION {

using headlight::testing::tiny_config;
using testing::Parts;

TEST_CASE("A report by length has the lengths that the config asks for, each with its share of the examples") {
  const config::Config config = tiny_config({"task.eval.lengths=[2, 4, 7]", "steps=1"});
  Parts parts(config);
  const Evaluation whole = evaluate(*parts.model, *parts.task, {.examples = 20});
  CHECK(whole.by_length.size() == 1);
  const auto lengths = scores_by_length(*parts.model, *parts.task, config, whole);
  CHECK(lengths.size() == 3);
  // 20 examples for three lengths: six each.
  for (const std::uint64_t length : {2U, 4U, 7U}) {
    CHECK(lengths.at(length).accuracy.sequences == 6);
    CHECK(lengths.at(length).accuracy.positions == 6 * length);
  }
}

namespace {

/// Vectors of two features, to be answered at each position by their sum, the first position left out.
class Sums : public Task {
 public:
  TaskShape shape() const override { return {.features = 2, .values = 1, .length = 3, .target_length = 3}; }
  std::optional<std::uint64_t> examples(Split) const override { return 2; }
  void example(const ExampleRequest& request, Example& example) const override {
    example.clear();
    const double first = request.index == 0 ? 1 : -2;
    example.size = request.index == 0 ? 3 : 2;
    for (std::size_t t = 0; t < example.size; ++t) {
      const double second = static_cast<double>(t) / 2;
      example.vectors.insert(example.vectors.end(), {first, second});
      example.target.push_back(t == 0 ? kIgnoredTarget : 0);
      example.values.push_back(first + second);
    }
  }
  std::string token_text(std::int32_t) const override { return "-"; }
};

/// Inputs of lengths 1 and 2 by turns, of which the shorter ones are in both splits.
class Shared : public Task {
 public:
  TaskShape shape() const override { return {.vocabulary = 2, .classes = 2, .length = 2, .target_length = 2}; }
  std::optional<std::uint64_t> examples(Split) const override { return 5; }
  void example(const ExampleRequest& request, Example& example) const override {
    example.clear();
    example.size = request.length.value_or(1 + request.index % 2);
    example.input.assign(example.size, 1);
    example.target.assign(example.size, 0);
  }
  bool splits_share(std::size_t length) const override { return length == 1; }
  std::string token_text(std::int32_t id) const override { return std::to_string(id); }
};

}  // namespace

TEST_CASE("An evaluation counts the examples that could not be held out") {
  const Shared task;
  Init init(1);
  Model model({.vocabulary = 2, .d_model = 4, .layers = 1, .positions = Positions::none}, init);
  const Evaluation found = evaluate(model, task, {.examples = 5});
  CHECK(found.all.shared == 3);  // 0, 2 and 4
  CHECK(found.by_length.at(1).shared == 3);
  CHECK(found.by_length.at(2).shared == 0);
  const Evaluation asked = evaluate(model, task, {.examples = 4, .lengths = {1, 2}});
  CHECK(asked.all.shared == 4);
  CHECK(asked.by_length.at(1).shared == 4);
  // What was trained on is not said to be held out.
  CHECK(evaluate(model, task, {.split = Split::train, .examples = 5}).all.shared == 0);
}

TEST_CASE("Numbers are learned from vectors of any lengths, and measured by their squared error alone") {
  const Sums task;
  Init init(1);
  Model model({.features = 2, .outputs = 1, .d_model = 4, .heads = 1, .layers = 1, .positions = Positions::none}, init);
  const Evaluation found = evaluate(model, task, {.examples = 2, .loss = config::LossType::kMse});
  CHECK(found.numbers);
  CHECK(found.all.accuracy.positions == 3);
  CHECK(found.by_length.at(2).accuracy.positions == 1);
  // By hand, each example on its own, so without padding.
  double by_hand = 0;
  for (std::uint64_t index = 0; index < 2; ++index) {
    Example example;
    task.example({.split = Split::eval, .index = index}, example);
    const Array answers = run_model(model, example_batch(task, example), {}).value();
    for (std::size_t t = 1; t < example.size; ++t) {
      const double error = static_cast<double>(answers.data()[t]) - example.values[t];
      by_hand += error * error / 3;
    }
  }
  const double tolerance = sizeof(Real) == 8 ? 1e-12 : 1e-5;
  CHECK(found.all.loss() == Approx(by_hand).epsilon(tolerance));
  Batch both;
  fill_batch(task, Split::eval, 0, 2, both);
  const Tensor loss = task_loss(run_model(model, both, {}), both, {.type = config::LossType::kMse, .attention = {}});
  CHECK(static_cast<double>(loss.item()) == Approx(by_hand).epsilon(tolerance));
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
