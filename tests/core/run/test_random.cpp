#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/random.h"

namespace headlight {
namespace {

using Words = std::array<std::uint32_t, 4>;

constexpr RandomKey kKey{.seed = 0x0123'4567'89AB'CDEF, .stream = stream_id("data"), .step = 42};

// A correct generator exceeds these with probability 1e-6 (chi-square with so many degrees of freedom). The keys are
// fixed, so the tests always give the same verdict.
constexpr double kChiSquare5 = 35.89;
constexpr double kChiSquare9 = 44.81;

double chi_square(const std::vector<std::size_t>& observed) {
  const double total = static_cast<double>(std::accumulate(observed.begin(), observed.end(), std::size_t{0}));
  const double expected = total / static_cast<double>(observed.size());
  double sum = 0;
  for (const std::size_t count : observed) {
    const double difference = static_cast<double>(count) - expected;
    sum += difference * difference / expected;
  }
  return sum;
}

// |mean of x - mean| must stay within 5 deviations of the mean of n numbers, deviation / sqrt(n).
template <class Function>
bool mean_is(const std::vector<double>& values, double mean, double deviation, Function function) {
  double sum = 0;
  for (const double value : values) sum += function(value);
  const double n = static_cast<double>(values.size());
  return std::abs(sum / n - mean) < 5 * deviation / std::sqrt(n);
}

}  // namespace

TEST_CASE("Philox4x32-10 gives the known answers of Random123") {
  // Random123 1.14, tests/kat_vectors, lines "philox4x32 10": counter, key, result. The counter is (block, step,
  // stream low, stream high) and the key (seed low, seed high).
  CHECK(random_bits({.seed = 0, .stream = 0, .step = 0}, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(random_bits({.seed = 0xffffffffffffffff, .stream = 0xffffffffffffffff, .step = 0xffffffff}, 0xffffffff) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(random_bits({.seed = 0x299f31d0a4093822, .stream = 0x0370734413198a2e, .step = 0x85a308d3}, 0x243f6a88) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("stream_id is FNV-1a") {
  // Test values published with FNV-1a (64 bits).
  CHECK(stream_id("") == 0xcbf29ce484222325);
  CHECK(stream_id("a") == 0xaf63dc4c8601ec8c);
  CHECK(stream_id("foobar") == 0x85944171f73967e8);
}

TEST_CASE("The words of a key are the same in pieces of any size") {
  std::vector<std::uint32_t> whole(1000);
  fill_random_words(whole, kKey);
  for (std::size_t block = 0; block < 250; ++block) {
    const Words words = random_bits(kKey, block);
    REQUIRE(std::equal(words.begin(), words.end(), whole.begin() + static_cast<std::ptrdiff_t>(4 * block)));
  }
  for (std::size_t first = 0; first < 9; ++first) {
    for (std::size_t count = 0; count < 12; ++count) {
      std::vector<std::uint32_t> piece(count);
      fill_random_words(piece, kKey, first);
      REQUIRE(std::equal(piece.begin(), piece.end(), whole.begin() + static_cast<std::ptrdiff_t>(first)));
    }
  }
}

TEST_CASE("Seed, stream, step and block each change the words") {
  std::set<Words> seen;
  const std::uint64_t high = std::uint64_t{1} << 32;
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, high}) {
    for (const std::uint64_t stream : {std::uint64_t{0}, std::uint64_t{1}, high}) {
      for (const std::uint64_t step : {std::uint64_t{0}, std::uint64_t{1}, high - 1}) {
        for (const std::uint64_t block : {std::uint64_t{0}, std::uint64_t{1}, high - 1}) {
          seen.insert(random_bits({.seed = seed, .stream = stream, .step = step}, block));
        }
      }
    }
  }
  CHECK(seen.size() == 81);
}

TEST_CASE("A step or a block that would repeat another place is refused") {
  const std::uint64_t limit = std::uint64_t{1} << 32;
  CHECK_THROWS_AS(random_bits({.seed = 1, .stream = 1, .step = limit}, 0), ConfigError);
  CHECK_THROWS_AS(random_bits(kKey, limit), ConfigError);
  std::vector<std::uint32_t> words(2);
  CHECK_NOTHROW(fill_random_words(words, kKey, 4 * limit - 2));
  CHECK_THROWS_AS(fill_random_words(words, kKey, 4 * limit - 1), ConfigError);
  CHECK_THROWS_AS(fill_random_words(words, kKey, std::numeric_limits<std::uint64_t>::max()), ConfigError);
}

TEST_CASE("A sequence gives the numbers of an independent implementation") {
  // Philox, the conversion to 53 bits, Lemire's product and Box-Muller written anew in Python 3.11, with its math module.
  Random uniform(kKey);
  CHECK(uniform.uniform() == 0x1.dea0e77515ad4p-1);
  CHECK(uniform.uniform() == 0x1.52ba8e0d17a3dp-1);
  CHECK(uniform.uniform() == 0x1.f878453ea7614p-1);
  CHECK(uniform.uniform() == 0x1.bc57234f571f7p-1);
  Random below(kKey);
  for (const std::uint64_t expected : {9u, 6u, 9u, 8u, 4u, 5u, 1u, 1u}) CHECK(below.uniform_below(10) == expected);
  // Both sides compute log, cosine and square root with relative errors of a few 2^-53: 1e-14 is ample.
  Random normal(kKey);
  for (const double expected : {-1.2325463124308176, 1.9598275974534227, -0.9698313553410416}) {
    CHECK(normal.normal() == Approx(expected).epsilon(1e-14));
  }
  std::array<double, 4> filled{};
  fill_normal(filled, 0, 1, kKey);
  CHECK(filled[0] == Approx(-0.35423651047350724).epsilon(1e-14));
  CHECK(filled[1] == Approx(-0.09652029330672136).epsilon(1e-14));
  CHECK(filled[2] == Approx(-0.8709996286669652).epsilon(1e-14));
  CHECK(filled[3] == Approx(-0.2600187211423785).epsilon(1e-14));
}

TEST_CASE("Our logarithm, sine and cosine agree with the C library's over all of Box and Muller's inputs") {
  std::vector<double> normals(20'000);
  std::vector<std::uint32_t> words(normals.size());
  fill_normal(normals, 0, 1, kKey);
  fill_random_words(words, kKey);
  for (std::size_t i = 0; i < normals.size(); i += 2) {
    const double radius = std::sqrt(-2 * std::log((words[i] + 1.0) * 0x1p-32));
    const double angle = 2 * std::numbers::pi * (words[i + 1] * 0x1p-32);
    // The angle, up to 2 pi, is rounded to 2^-51; the rest are a few roundings of 2^-53.
    const double tolerance = 8 * std::max(radius, 1.0) * std::numeric_limits<double>::epsilon();
    REQUIRE(std::abs(normals[i] - radius * std::cos(angle)) <= tolerance);
    REQUIRE(std::abs(normals[i + 1] - radius * std::sin(angle)) <= tolerance);
  }
}

TEST_CASE("A copy of a sequence goes its own way from the same place") {
  Random a(kKey);
  a.word();
  Random b = a;
  const std::uint32_t next = a.word();
  a.word();
  CHECK(b.word() == next);
}

TEST_CASE("Filled values are the same in pieces of any size") {
  std::vector<double> uniform(600);
  std::vector<double> normal(600);
  fill_uniform(uniform, -1, 2, kKey);
  fill_normal(normal, 3, 2, kKey);
  for (const std::size_t first : {0u, 1u, 2u, 3u, 255u, 256u, 257u}) {
    for (const std::size_t count : {0u, 1u, 2u, 5u, 256u, 300u}) {
      std::vector<double> piece(count);
      fill_uniform(piece, -1, 2, kKey, first);
      REQUIRE(std::equal(piece.begin(), piece.end(), uniform.begin() + static_cast<std::ptrdiff_t>(first)));
      fill_normal(piece, 3, 2, kKey, first);
      REQUIRE(std::equal(piece.begin(), piece.end(), normal.begin() + static_cast<std::ptrdiff_t>(first)));
    }
  }
}

TEST_CASE("Uniform numbers lie from 0 to below 1 and have the moments of the uniform distribution") {
  Random random(kKey);
  std::vector<double> values(1'000'000);
  for (double& value : values) value = random.uniform();
  CHECK(std::all_of(values.begin(), values.end(), [](double x) { return x >= 0 && x < 1; }));
  // x has mean 1/2 and variance 1/12; (x - 1/2)^2 has mean 1/12 and variance 1/80 - 1/144 = 1/180.
  CHECK(mean_is(values, 0.5, std::sqrt(1.0 / 12), [](double x) { return x; }));
  CHECK(mean_is(values, 1.0 / 12, std::sqrt(1.0 / 180), [](double x) { return (x - 0.5) * (x - 0.5); }));
}

TEST_CASE("Normal numbers have the first four moments of the normal distribution") {
  std::vector<double> sequence(1'000'000);
  Random random(kKey);
  for (double& value : sequence) value = random.normal();
  std::vector<double> filled(sequence.size());
  fill_normal(filled, 0, 1, kKey);
  for (const std::vector<double>& values : {sequence, filled}) {
    // Variances of x, x^2, x^3, x^4: 1, 3 - 1, 15, 105 - 9.
    CHECK(mean_is(values, 0, 1, [](double x) { return x; }));
    CHECK(mean_is(values, 1, std::sqrt(2.0), [](double x) { return x * x; }));
    CHECK(mean_is(values, 0, std::sqrt(15.0), [](double x) { return x * x * x; }));
    CHECK(mean_is(values, 3, std::sqrt(96.0), [](double x) { return x * x * x * x; }));
  }
  // Neighbours share a radius, yet are independent: the product of two has mean 0 and variance 1.
  std::vector<double> products(filled.size() / 2);
  for (std::size_t i = 0; i < products.size(); ++i) products[i] = filled[2 * i] * filled[2 * i + 1];
  CHECK(mean_is(products, 0, 1, [](double x) { return x; }));
}

TEST_CASE("fill_uniform stays below its end even where rounding would reach it") {
  const double next = std::nextafter(1.0, 2.0);
  std::vector<double> values(1000);
  fill_uniform(values, 1.0, next, kKey);
  CHECK(std::all_of(values.begin(), values.end(), [](double x) { return x == 1.0; }));
  fill_uniform(values, 2.0, 2.0, kKey);  // an empty range has its only end
  CHECK(std::all_of(values.begin(), values.end(), [](double x) { return x == 2.0; }));
}

TEST_CASE("Ranges and deviations that cannot be are refused") {
  std::vector<double> values(4);
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(fill_uniform(values, 1, 0, kKey), ConfigError);
  CHECK_THROWS_AS(fill_uniform(values, nan, 1, kKey), ConfigError);
  CHECK_THROWS_AS(fill_uniform(values, 0, infinity, kKey), ConfigError);
  CHECK_THROWS_AS(fill_normal(values, 0, -1, kKey), ConfigError);
  CHECK_THROWS_AS(fill_normal(values, nan, 1, kKey), ConfigError);
  CHECK_THROWS_AS(Random(kKey).uniform_below(0), ConfigError);
}

TEST_CASE("uniform_below is uniform") {
  Random random(kKey);
  std::vector<std::size_t> counts(10, 0);
  for (int i = 0; i < 1'000'000; ++i) ++counts.at(static_cast<std::size_t>(random.uniform_below(10)));
  CHECK(chi_square(counts) < kChiSquare9);
  CHECK(random.uniform_below(1) == 0);
}

TEST_CASE("uniform_below has no bias where a plain product would have one of a half") {
  // With count = 3/4 of 2^64, taking the high word without rejection gives every third number twice as often. Thirds
  // of the range by remainder: a correct generator gives each a probability of 1/3.
  const std::uint64_t count = std::uint64_t{3} << 62;
  Random random(kKey);
  std::vector<std::size_t> counts(6, 0);
  for (int i = 0; i < 60'000; ++i) {
    const std::uint64_t value = random.uniform_below(count);
    REQUIRE(value < count);
    ++counts[static_cast<std::size_t>(value % 6)];
  }
  CHECK(chi_square(counts) < kChiSquare5);
}

TEST_CASE("Shuffled numbers are each there once, and all six orders of three are equally likely") {
  Random random(kKey);
  const auto permutation = [&random](std::size_t count) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    random.shuffle(std::span(order));
    return order;
  };
  std::vector<std::size_t> sorted = permutation(1000);
  CHECK_FALSE(std::is_sorted(sorted.begin(), sorted.end()));
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) REQUIRE(sorted[i] == i);
  CHECK(permutation(0).empty());
  CHECK(permutation(1) == std::vector<std::size_t>{0});

  std::map<std::vector<std::size_t>, std::size_t> orders;
  for (int i = 0; i < 60'000; ++i) ++orders[permutation(3)];
  REQUIRE(orders.size() == 6);
  std::vector<std::size_t> counts;
  for (const auto& [order, count] : orders) counts.push_back(count);
  CHECK(chi_square(counts) < kChiSquare5);
}

TEST_CASE("shuffle rearranges values of any type") {
  std::vector<std::string> words = {"a", "b", "c", "d", "e"};
  Random(kKey).shuffle(std::span(words));
  std::sort(words.begin(), words.end());
  CHECK(words == std::vector<std::string>{"a", "b", "c", "d", "e"});
}

}  // namespace headlight
