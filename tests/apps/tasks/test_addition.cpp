#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/tasks/addition.h"
#include "core/error.h"
#include "tests/apps/tasks/task_testing.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using headlight::testing::example;
using headlight::testing::right_keys;
using Keys = std::vector<std::size_t>;
using Pair = std::pair<std::uint64_t, std::uint64_t>;

namespace {

/// The whole sequence of a decoder as text: what it reads, and the last digit, which nobody reads.
std::string written(const Task& task, const Example& made) {
  std::string text;
  for (const std::int32_t id : made.input) text += task.token_text(id);
  return text + task.token_text(made.target.back());
}

Pair pair_of(const std::string& text, std::size_t digits, bool signs) {
  return {std::stoull(text.substr(0, digits)), std::stoull(text.substr(digits + (signs ? 1 : 0), digits))};
}

std::set<Pair> pairs(const AdditionOptions& options, Split split, std::uint64_t count) {
  const Addition task(options);
  std::set<Pair> found;
  for (std::uint64_t index = 0; index < count; ++index) {
    found.insert(pair_of(written(task, example(task, split, index)), options.digits, options.signs));
  }
  return found;
}

}  // namespace

TEST_CASE("Addition writes all digits of both summands and of their sum") {
  for (const bool signs : {false, true}) {
    for (const bool reversed : {false, true}) {
      for (const std::size_t digits : {1UL, 2UL, 3UL, 9UL}) {
        const AdditionOptions options{
            .digits = digits, .reversed = reversed, .signs = signs, .train_examples = 80, .eval_examples = 10};
        const Addition task(options);
        for (std::uint64_t index = 0; index < 80; ++index) {
          const Example made = example(task, Split::train, index);
          const std::string text = written(task, made);
          const std::size_t input = 2 * digits + (signs ? 2 : 0);
          REQUIRE(text.size() == input + digits + 1);
          if (signs) CHECK((text[digits] == '+' && text[2 * digits + 1] == '='));
          const auto [a, b] = pair_of(text, digits, signs);
          std::string sum = text.substr(input);
          if (reversed) sum = std::string(sum.rbegin(), sum.rend());
          CHECK(std::stoull(sum) == a + b);
          // Only the digits of the sum count, each predicted by the token before it.
          for (std::size_t t = 0; t < made.target.size(); ++t) {
            const bool counts = t + 1 >= input;
            CHECK((made.target[t] != kIgnoredTarget) == counts);
            if (counts) CHECK(task.token_text(made.target[t]) == std::string(1, text[t + 1]));
          }
        }
      }
    }
  }
}

TEST_CASE("85 and 50 are 8550135, and 7+5=21 from the lowest digit on") {
  const auto all = [](const AdditionOptions& options) {
    const Addition task(options);
    std::set<std::string> texts;
    for (const Split split : {Split::train, Split::eval}) {
      for (std::uint64_t index = 0; index < task.examples(split); ++index) {
        texts.insert(written(task, example(task, split, index)));
      }
    }
    return texts;
  };
  const std::set<std::string> plain = all({});
  CHECK(plain.size() == 10000);  // training and evaluation together have every pair once
  CHECK(plain.contains("8550135"));
  CHECK(plain.contains("0007007"));
  const std::set<std::string> reversed =
      all({.digits = 1, .reversed = true, .signs = true, .train_examples = 90, .eval_examples = 10});
  CHECK(reversed.size() == 100);
  CHECK(reversed.contains("7+5=21"));
  CHECK(reversed.contains("0+0=00"));
}

TEST_CASE("Training and evaluation of addition share no pair") {
  const AdditionOptions options{.digits = 3, .train_examples = 10000};
  const std::set<Pair> train = pairs(options, Split::train, 10000);
  const std::set<Pair> eval = pairs(options, Split::eval, 1000);
  CHECK(train.size() == 10000);
  CHECK(eval.size() == 1000);
  for (const Pair& pair : eval) CHECK_FALSE(train.contains(pair));
  // The evaluation set does not move with the seed of the training set, and that one does.
  AdditionOptions other = options;
  other.train_seed = 2;
  CHECK(pairs(other, Split::eval, 1000) == eval);
  CHECK(pairs(other, Split::train, 10000) != train);
  other.eval_seed = 2;
  CHECK(pairs(other, Split::eval, 1000) != eval);
}

