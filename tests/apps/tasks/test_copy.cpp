#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/tasks/copy.h"
#include "core/error.h"
#include "tests/apps/tasks/task_testing.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using headlight::testing::example;
using headlight::testing::right_keys;
using Ids = std::vector<std::int32_t>;
using Keys = std::vector<std::size_t>;

namespace {

CopyOptions reference() { return {.first = 1}; }

}  // namespace

TEST_CASE("The reference's copy begins with 1, reads nine symbols and predicts nine") {
  const Copy task(reference());
  // harvardnlp/annotated-transformer: V = 11, tgt[:, :-1] is read, tgt[:, 1:] is predicted.
  const TaskShape shape = task.shape();
  CHECK(shape.vocabulary == 11);
  CHECK(shape.second_vocabulary == 11);
  CHECK(shape.classes == 11);
  CHECK(shape.length == 10);
  CHECK(shape.target_length == 9);
  CHECK(shape.begin == 1);
  CHECK_FALSE(shape.end);
  for (std::uint64_t index = 0; index < 200; ++index) {
    const Example made = example(task, Split::train, index);
    REQUIRE(made.input.size() == 10);
    CHECK(made.input.front() == 1);
    for (const std::int32_t id : made.input) CHECK((id >= 1 && id <= 10));
    CHECK(made.begun == Ids(made.input.begin(), made.input.end() - 1));
    CHECK(made.target == Ids(made.input.begin() + 1, made.input.end()));
    CHECK(made.size == 10);
  }
  CHECK(task.token_text(0) == "<pad>");
  CHECK(task.token_text(10) == "10");
}

TEST_CASE("The symbols of copy behind the first one are uniform") {
  const Copy task({.symbols = 10, .length = {4, 4}, .first = 3});
  std::vector<std::vector<double>> counts(3, std::vector<double>(10));
  for (std::uint64_t index = 0; index < 20000; ++index) {
    const Example made = example(task, Split::train, index);
    CHECK(made.input[0] == 3);
    for (std::size_t i = 0; i < 3; ++i) counts[i][static_cast<std::size_t>(made.input[i + 1] - 1)] += 1;
  }
  // 9 degrees of freedom: above 33.7 with probability 1e-4 for a fair source.
  for (const auto& position : counts) CHECK(testing::chi_square(position) < 33.7);
}

TEST_CASE("Copy without a first symbol answers between marks, in every layout") {
  for (const std::size_t length : {1UL, 3UL, 7UL}) {
    CopyOptions options{.symbols = 4, .length = {length, length}};
    const Example two = example(Copy(options), Split::eval, 5);
    for (const std::int32_t id : two.input) CHECK((id >= 0 && id < 4));
    Ids begun{4};
    begun.insert(begun.end(), two.input.begin(), two.input.end());
    Ids answer = two.input;
    answer.push_back(5);
    CHECK(two.begun == begun);
    CHECK(two.target == answer);

    options.layout = SequenceLayout::per_position;
    const Example plain = example(Copy(options), Split::eval, 5);
    CHECK(plain.input == two.input);
    CHECK(plain.target == two.input);

    options.layout = SequenceLayout::one_sequence;
    const Example one = example(Copy(options), Split::eval, 5);
    Ids sequence = two.input;
    sequence.insert(sequence.end(), begun.begin(), begun.end());
    CHECK(one.input == sequence);
    Ids target(length, kIgnoredTarget);
    target.insert(target.end(), answer.begin(), answer.end());
    CHECK(one.target == target);
  }
}

TEST_CASE("Copy reads the symbol that comes next") {
  const Copy task(reference());
  CHECK(task.patterns().front().block == "dec.cross");
  const Example made = example(task, Split::eval, 0);
  // Row t says symbol t + 1.
  CHECK(right_keys(task, made, 0) == Keys{1});
  CHECK(right_keys(task, made, 8) == Keys{9});
  CHECK(right_keys(task, made, 9).empty());
  const Copy marked({.length = {4, 4}});
  const Example between = example(marked, Split::eval, 0);
  CHECK(right_keys(marked, between, 0) == Keys{0});
  CHECK(right_keys(marked, between, 3) == Keys{3});
  CHECK(right_keys(marked, between, 4).empty());
  // s0 s1 s2 s3 <begin> s0 s1 s2 s3, where s0 is 1
  const Copy decoder({.layout = SequenceLayout::one_sequence, .length = {4, 4}, .first = 1});
  const Example line = example(decoder, Split::eval, 0);
  CHECK(right_keys(decoder, line, 3).empty());
  CHECK(right_keys(decoder, line, 4) == Keys{0});
  CHECK(right_keys(decoder, line, 7) == Keys{3});
  CHECK(decoder.token_text(11) == "<begin>");
}

TEST_CASE("An example of copy is a pure function, and the published run never trains on what it is measured on") {
  const Copy task(reference());
  const Example late = example(task, Split::train, 41);
  CHECK(example(Copy(reference()), Split::train, 41) == late);
  CHECK(example(task, Split::eval, 41) != late);
  CopyOptions other = reference();
  other.train_seed = 2;
  CHECK(example(Copy(other), Split::train, 41) != late);
  CHECK(example(Copy(other), Split::eval, 7) == example(task, Split::eval, 7));
  std::set<Ids> trained;
  for (std::uint64_t index = 0; index < 6000; ++index) trained.insert(example(task, Split::train, index).input);
  for (std::uint64_t index = 0; index < 1000; ++index) {
    CHECK_FALSE(trained.contains(example(task, Split::eval, index).input));
  }
}

TEST_CASE("Copy refuses a first symbol that is none, and lengths that it does not have") {
  CHECK(testing::message_of<ConfigError>([] { Copy({.symbols = 4, .first = 5}); }) ==
        "copy: the first symbol is one of 1 to 4; first 5");
  CHECK_THROWS_AS(Copy({.first = 0}), ConfigError);
  // Of an answer that is its first symbol alone nothing would be left to say.
  CHECK_THROWS_AS(example(Copy({.first = 1}), Split::eval, 0, 1), ConfigError);
  CHECK_THROWS_AS(Copy({.symbols = 0}), ConfigError);
  const Copy task({.length = {2, 4}, .eval_examples = 3});
  CHECK_THROWS_AS(example(task, Split::eval, 0, 5), ConfigError);
  CHECK_THROWS_AS(example(task, Split::eval, 3), ConfigError);
  CHECK(example(task, Split::eval, 0, 2).input.size() == 2);
}
