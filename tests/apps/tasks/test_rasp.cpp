#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/tasks/rasp.h"
#include "core/error.h"
#include "tests/apps/tasks/drawing.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using config::RaspProgram;
using Ids = std::vector<std::int32_t>;
using Keys = std::vector<std::size_t>;

namespace {

const std::vector<RaspProgram> kPrograms = {RaspProgram::kHist, RaspProgram::kDoubleHist, RaspProgram::kReverse,
                                            RaspProgram::kSort, RaspProgram::kMostFreq,   RaspProgram::kDyck1,
                                            RaspProgram::kDyck2};

bool has_brackets(RaspProgram program) { return program == RaspProgram::kDyck1 || program == RaspProgram::kDyck2; }

RaspOptions rasp_options(RaspProgram program) {
  RaspOptions options{.program = program,
                      .symbols = 5,
                      .length = {1, 6},
                      .sets = {.train_examples = 1000, .eval_examples = 150}};
  if (has_brackets(program)) options.length = {13, 13};
  return options;
}

/// The answer as text, one word for each position.
std::string answer(RaspProgram program, const Ids& string) {
  RaspOptions options = rasp_options(program);
  options.sets = {.train_examples = 1, .eval_examples = 1};
  const Rasp task(options);
  std::string text;
  for (const std::int32_t id : run_program(program, string, 5))
    text += (text.empty() ? "" : " ") + task.target_text(id);
  return text;
}

/// What is left of brackets when neighbours that fit are taken away until there are none: the definition by rewriting.
std::string rest_of(std::string brackets) {
  for (;;) {
    const std::size_t at = std::min(brackets.find("()"), brackets.find("{}"));
    if (at == std::string::npos) return brackets;
    brackets.erase(at, 2);
  }
}

}  // namespace

TEST_CASE("The programs of rasp by hand") {
  // "abbc" has the histogram 1 2 2 1 (Weiss et al. 2021).
  CHECK(answer(RaspProgram::kHist, {0, 1, 1, 2}) == "1 2 2 1");
  // Two symbols occur once, one occurs twice.
  CHECK(answer(RaspProgram::kDoubleHist, {0, 1, 1, 2}) == "2 1 1 2");
  CHECK(answer(RaspProgram::kReverse, {0, 1, 1, 2}) == "2 1 1 0");
  CHECK(answer(RaspProgram::kSort, {4, 1, 3, 1}) == "1 1 3 4");
  // 3 and 1 occur twice, 3 first; then 0; two places are left.
  CHECK(answer(RaspProgram::kMostFreq, {3, 1, 0, 1, 3}) == "3 1 0 <pad> <pad>");
  // ( ) ( ( ) ) ) (
  CHECK(answer(RaspProgram::kDyck1, {0, 1, 0, 0, 1, 1, 1, 0}) == "P T P P P T F F");
  // ( { } ) { )
  CHECK(answer(RaspProgram::kDyck2, {0, 2, 3, 1, 2, 1}) == "P P P T P F");
}

