// Numbers of positions: offsets of a generation, and random subsets of a longer range.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "layers/positions.h"
#include "tests/common/arrays.h"

using namespace headlight;
using headlight::testing::drawn;

namespace {

std::vector<std::int32_t> numbers(std::size_t time, const PositionRange& range, const Context& context) {
  const Tokens drawn_numbers = position_numbers(time, range, context);
  return {drawn_numbers.data(), drawn_numbers.data() + drawn_numbers.size()};
}

}  // namespace

TEST_CASE("a sequence read in pieces gets the positions it has as a whole, with and without a longer range") {
  for (const std::size_t randomised : {std::size_t{0}, std::size_t{23}}) {
    const PositionRange range{.max_length = 7, .randomised = randomised};
    Init init(1);
    SinusoidalPositions sinusoidal(range, 4);
    LearnedPositions learned(range, 4, init);
    const Array x = drawn({2, 7, 4}, -1, 1, 1);
    for (Layer* layer : {static_cast<Layer*>(&sinusoidal), static_cast<Layer*>(&learned)}) {
      const Array whole = (*layer)(Tensor(x), {}).value();
      for (std::size_t t = 0; t < 7; ++t) {
        Array piece = zeros({2, 1, 4});
        for (std::size_t b = 0; b < 2; ++b) std::copy_n(x.data() + (b * 7 + t) * 4, 4, piece.data() + b * 4);
        const Array y = (*layer)(Tensor(piece), {.offset = t}).value();
        for (std::size_t b = 0; b < 2; ++b) {
          CHECK(std::equal(y.data() + b * 4, y.data() + b * 4 + 4, whole.data() + (b * 7 + t) * 4));
        }
      }
    }
  }
}

TEST_CASE("in evaluation the positions are spread evenly over the longer range") {
  CHECK(numbers(4, {.max_length = 5, .randomised = 12}, {}) == std::vector<std::int32_t>{0, 2, 4, 7});
  CHECK(numbers(2, {.max_length = 5, .randomised = 12}, {.offset = 3}) == std::vector<std::int32_t>{7, 9});
  CHECK(numbers(3, {.max_length = 5}, {.offset = 1}) == std::vector<std::int32_t>{1, 2, 3});
}

TEST_CASE("while training they are sorted subsets of the range, each equally likely, and a function of seed and step") {
  const PositionRange range{.max_length = 3, .randomised = 5};
  const auto draw = [&](std::uint64_t seed, std::uint64_t step) {
    StepRandom random(seed, step);
    return numbers(3, range, {.training = true, .random = &random});
  };
  CHECK(draw(1, 7) == draw(1, 7));
  std::map<std::vector<std::int32_t>, int> counts;
  const int draws = 5000;
  for (int step = 0; step < draws; ++step) {
    const std::vector<std::int32_t> some = draw(1, static_cast<std::uint64_t>(step));
    CHECK(std::is_sorted(some.begin(), some.end()));
    CHECK(std::set<std::int32_t>(some.begin(), some.end()).size() == 3);
    CHECK(some.front() >= 0);
    CHECK(some.back() < 5);
    ++counts[some];
  }
  CHECK(counts.size() == 10);  // 5 over 3
  // Each of ten subsets 500 times: five standard deviations of a binomial are 5 sqrt(5000 0.1 0.9) = 106.
  for (const auto& [subset, count] : counts) CHECK(std::abs(count - draws / 10) < 106);
  // A subset of everything is everything.
  StepRandom random(1, 1);
  CHECK(numbers(3, {.max_length = 3, .randomised = 3}, {.training = true, .random = &random}) ==
        std::vector<std::int32_t>{0, 1, 2});
}

TEST_CASE("misuse of positions is named") {
  CHECK_THROWS_WITH(check_range({}), "positions: the length must be at least 1; max_length 0");
  CHECK_THROWS_WITH(SinusoidalPositions({.max_length = 5, .randomised = 4}, 2),
                    "positions: there are fewer positions to draw from than a sequence may have; randomised 4, "
                    "max_length 5; draw from a longer range");
  CHECK_THROWS_WITH(numbers(2, {.max_length = 3}, {.offset = 2}),
                    "positions: the sequence has 2 positions from position 2 on, the table 3; raise model.max_len or "
                    "shorten the input");
  CHECK_THROWS_AS(numbers(1, {.max_length = 3}, {.offset = SIZE_MAX}), ShapeError);
  CHECK_THROWS_WITH(numbers(1, {.max_length = 3, .randomised = 9}, {.training = true}),
                    "positions: training needs a source of randomness; Context::random is null; give the context a "
                    "StepRandom(seed, step)");
  StepRandom random(1, 1);
  CHECK_THROWS_WITH(numbers(1, {.max_length = 3, .randomised = 9}, {.training = true, .random = &random, .offset = 1}),
                    "positions: randomised positions are drawn for whole sequences; training with offset 1; train on "
                    "whole sequences");
}
