#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/tasks/mqar.h"
#include "core/error.h"
#include "tests/apps/tasks/drawing.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;

namespace {

MqarOptions mqar_options(std::size_t vocab, std::size_t length, std::size_t pairs, bool random = true) {
  return {.vocab = vocab,
          .length = {length, length},
          .pairs = pairs,
          .random_non_queries = random,
          .sets = {.train_examples = 500, .eval_examples = 100}};
}

}  // namespace

TEST_CASE("Every key of mqar is asked for once, behind the pairs, and its value is the target") {
  for (const MqarOptions& options :
       {mqar_options(256, 64, 4), mqar_options(20, 16, 2, false), mqar_options(30, 24, 6)}) {
    const Mqar task(options);
    const std::size_t length = options.length.most;
    const auto half = static_cast<std::int32_t>(options.vocab / 2);
    CHECK(task.shape().length == length);
    for (const Example& example : drawn_many(task, Split::train, 100)) {
      REQUIRE(example.input.size() == length);
      REQUIRE(example.target.size() == length);
      std::map<std::int32_t, std::int32_t> values;
      std::set<std::int32_t> different;
      for (std::size_t i = 0; i < options.pairs; ++i) {
        const std::int32_t key = example.input[2 * i];
        const std::int32_t value = example.input[2 * i + 1];
        CHECK((key >= 1 && key < half));
        CHECK((value >= half && value < static_cast<std::int32_t>(options.vocab)));
        values[key] = value;
        different.insert(value);
      }
      CHECK(values.size() == options.pairs);
      CHECK(different.size() == options.pairs);
      std::set<std::int32_t> asked;
      for (std::size_t i = 0; i < length; ++i) {
        if (example.target[i] == kIgnoredTarget) {
          if (i >= 2 * options.pairs && !options.random_non_queries) CHECK(example.input[i] == 0);
          continue;
        }
        CHECK(i >= 2 * options.pairs);
        CHECK(i % 2 == 0);
        CHECK(example.target[i] == values.at(example.input[i]));
        asked.insert(example.input[i]);
      }
      CHECK(asked.size() == options.pairs);
    }
  }
}

TEST_CASE("The places of the questions follow the power law, and the ids between them are uniform") {
  MqarOptions options = mqar_options(16, 24, 1);
  options.sets.train_examples.reset();
  for (const double power : {0.01, 1.0, 2.0}) {
    options.power = power;
    constexpr std::uint64_t kExamples = 5000;
    std::vector<double> counts(11);
    std::vector<double> fillers(16);
    for (const Example& example : drawn_many(Mqar(options), Split::train, kExamples)) {
      for (std::size_t i = 2; i < 24; ++i) {
        if (example.target[i] != kIgnoredTarget) counts[(i - 2) / 2] += 1;
      }
      // Position 3 is never a question.
      ++fillers[static_cast<std::size_t>(example.input[3])];
    }
    double sum = 0;
    for (int i = 1; i <= 11; ++i) sum += std::pow(i, power - 1);
    for (int i = 1; i <= 11; ++i) {
      check_share(counts[static_cast<std::size_t>(i - 1)], kExamples, std::pow(i, power - 1) / sum);
    }
    check_uniform(fillers);
  }
}

TEST_CASE("The sets of mqar have no example in common, and are functions of their seeds") {
  // Small: 7 keys, 8 values and 3 places for one question are 168 examples.
  MqarOptions small = mqar_options(16, 8, 1, false);
  small.sets = {.train_examples = 100, .eval_examples = 8};
  const Mqar task(small);
  const std::vector<Example> train = drawn_many(task, Split::train, 100);
  CHECK(inputs_of(train).size() == 100);
  CHECK(shared(train, drawn_many(task, Split::eval, 8)) == 0);
  check_determinism([](std::uint64_t train_seed, std::uint64_t eval_seed) {
    MqarOptions options = mqar_options(64, 32, 3);
    options.sets.seeds = {train_seed, eval_seed};
    return Mqar(options);
  });
}

TEST_CASE("Mqar refuses lengths that have no room for its questions, when they are asked for too") {
  const Mqar task(mqar_options(64, 32, 4));
  for (const std::size_t length : {1U, 2U, 8U, 9U, 14U, 17U, 31U}) {
    CHECK_THROWS_AS(example(task, Split::eval, 0, length), ConfigError);
  }
  CHECK(example(task, Split::eval, 0, 16).input.size() == 16);
}

TEST_CASE("A question of mqar is answered by reading the value of its key") {
  const Mqar task(mqar_options(12, 16, 2, false));
  // The example of the reference's documentation.
  const std::int32_t none = kIgnoredTarget;
  const Example example{.input = {2, 8, 4, 7, 0, 0, 4, 0, 0, 0, 0, 0, 2, 0, 0, 0},
                        .target = {none, none, none, none, none, none, 7, none, none, none, none, none, 8, none, none,
                                   none},
                        .size = 16};
  CHECK(keys_of(task, example, 6) == std::vector<std::size_t>{3});
  CHECK(keys_of(task, example, 12) == std::vector<std::size_t>{1});
  for (const std::size_t query : {0U, 1U, 5U, 13U}) CHECK(keys_of(task, example, query).empty());
  CHECK(task.patterns().at(0).name == "kv_hit");
  CHECK(task.patterns().at(0).block == "dec.self");
  MqarOptions encoder = mqar_options(12, 16, 2);
  encoder.block = "enc.self";
  CHECK(Mqar(encoder).patterns().at(0).block == "enc.self");
  check_texts(task);
}

TEST_CASE("Mqar refuses sizes that do not fit together") {
  for (const auto& [vocab, length, pairs] :
       std::vector<std::array<std::size_t, 3>>{{256, 63, 4}, {256, 14, 4}, {8, 64, 4}, {256, 64, 0}}) {
    CHECK_THROWS_WITH(Mqar(mqar_options(vocab, length, pairs)),
                      Catch::StartsWith("mqar: pairs, length and vocabulary do not fit together; "));
  }
}
