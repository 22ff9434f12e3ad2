// Expected masks: Random123's Philox, word by word, as core/kernels/dropout.h states.
#include <Random123/philox.h>
#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/kernels/dropout.h"
#include "tests/core/kernels/rows.h"

using namespace headlight;
using namespace headlight::rows;

namespace {

const kernels::DropoutKey kKey{0x0123456789ABCDEF, 0xFEDCBA9876543210, 77};

bool dropped(std::uint64_t element, double p, const kernels::DropoutKey& key) {
  const auto low = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
  const auto high = [](std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); };
  const philox4x32_ctr_t counter = {{low(element / 4), low(key.step), low(key.stream), high(key.stream)}};
  const philox4x32_key_t philox_key = {{low(key.seed), high(key.seed)}};
  const philox4x32_ctr_t words = philox4x32(counter, philox_key);
  return static_cast<double>(words.v[element % 4]) < std::floor(p * 4294967296.0);
}

}  // namespace

TEST_CASE("Dropout keeps, scales and drops as the counter says, for every piece of the array") {
  const double p = 0.3;
  const Real scale = static_cast<Real>(1 / (1 - p));
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{5}, std::size_t{511}, std::size_t{1300}}) {
    for (const std::uint64_t first : {0ULL, 1ULL, 3ULL, 4ULL, 1022ULL, 1000000007ULL}) {
      const Values x = uniform(n, -1, 1, n + first);
      Placed y(Values(n, kNan), n % 16);
      kernels::dropout(x.data(), y.data(), n, p, kKey, first);
      for (std::size_t i = 0; i < n; ++i) REQUIRE(y[i] == (dropped(first + i, p, kKey) ? Real{0} : x[i] * scale));
      REQUIRE(y.untouched());
      Placed in_place(x, 3);
      kernels::dropout(in_place.data(), in_place.data(), n, p, kKey, first);
      REQUIRE(same_bits(in_place.values(), y.values()));
    }
  }
}

TEST_CASE("Dropout with probability zero is the identity, and a dropped NaN is zero") {
  const Values x = uniform(1000, -1, 1, 1);
  Values y(1000);
  kernels::dropout(x.data(), y.data(), 1000, 0, kKey);
  CHECK(same_bits(x, y));
  const Values nan(1000, kNan);
  kernels::dropout(nan.data(), y.data(), 1000, 0.5, kKey);
  for (std::size_t i = 0; i < 1000; ++i) REQUIRE(std::isnan(y[i]) == !dropped(i, 0.5, kKey));
}

TEST_CASE("Dropout drops the share it was asked for, and another stream, step or seed other elements") {
  const std::size_t n = 200000;
  const Values ones(n, 1);
  const auto drops = [&](const kernels::DropoutKey& key, double p) {
    Values y(n);
    kernels::dropout(ones.data(), y.data(), n, p, key);
    return y;
  };
  for (const double p : {0.1, 0.5, 0.9}) {
    const Values y = drops(kKey, p);
    const double share = static_cast<double>(std::count(y.begin(), y.end(), Real{0})) / static_cast<double>(n);
    // five standard deviations of a binomial share
    CHECK(std::fabs(share - p) < 5 * std::sqrt(p * (1 - p) / static_cast<double>(n)));
  }
  const Values base = drops(kKey, 0.5);
  for (const kernels::DropoutKey& other : {kernels::DropoutKey{kKey.seed + 1, kKey.stream, kKey.step},
                                           kernels::DropoutKey{kKey.seed, kKey.stream + 1, kKey.step},
                                           kernels::DropoutKey{kKey.seed, kKey.stream, kKey.step + 1}}) {
    const Values y = drops(other, 0.5);
    std::size_t equal = 0;
    for (std::size_t i = 0; i < n; ++i) equal += y[i] == base[i] ? 1U : 0U;
    // independent fair masks agree on half of the elements
    CHECK(std::fabs(static_cast<double>(equal) / static_cast<double>(n) - 0.5) < 5 * 0.5 / std::sqrt(n));
  }
}

TEST_CASE("Dropout refuses counters that would repeat") {
  Real x = 1;
  CHECK_THROWS_AS(kernels::dropout(&x, &x, 1, 0.5, {1, 1, 1ULL << 32}), ConfigError);
  CHECK_THROWS_AS(kernels::dropout(&x, &x, 1, 0.5, {1, 1, 1}, 1ULL << 34), ConfigError);
  CHECK_NOTHROW(kernels::dropout(&x, &x, 1, 0.5, {1, 1, 1}, (1ULL << 34) - 1));
}
