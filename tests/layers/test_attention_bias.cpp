// The slopes of ALiBi, by hand from the published rule.
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "layers/attention_bias.h"

using namespace headlight;

namespace {

/// 2^-e for each e.
void check_slopes(std::size_t heads, const std::vector<double>& exponents) {
  INFO(heads << " heads");
  const std::vector<double> slopes = alibi_slopes(heads);
  REQUIRE(slopes.size() == exponents.size());
  for (std::size_t h = 0; h < heads; ++h) CHECK(slopes[h] == Approx(std::pow(2.0, -exponents[h])).epsilon(1e-14));
}

}  // namespace

TEST_CASE("ALiBi's slopes for powers of two are the geometric sequence of the paper") {
  // Press, Smith & Lewis 2021, section 3: for n heads it begins at 2^(-8/n) and has that ratio; for 8 heads
  // 1/2, 1/4, ..., 1/256.
  check_slopes(1, {8});
  check_slopes(2, {4, 8});
  check_slopes(4, {2, 4, 6, 8});
  check_slopes(8, {1, 2, 3, 4, 5, 6, 7, 8});
  check_slopes(16, {0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8});
}

TEST_CASE("ALiBi's slopes for other numbers of heads are those of the power below and every second one of the next") {
  // The authors' get_slopes(n): those of the closest power of two below n, then from the first on every other one of
  // twice that power, as many as are left.
  // 3: of 2 heads, then the first of 4. 6: of 4, then the first and third of 8.
  check_slopes(3, {4, 8, 2});
  check_slopes(6, {2, 4, 6, 8, 1, 3});
  // 7: one more of those, the fifth of 8. 12: of 8, then the first, third, fifth and seventh of 16.
  check_slopes(7, {2, 4, 6, 8, 1, 3, 5});
  check_slopes(12, {1, 2, 3, 4, 5, 6, 7, 8, 0.5, 1.5, 2.5, 3.5});
}

TEST_CASE("ALiBi's bias takes the slope of each head off per step of distance, the ends aligned") {
  const Array bias = alibi_bias(6, 2, 3);
  REQUIRE(bias.shape() == Shape{6, 2, 3});
  // Two queries of three keys: the first stands opposite key 1, the second opposite key 2. Powers of two are exact.
  const double distances[] = {1, 0, 1, 2, 1, 0};
  const double slopes[] = {1.0 / 4, 1.0 / 16, 1.0 / 64, 1.0 / 256, 1.0 / 2, 1.0 / 8};
  for (std::size_t h = 0; h < 6; ++h) {
    for (std::size_t i = 0; i < 6; ++i) CHECK(bias.data()[h * 6 + i] == static_cast<Real>(-slopes[h] * distances[i]));
  }
}
