#include <cmath>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/tasks/index_order.h"
#include "core/error.h"
#include "tests/apps/tasks/task_testing.h"

using namespace headlight;

TEST_CASE("An index order holds every index once") {
  for (const std::uint64_t count :
       {1UL, 2UL, 3UL, 4UL, 5UL, 15UL, 16UL, 17UL, 63UL, 64UL, 65UL, 100UL, 4097UL, 12769UL}) {
    const IndexOrder order(count, 7, "test");
    std::vector<bool> seen(count);
    std::uint64_t different = 0;
    for (std::uint64_t index = 0; index < count; ++index) {
      const std::uint64_t value = order(index);
      REQUIRE(value < count);
      if (!seen[value]) ++different;
      seen[value] = true;
    }
    CHECK(different == count);
  }
}

TEST_CASE("An index order of 10^18 members needs no list of them") {
  const std::uint64_t count = 1'000'000'000'000'000'000;
  const IndexOrder order(count, 1, "test");
  std::set<std::uint64_t> seen;
  for (std::uint64_t index = 0; index < 1000; ++index) {
    const std::uint64_t value = order(index);
    CHECK(value < count);
    seen.insert(value);
  }
  CHECK(seen.size() == 1000);
}

TEST_CASE("Each member of an index order stands at each place as often") {
  // Over 4,000 seeds; 9 degrees of freedom: above 33.7 with probability 1e-4.
  constexpr std::uint64_t kCount = 10;
  std::vector<std::vector<double>> at(kCount, std::vector<double>(kCount));
  double ascending = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const IndexOrder order(kCount, seed, "test");
    for (std::uint64_t index = 0; index < kCount; ++index) at[index][order(index)] += 1;
    if (order(3) < order(4)) ascending += 1;
  }
  for (const auto& counts : at) CHECK(testing::chi_square(counts) < 33.7);
  // Neighbours stand in either order: 2,000 with a deviation of 31.6; 5 deviations.
  CHECK(std::abs(ascending - 2000) < 158);
}

TEST_CASE("Seeds and purposes have orders of their own") {
  const auto order = [](std::uint64_t seed, const char* purpose) {
    const IndexOrder made(50, seed, purpose);
    std::vector<std::uint64_t> all;
    for (std::uint64_t index = 0; index < 50; ++index) all.push_back(made(index));
    return all;
  };
  CHECK(order(1, "a") == order(1, "a"));
  CHECK(order(1, "a") != order(2, "a"));
  CHECK(order(1, "a") != order(1, "b"));
  CHECK_THROWS_AS(IndexOrder(0, 1, "a"), ConfigError);
  CHECK_THROWS_AS(IndexOrder((std::uint64_t{1} << 62U) + 1, 1, "a"), ConfigError);
}
