// Expected values: the definitions in long double. Derived tolerances: a weight carries the error of exp (1.1 ulp), of
// the argument's rounding (|x - max| / 2 ulp, |x - max| <= 12 here), of the sum (cols / lanes additions and a tree) and
// of two roundings: (12 / 2 + 1.1 + 20 + 2) epsilon, rounded up to 32 epsilon of the weight.
#include <catch2/catch.hpp>

#include "core/kernels/softmax.h"
#include "tests/core/kernels/rows.h"

using namespace headlight;
using namespace headlight::rows;

namespace {

constexpr Exact kWeightTolerance = 32 * kEpsilon;

std::vector<Exact> exact_softmax(const std::vector<Exact>& x) {
  Exact top = -std::numeric_limits<Exact>::infinity();
  for (const Exact v : x) top = std::max(top, v);
  Exact total = 0;
  std::vector<Exact> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) total += y[i] = std::exp(x[i] - top);
  for (Exact& v : y) v /= total;
  return y;
}

std::vector<Exact> exact(const Real* x, std::size_t n) { return std::vector<Exact>(x, x + n); }

}  // namespace

TEST_CASE("Softmax rows agree with the definition and sum to one at every width and offset") {
  for (const std::size_t cols : kSizes) {
    for (std::size_t offset = 0; offset < 16; offset += 5) {
      const std::size_t rows = 3;
      const Values x = uniform(rows * cols, -6, 6, cols + offset);
      Placed in(x, offset);
      Placed y(Values(x.size()), 15 - offset);
      Placed logs(Values(x.size()), offset);
      Values normalizer(rows);
      kernels::softmax_rows(in.data(), y.data(), rows, cols);
      kernels::log_softmax_rows(in.data(), logs.data(), rows, cols);
      kernels::logsumexp_rows(in.data(), normalizer.data(), rows, cols);
      for (std::size_t row = 0; row < rows; ++row) {
        const std::vector<Exact> expected = exact_softmax(exact(x.data() + row * cols, cols));
        Exact total = 0;
        for (std::size_t i = 0; i < cols; ++i) {
          const std::size_t at = row * cols + i;
          REQUIRE(error(y[at], expected[i]) <= kWeightTolerance * expected[i]);
          // log p and its terms are below 20 in size
          REQUIRE(error(logs[at], std::log(expected[i])) <= 20 * kEpsilon);
          REQUIRE(error(normalizer[row], static_cast<Exact>(x[at]) - std::log(expected[i])) <= 20 * kEpsilon);
          total += static_cast<Exact>(y[at]);
        }
        if (cols > 0) REQUIRE(std::fabs(total - 1) <= kWeightTolerance);
      }
      REQUIRE((y.untouched() && logs.untouched()));
      const Values apart = y.values();
      kernels::softmax_rows(in.data(), in.data(), rows, cols);
      REQUIRE(same_bits(in.values(), apart));
      REQUIRE(in.untouched());
    }
  }
}

TEST_CASE("The backward rules of softmax and log_softmax agree with the definitions") {
  for (const std::size_t cols : kSizes) {
    const std::size_t rows = 2;
    const Values x = uniform(rows * cols, -3, 3, cols);
    const Values g = uniform(rows * cols, -1, 1, cols + 100);
    Values y(x.size());
    Values dx(x.size());
    Values logs(x.size());
    Values dlogs(x.size());
    kernels::softmax_rows(x.data(), y.data(), rows, cols);
    kernels::log_softmax_rows(x.data(), logs.data(), rows, cols);
    kernels::softmax_backward_rows(y.data(), g.data(), dx.data(), rows, cols);
    kernels::log_softmax_backward_rows(logs.data(), g.data(), dlogs.data(), rows, cols);
    for (std::size_t row = 0; row < rows; ++row) {
      const std::vector<Exact> p = exact_softmax(exact(x.data() + row * cols, cols));
      Exact mean = 0;
      Exact total = 0;
      for (std::size_t i = 0; i < cols; ++i) {
        mean += p[i] * static_cast<Exact>(g[row * cols + i]);
        total += static_cast<Exact>(g[row * cols + i]);
      }
      for (std::size_t i = 0; i < cols; ++i) {
        const Exact upstream = g[row * cols + i];
        // |g| <= 1 and p <= 1; the sum of g is at most cols and its error relative to that
        REQUIRE(error(dx[row * cols + i], p[i] * (upstream - mean)) <= 2 * kWeightTolerance * p[i]);
        REQUIRE(error(dlogs[row * cols + i], upstream - p[i] * total) <=
                kWeightTolerance * (1 + p[i] * static_cast<Exact>(cols)));
      }
    }
  }
}

TEST_CASE("Softmax of large scores does not overflow, and NaN or infinity shows") {
  const Values x{1000, 1000, -1000, kInf, 0, 1, kNan, 0, 1, -kInf, 0, 0, -kInf, -kInf, -kInf};
  Values y(15);
  Values normalizer(5);
  Values logs(15);
  kernels::softmax_rows(x.data(), y.data(), 5, 3);
  kernels::logsumexp_rows(x.data(), normalizer.data(), 5, 3);
  kernels::log_softmax_rows(x.data(), logs.data(), 5, 3);
  CHECK(y[0] == Real{0.5});
  CHECK(y[2] == 0);
  for (std::size_t i = 3; i < 9; ++i) CHECK(std::isnan(y[i]));
  CHECK((y[9] == 0 && y[10] == Real{0.5} && y[11] == Real{0.5}));
  for (std::size_t i = 12; i < 15; ++i) CHECK(std::isnan(y[i]));
  CHECK(error(normalizer[0], 1000 + std::log(2.0L)) <= 500 * kEpsilon);
  CHECK(normalizer[1] == kInf);
  CHECK(std::isnan(normalizer[2]));
  CHECK(normalizer[4] == -kInf);
  CHECK(logs[9] == -kInf);
}

