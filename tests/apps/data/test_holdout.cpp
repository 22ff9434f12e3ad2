#include <algorithm>
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/data/holdout.h"
#include "apps/data/sparse_index.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using headlight::testing::message_of;

TEST_CASE("Held-out items and the others are all items, each once, both in the order of the file") {
  for (const std::uint64_t held : std::vector<std::uint64_t>{1, 7, 29}) {
    for (const Holdout& holdout : {Holdout::random(30, held, 5, "key"), Holdout::tail(30, held, "key")}) {
      REQUIRE(holdout.held_count() == held);
      REQUIRE(holdout.kept_count() == 30 - held);
      std::vector<std::uint64_t> kept;
      std::vector<std::uint64_t> all;
      for (std::uint64_t i = 0; i < holdout.kept_count(); ++i) kept.push_back(holdout.kept(i));
      CHECK(std::is_sorted(kept.begin(), kept.end()));
      for (std::uint64_t i = 0; i < held; ++i) all.push_back(holdout.held(i));
      CHECK(std::is_sorted(all.begin(), all.end()));
      all.insert(all.end(), kept.begin(), kept.end());
      std::sort(all.begin(), all.end());
      for (std::uint64_t i = 0; i < 30; ++i) CHECK(all[i] == i);
    }
  }
  CHECK(Holdout::tail(30, 4, "key").held(0) == 26);
}

TEST_CASE("Every item is as likely to be held out, and the seed alone decides") {
  constexpr std::uint64_t kSeeds = 4000;
  std::vector<double> counts(10, 0);
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Holdout holdout = Holdout::random(10, 3, seed, "key");
    for (std::uint64_t i = 0; i < 3; ++i) ++counts[holdout.held(i)];
  }
  // Binomial with p = 0.3: a standard deviation of sqrt(4000 * 0.3 * 0.7) = 29; ten counts within 4 of them.
  for (const double count : counts) CHECK(std::abs(count - 1200) < 116);
  CHECK(Holdout::random(1000, 3, 8, "key").held(1) == Holdout::random(1000, 3, 8, "key").held(1));
}

TEST_CASE("Nothing held out, or nothing left, is refused") {
  CHECK(message_of<ConfigError>([] { Holdout::random(5, 0, 1, "key"); }) ==
        "held-out examples: some must be held out, and some left to train on; 0 of 5; give more data, or "
        "change `key`");
  CHECK_THROWS_AS(Holdout::tail(5, 5, "key"), ConfigError);
}

TEST_CASE("A sparse index keeps an element in every 4 KB and finds the one before any other") {
  SparseIndex index;
  // Elements of 100 bytes: every 41st is the first at or behind the next multiple of the stride since the last.
  for (std::uint64_t i = 0; i < 1000; ++i) index.add({.element = i, .offset = 100 * i, .line = i + 1});
  CHECK(index.size() == 25);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const SparseIndex::Entry entry = index.before(i);
    REQUIRE(entry.element == i / 41 * 41);
    REQUIRE(entry.offset == 100 * entry.element);
    REQUIRE(entry.line == entry.element + 1);
  }
  CHECK_THROWS_AS(SparseIndex().before(0), StateError);
}
