#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/tasks/reverse.h"
#include "core/error.h"
#include "tests/apps/tasks/task_testing.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using headlight::testing::example;

namespace {

using Ids = std::vector<std::int32_t>;
using Keys = std::vector<std::size_t>;

}  // namespace

TEST_CASE("The target of reverse is the input from the last symbol to the first") {
  const Reverse task({.symbols = 7, .length = {5, 5}});
  for (std::uint64_t index = 0; index < 100; ++index) {
    Example made = example(task, Split::train, index);
    for (const std::int32_t symbol : made.input) CHECK((symbol >= 0 && symbol < 7));
    std::reverse(made.input.begin(), made.input.end());
    CHECK(made.input == made.target);
  }
}

TEST_CASE("An example of reverse is a pure function of seed, split and index") {
  const ReverseOptions options{.train_seed = 3, .eval_seed = 3};
  const Reverse task(options);
  const Reverse same(options);
  // Asked for in another order, by another object.
  const Example late = example(task, Split::train, 41);
  example(same, Split::eval, 0);
  CHECK(example(same, Split::train, 41) == late);
  CHECK(example(task, Split::eval, 41) != late);
  CHECK(example(task, Split::train, 42) != late);
  CHECK(example(Reverse({.train_seed = 4}), Split::train, 41) != late);
  // The held-out set does not move with the seed of the training set.
  CHECK(example(Reverse({.train_seed = 4, .eval_seed = 3}), Split::eval, 7) == example(task, Split::eval, 7));
}

TEST_CASE("An endless reverse has examples beyond 32 bits, all different") {
  const Reverse task({.train_examples = std::nullopt});
  CHECK_FALSE(task.examples(Split::train));
  const std::uint64_t far = std::uint64_t{1} << 32U;
  CHECK(example(task, Split::train, far) != example(task, Split::train, 0));
  CHECK(example(task, Split::train, far + 1) != example(task, Split::train, far));
}

TEST_CASE("The symbols of reverse are uniform at every position") {
  constexpr std::size_t kSymbols = 10;
  constexpr std::size_t kExamples = 20000;
  const Reverse task({.symbols = kSymbols, .length = {4, 4}});
  std::array<std::array<double, kSymbols>, 4> counts{};
  for (std::uint64_t index = 0; index < kExamples; ++index) {
    const Example made = example(task, Split::train, index);
    for (std::size_t i = 0; i < 4; ++i) counts[i][static_cast<std::size_t>(made.input[i])] += 1;
  }
  // Pearson's chi-square with 9 degrees of freedom: above 33.7 with probability 1e-4 for a fair source.
  const double expected = static_cast<double>(kExamples) / kSymbols;
  for (const auto& position : counts) {
    double chi_square = 0;
    for (const double count : position) chi_square += (count - expected) * (count - expected) / expected;
    CHECK(chi_square < 33.7);
  }
}

TEST_CASE("Reverse knows which position each prediction has to read, however it is laid out") {
  const auto right = [](SequenceLayout layout, std::size_t query) {
    const Reverse task({.layout = layout, .length = {4, 4}});
    std::vector<std::size_t> keys;
    task.right_keys(0, example(task, Split::eval, 0), query, keys);
    return keys;
  };
  CHECK(right(SequenceLayout::per_position, 0) == Keys{3});
  CHECK(right(SequenceLayout::per_position, 3) == Keys{0});
  CHECK(right(SequenceLayout::per_position, 4).empty());
  // s0 s1 s2 s3 <begin> a0 a1 a2 a3: the mark predicts a0 = s3, a2 predicts a3 = s0, and a3 the end, which reads nothing.
  CHECK(right(SequenceLayout::one_sequence, 3).empty());
  CHECK(right(SequenceLayout::one_sequence, 4) == Keys{3});
  CHECK(right(SequenceLayout::one_sequence, 7) == Keys{0});
  CHECK(right(SequenceLayout::one_sequence, 8).empty());
  CHECK(right(SequenceLayout::two_sequences, 0) == Keys{3});
  CHECK(right(SequenceLayout::two_sequences, 4).empty());
}