TEST_CASE("Fresh pairs are drawn from those that are not held out, each as often") {
  const AdditionOptions options{.digits = 1, .train_examples = std::nullopt, .eval_examples = 10};
  const Addition task(options);
  CHECK_FALSE(task.examples(Split::train));
  const std::set<Pair> eval = pairs(options, Split::eval, 10);
  std::vector<double> counts(100);
  for (std::uint64_t index = 0; index < 18000; ++index) {
    const auto [a, b] = pair_of(written(task, example(task, Split::train, index)), 1, false);
    counts[10 * a + b] += 1;
  }
  for (const auto& [a, b] : eval) CHECK(counts[10 * a + b] == 0);
  std::erase(counts, 0.0);
  REQUIRE(counts.size() == 90);
  // 89 degrees of freedom, a mean of 89 and a deviation of 13.3; 5 deviations.
  CHECK(testing::chi_square(counts) < 156);
}

TEST_CASE("The pairs of an addition are spread over all numbers") {
  const Addition task({});
  std::vector<double> tens(10);
  for (std::uint64_t index = 0; index < 1000; ++index) {
    tens[static_cast<std::size_t>(example(task, Split::eval, index).input.front())] += 1;
  }
  CHECK(testing::chi_square(tens) < 33.7);  // 9 degrees of freedom, probability 1e-4
}

TEST_CASE("Addition knows the digits that each digit of the sum is made of") {
  const Addition plain({});
  const Example made = example(plain, Split::eval, 0);
  // a1 a0 b1 b0 s2 s1 (s0): s2 is a carry, s1 is made of a1 and b1, s0 of a0 and b0.
  CHECK(plain.patterns().front().block == "dec.self");
  CHECK(right_keys(plain, made, 2).empty());
  CHECK(right_keys(plain, made, 3).empty());
  CHECK(right_keys(plain, made, 4) == Keys{0, 2});
  CHECK(right_keys(plain, made, 5) == Keys{1, 3});
  CHECK(right_keys(plain, made, 6).empty());
  // a2 a1 a0 + b2 b1 b0 = s0 s1 s2 (s3)
  const Addition reversed({.digits = 3, .reversed = true, .signs = true});
  const Example other = example(reversed, Split::eval, 0);
  CHECK(right_keys(reversed, other, 6).empty());
  CHECK(right_keys(reversed, other, 7) == Keys{2, 6});
  CHECK(right_keys(reversed, other, 8) == Keys{1, 5});
  CHECK(right_keys(reversed, other, 9) == Keys{0, 4});
  CHECK(right_keys(reversed, other, 10).empty());
  // The decoder of an encoder-decoder says s2 s1 s0 and the end.
  const Addition two({.layout = SequenceLayout::two_sequences});
  const Example apart = example(two, Split::eval, 0);
  CHECK(two.patterns().front().block == "dec.cross");
  CHECK(right_keys(two, apart, 0).empty());
  CHECK(right_keys(two, apart, 1) == Keys{0, 2});
  CHECK(right_keys(two, apart, 2) == Keys{1, 3});
  CHECK(right_keys(two, apart, 3).empty());
}

TEST_CASE("Addition is as long as its digits and signs, with marks for an encoder-decoder alone") {
  const TaskShape plain = Addition({}).shape();
  CHECK(plain.vocabulary == 10);
  CHECK(plain.classes == 10);
  CHECK(plain.length == 6);  // block_size of the adder of 2020: 3 * 2 + 1 - 1
  CHECK_FALSE(plain.end);
  const TaskShape reversed = Addition({.digits = 3, .reversed = true, .signs = true}).shape();
  CHECK(reversed.vocabulary == 12);
  CHECK(reversed.length == 11);
  const Addition two({.layout = SequenceLayout::two_sequences, .signs = true});
  CHECK(two.shape().vocabulary == 12);
  CHECK(two.shape().second_vocabulary == 14);
  CHECK(two.shape().begin == 12);
  CHECK(two.token_text(10) == "+");
  CHECK(two.token_text(11) == "=");
  CHECK(two.token_text(12) == "<begin>");
  CHECK(two.token_text(13) == "<end>");
}

TEST_CASE("Addition refuses an encoder, and more pairs than there are") {
  CHECK_THROWS_AS(Addition({.layout = SequenceLayout::per_position}), ConfigError);
  CHECK(testing::message_of<ConfigError>([] { Addition({.train_examples = 9001}); }) ==
        "addition: there are not as many pairs as both sets take; 10000 pairs, 9001 to train on, 1000 to evaluate on; "
        "take smaller sets, or more digits");
  CHECK_THROWS_AS(Addition({.train_examples = std::nullopt, .eval_examples = 10000}), ConfigError);
  CHECK_THROWS_AS(Addition({.digits = 10}), ConfigError);
  CHECK_THROWS_AS(Addition({.digits = 0}), ConfigError);
  CHECK(testing::message_of<ConfigError>([] { example(Addition({}), Split::eval, 0, 6); }) ==
        "addition: there is no example of length 6; the only length is 4");
  CHECK_THROWS_AS(example(Addition({}), Split::train, 9000), ConfigError);
}