TEST_CASE("Examples of rasp are strings between marks with the answers of their program, by its definition") {
  for (const RaspProgram program : kPrograms) {
    const Rasp task(rasp_options(program));
    INFO(static_cast<int>(program));
    const bool ends = program == RaspProgram::kReverse || program == RaspProgram::kSort;
    for (const Example& example : drawn_many(task, Split::train, 200)) {
      REQUIRE(example.input.size() == example.target.size());
      CHECK(task.token_text(example.input.front()) == "<bos>");
      CHECK(example.target.front() == kIgnoredTarget);
      if (ends) {
        CHECK(task.token_text(example.input.back()) == "<eos>");
        CHECK(example.target.back() == kIgnoredTarget);
      }
      const Ids x(example.input.begin() + 1, example.input.end() - (ends ? 1 : 0));
      const Ids y(example.target.begin() + 1, example.target.end() - (ends ? 1 : 0));
      CHECK(example.size == x.size());
      std::map<std::int32_t, int> counts;
      for (const std::int32_t symbol : x) ++counts[symbol];
      std::map<int, int> of_counts;
      for (const auto& [symbol, count] : counts) ++of_counts[count];
      std::string brackets;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const std::string text = task.target_text(y[i]);
        switch (program) {
          case RaspProgram::kHist:
            CHECK(text == std::to_string(counts[x[i]]));
            break;
          case RaspProgram::kDoubleHist:
            CHECK(text == std::to_string(of_counts[counts[x[i]]]));
            break;
          case RaspProgram::kReverse:
            CHECK(y[i] == x[x.size() - 1 - i]);
            break;
          case RaspProgram::kSort:
            CHECK(std::count(x.begin(), x.end(), y[i]) == std::count(y.begin(), y.end(), y[i]));
            if (i > 0) CHECK(y[i - 1] <= y[i]);
            break;
          case RaspProgram::kMostFreq:
            if (i >= counts.size()) {
              CHECK(text == "<pad>");
            } else {
              CHECK(std::count(y.begin(), y.end(), y[i]) == 1);
              const auto rank = [&](std::int32_t symbol) {
                return std::pair(-counts.at(symbol), std::find(x.begin(), x.end(), symbol));
              };
              if (i > 0) CHECK(rank(y[i - 1]) < rank(y[i]));
            }
            break;
          case RaspProgram::kDyck1:
          case RaspProgram::kDyck2: {
            brackets += task.token_text(x[i]);
            const std::string rest = rest_of(brackets);
            const bool open = rest.find_first_of(")}") == std::string::npos;
            CHECK(text == (rest.empty() ? "T" : open ? "P" : "F"));
            break;
          }
        }
      }
    }
  }
}

TEST_CASE("Strings of rasp are unique, have all lengths, and none is in both sets") {
  for (const RaspProgram program : kPrograms) {
    const Rasp task(rasp_options(program));
    const std::vector<Example> train = drawn_many(task, Split::train, 1000);
    const std::vector<Example> held_out = drawn_many(task, Split::eval, 150);
    CHECK(inputs_of(train).size() == 1000);
    CHECK(inputs_of(held_out).size() == 150);
    CHECK(shared(train, held_out) == 0);
    std::map<std::size_t, int> sizes;
    for (const Example& example : train) ++sizes[example.size];
    CHECK(sizes.size() == (has_brackets(program) ? 1 : 6));
    const TaskShape shape = task.shape();
    for (const Example& example : train) {
      CHECK(example.input.size() <= shape.length);
      for (const std::int32_t id : example.input) CHECK((id >= 0 && id < static_cast<std::int32_t>(shape.vocabulary)));
      for (const std::int32_t id : example.target) CHECK(id < static_cast<std::int32_t>(shape.classes));
    }
    check_texts(task);
  }
}

TEST_CASE("Half of the dyck strings begin balanced") {
  RaspOptions options = rasp_options(RaspProgram::kDyck1);
  options.length = {15, 15};
  options.sets.train_examples.reset();
  double closing = 0;
  for (const Example& example : drawn_many(Rasp(options), Split::train, 10000))
    closing += example.input[1] == 1 ? 1 : 0;
  // A uniform string begins with a closing bracket every second time; a balanced one does only when it has none of its
  // 0, ..., 8 steps: 1/2 * 1/2 + 1/2 * 1/9 * 1/2.
  check_share(closing, 10000, 0.25 + 0.25 / 9);
}

TEST_CASE("An example of rasp is a pure function of seed, split and index") {
  check_determinism([](std::uint64_t train, std::uint64_t eval) {
    RaspOptions options = rasp_options(RaspProgram::kSort);
    options.sets.seeds = {train, eval};
    return Rasp(options);
  });
}