TEST_CASE("An answer is laid out by position, behind its input, or as a sequence of its own") {
  const Example plain = example(Reverse({.symbols = 7, .length = {3, 3}}), Split::eval, 2);
  const Ids& s = plain.input;
  const Ids a{s[2], s[1], s[0]};
  CHECK(plain.target == a);
  const Example decoder =
      example(Reverse({.layout = SequenceLayout::one_sequence, .symbols = 7, .length = {3, 3}}), Split::eval, 2);
  CHECK(decoder.input == Ids{s[0], s[1], s[2], 7, a[0], a[1], a[2]});
  const std::int32_t none = kIgnoredTarget;
  CHECK(decoder.target == Ids{none, none, none, a[0], a[1], a[2], 8});
  const Reverse two({.layout = SequenceLayout::two_sequences, .symbols = 7, .length = {3, 3}});
  const Example both = example(two, Split::eval, 2);
  CHECK(both.input == s);
  CHECK(both.begun == Ids{7, a[0], a[1], a[2]});
  CHECK(both.target == Ids{a[0], a[1], a[2], 8});
  CHECK(two.token_text(6) == "6");
  CHECK(two.token_text(7) == "<begin>");
  CHECK(two.token_text(8) == "<end>");
}

TEST_CASE("A first element that is always the same takes the place of the begin mark") {
  /// Answers 2 3 4 with 1 2 3.
  class Shifted : public SequenceTask {
   public:
    Shifted()
        : SequenceTask("shifted", {.layout = SequenceLayout::two_sequences,
                                   .symbols = 9,
                                   .longest_source = 3,
                                   .longest_answer = 3,
                                   .first = 1}) {}
    std::optional<std::uint64_t> examples(Split) const override { return 1; }

   protected:
    void draw_source(const ExampleRequest&, Ids& source) const override { source = {2, 3, 4}; }
    Ids answer_to(std::span<const std::int32_t>) const override { return {1, 2, 3}; }
    AttentionPattern reading() const override { return {.name = "shifted"}; }
    void read_keys(std::span<const std::int32_t>, std::size_t element, std::vector<std::size_t>& keys) const override {
      keys.push_back(element - 1);
    }
  };
  const Shifted task;
  CHECK(task.shape().second_vocabulary == 9);
  CHECK(task.shape().classes == 9);
  CHECK(task.shape().target_length == 2);
  CHECK(task.shape().begin == 1);
  CHECK_FALSE(task.shape().end);
  const Example made = example(task, Split::eval, 0);
  CHECK(made.begun == Ids{1, 2});
  CHECK(made.target == Ids{2, 3});
  // The first prediction is element 1, made of the source's element 0.
  std::vector<std::size_t> keys;
  task.right_keys(0, made, 0, keys);
  CHECK(keys == std::vector<std::size_t>{0});
}

TEST_CASE("Lengths between two bounds are all drawn, and others can be asked for") {
  const Reverse task({.length = {.least = 2, .most = 4, .asked = {9}}});
  CHECK(task.shape().length == 9);
  std::map<std::size_t, std::size_t> seen;
  for (std::uint64_t index = 0; index < 300; ++index) ++seen[example(task, Split::train, index).size];
  CHECK(seen.size() == 3);
  // 300 draws of three equally likely lengths: 100 each, with a deviation of 8.2; 5 deviations.
  for (std::size_t length = 2; length <= 4; ++length) CHECK(std::abs(static_cast<double>(seen[length]) - 100) < 41);
  CHECK(example(task, Split::eval, 0, 9).input.size() == 9);
  CHECK(testing::message_of<ConfigError>([&] { example(task, Split::eval, 0, 10); }) ==
        "reverse: there is no example of length 10; lengths 2 to 9; name longer ones in `task.eval.lengths`");
}

TEST_CASE("Reverse refuses examples that it does not have") {
  const Reverse task({.length = {3, 3}, .train_examples = 10, .eval_examples = 5});
  CHECK(testing::message_of<ConfigError>([&] { example(task, Split::eval, 5); }) ==
        "reverse: there is no example 5; the eval split has 5");
  CHECK_THROWS_AS(Reverse({.symbols = 0}), ConfigError);
}