TEST_CASE("Masked rows agree with a softmax over the visible keys alone, and hidden keys get exactly zero") {
  std::mt19937_64 bits(3);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(bits() % n); };
  for (int round = 0; round < 2000; ++round) {
    const std::size_t n = below(70);
    const std::size_t begin = below(n + 1);
    const std::size_t end = begin + below(n - begin + 1);
    const Real scale = Real{0.25};
    Values scores = uniform(n, -12, 12, bits());
    const Values bias = uniform(n, -3, 3, bits());
    std::vector<std::uint8_t> visible(n);
    for (std::uint8_t& v : visible) v = below(4) == 0 ? 0 : 1;
    const bool with_bytes = below(2) == 0;
    const bool with_bias = below(2) == 0;
    const kernels::VisibleKeys keys{begin, end, with_bytes ? visible.data() : nullptr,
                                    with_bias ? bias.data() : nullptr};

    std::vector<std::size_t> seen;
    std::vector<Exact> visible_scores;
    for (std::size_t k = 0; k < n; ++k) {
      if (k >= begin && k < end && (!with_bytes || visible[k] != 0)) {
        seen.push_back(k);
        visible_scores.push_back(static_cast<Exact>(scores[k]) * static_cast<Exact>(scale) +
                                 (with_bias ? static_cast<Exact>(bias[k]) : 0.0L));
      } else {
        scores[k] = kNan;  // what is hidden must not matter
      }
    }
    std::vector<Exact> expected(n, 0.0L);
    const std::vector<Exact> among = exact_softmax(visible_scores);
    for (std::size_t k = 0; k < seen.size(); ++k) expected[seen[k]] = among[k];

    Placed in(scores, below(16));
    Placed weights(Values(n, kNan), below(16));
    CHECK(kernels::masked_softmax_row(in.data(), weights.data(), n, scale, keys) == !seen.empty());
    for (std::size_t k = 0; k < n; ++k) {
      if (expected[k] == 0) {
        REQUIRE(weights[k] == 0);
      } else {
        REQUIRE(error(weights[k], expected[k]) <= kWeightTolerance * expected[k]);
      }
    }
    REQUIRE((weights.untouched() && in.untouched()));
    kernels::masked_softmax_row(in.data(), in.data(), n, scale, keys);
    REQUIRE(same_bits(in.values(), weights.values()));

    Values g = uniform(n, -1, 1, bits());
    for (std::size_t k = 0; k < n; ++k) {
      if (expected[k] == 0) g[k] = kNan;
    }
    Placed dscores(Values(n, kNan), below(16));
    kernels::masked_softmax_backward_row(weights.data(), g.data(), dscores.data(), n, scale, begin, end);
    Exact mean = 0;
    for (const std::size_t k : seen) mean += expected[k] * static_cast<Exact>(g[k]);
    for (std::size_t k = 0; k < n; ++k) {
      const Exact slope =
          expected[k] == 0 ? 0 : expected[k] * (static_cast<Exact>(g[k]) - mean) * static_cast<Exact>(scale);
      REQUIRE(error(dscores[k], slope) <= 2 * kWeightTolerance * expected[k]);
    }
    REQUIRE(dscores.untouched());
  }
}

TEST_CASE("A row without a visible score is zero, and NaN on a visible key stays on visible keys") {
  const std::size_t n = 20;
  std::vector<std::uint8_t> visible(n, 1);
  visible[3] = 0;
  Values scores(n, Real{1});
  Values weights(n, kNan);
  Values bias(n, -kInf);
  CHECK_FALSE(kernels::masked_softmax_row(scores.data(), weights.data(), n, 1, {4, 4}));
  CHECK(weights == Values(n, 0));
  CHECK_FALSE(kernels::masked_softmax_row(scores.data(), weights.data(), n, 1, {0, n, nullptr, bias.data()}));
  CHECK(weights == Values(n, 0));

  bias[7] = 0;
  CHECK(kernels::masked_softmax_row(scores.data(), weights.data(), n, 1, {0, n, nullptr, bias.data()}));
  Values only_seven(n, 0);
  only_seven[7] = 1;
  CHECK(weights == only_seven);

  for (const Real bad : {kNan, kInf}) {
    for (const Real others : {Real{1}, -kInf}) {
      std::fill(scores.begin(), scores.end(), others);
      scores[5] = bad;
      CHECK(kernels::masked_softmax_row(scores.data(), weights.data(), n, 1, {2, n - 1, visible.data()}));
      for (std::size_t k = 0; k < n; ++k) {
        if (k < 2 || k == n - 1 || k == 3) {
          CHECK(weights[k] == 0);
        } else {
          CHECK(std::isnan(weights[k]));
        }
      }
    }
  }
}