TEST_CASE("hist reads the same symbol, reverse the mirrored one") {
  const Rasp hist(rasp_options(RaspProgram::kHist));
  CHECK(hist.patterns().at(0).name == "same_token");
  CHECK(hist.patterns().at(0).block == "enc.self");
  // <bos> a b b c
  const Example counted{.input = {5, 0, 1, 1, 2}, .target = {kIgnoredTarget, 0, 1, 1, 0}, .size = 4};
  CHECK(keys_of(hist, counted, 0).empty());
  CHECK(keys_of(hist, counted, 1) == Keys{1});
  CHECK(keys_of(hist, counted, 2) == Keys{2, 3});
  const Rasp reverse(rasp_options(RaspProgram::kReverse));
  CHECK(reverse.patterns().at(0).name == "antidiag");
  const Example turned{.input = {5, 0, 1, 2, 6}, .target = {kIgnoredTarget, 2, 1, 0, kIgnoredTarget}, .size = 3};
  CHECK(keys_of(reverse, turned, 1) == Keys{3});
  CHECK(keys_of(reverse, turned, 3) == Keys{1});
  CHECK(keys_of(reverse, turned, 4).empty());
  for (const RaspProgram program : {RaspProgram::kSort, RaspProgram::kMostFreq, RaspProgram::kDyck1}) {
    CHECK(Rasp(rasp_options(program)).patterns().empty());
  }
}

TEST_CASE("Rasp refuses sizes without strings, and sets larger than the task") {
  RaspOptions options = rasp_options(RaspProgram::kHist);
  options.length = {0, 6};
  CHECK_THROWS_WITH(Rasp(options), Catch::StartsWith("rasp: symbols and length must be at least 1; 5 symbols"));
  options.length = {1, 3};
  // 5 + 25 + 125 strings.
  CHECK_THROWS_WITH(Rasp(options), Catch::StartsWith("rasp: the task has too few different training inputs; "));
}

TEST_CASE(
    "Rasp refuses to evaluate a length of which no string is held out, before training when the config asks for it") {
  // Of the shipped config: one string in ten is held out, and of the six of one symbol by chance none.
  RaspOptions options{.sets = {.train_examples = 100, .eval_examples = 20}};
  const std::int32_t begin = 6;
  for (std::int32_t symbol = 0; symbol < 6; ++symbol) REQUIRE_FALSE(is_held_out(Ids{begin, symbol}));
  const std::string message =
      "rasp: no held-out input of length 1 was found in 10000 draws; one input in ten is held out, by a hash of it; "
      "leave this length out of the evaluation (`task.eval.lengths`), or take more symbols";
  const Rasp task(options);
  CHECK(message_of<ConfigError>([&] { drawn(task, Split::eval, 0, 1); }) == message);
  CHECK(drawn(task, Split::train, 0, 1).size == 1);
  options.length.asked = {1, 2, 4};
  CHECK(message_of<ConfigError>([&] { Rasp{options}; }) == message);
  options.length.asked = {4, 9};
  const Rasp longer(options);
  for (std::uint64_t index = 0; index < 20; ++index) {
    for (const std::size_t length : {4U, 9U}) {
      CHECK(drawn(longer, Split::eval, index, length).size == length);
      CHECK(is_held_out(drawn(longer, Split::eval, index, length).input));
    }
  }
  // One string of one symbol: where it is held out there is none to train on.
  options = {.symbols = 1, .length = {1, 60}, .sets = {.train_examples = 5, .eval_examples = 1}};
  const Rasp single(options);
  std::size_t refused = 0;
  for (std::size_t length = 1; length <= 60; ++length) {
    Ids only(length + 1, 0);
    only.front() = 1;
    const Split with = is_held_out(only) ? Split::eval : Split::train;
    const Split without = with == Split::eval ? Split::train : Split::eval;
    CHECK(drawn(single, with, 0, length).input == only);
    CHECK_THROWS_AS(drawn(single, without, 0, length), ConfigError);
    refused += without == Split::train ? 1 : 0;
  }
  CHECK(refused > 0);
}
