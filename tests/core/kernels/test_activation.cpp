// Expected values: the formulas of core/kernels/activation.h in long double.
#include <catch2/catch.hpp>

#include "core/kernels/activation.h"
#include "tests/core/kernels/rows.h"

using namespace headlight;
using namespace headlight::rows;

namespace {

struct Case {
  Activation kind;
  Exact (*value)(Exact);
  Exact (*slope)(Exact);
};

Exact cdf(Exact x) { return std::erfc(-x * 0.70710678118654752440L) / 2; }
Exact density(Exact x) { return 0.39894228040143267794L * std::exp(-x * x / 2); }
Exact logistic(Exact x) { return 1 / (1 + std::exp(-x)); }
Exact gate_argument(Exact x) { return 2 * 0.79788456080286535588L * (x + 0.044715L * x * x * x); }
Exact gelu_tanh_slope(Exact x) {
  const Exact s = logistic(gate_argument(x));
  return s + x * s * (1 - s) * 2 * 0.79788456080286535588L * (1 + 3 * 0.044715L * x * x);
}
Exact silu_slope(Exact x) { return logistic(x) * (1 + x * (1 - logistic(x))); }

const Case kCases[] = {
    {Activation::none, [](Exact x) { return x; }, [](Exact) { return 1.0L; }},
    {Activation::relu, [](Exact x) { return x > 0 ? x : 0; }, [](Exact x) { return x > 0 ? 1.0L : 0.0L; }},
    {Activation::gelu, [](Exact x) { return x * cdf(x); }, [](Exact x) { return cdf(x) + x * density(x); }},
    {Activation::gelu_tanh, [](Exact x) { return x * logistic(gate_argument(x)); }, gelu_tanh_slope},
    {Activation::silu, [](Exact x) { return x * logistic(x); }, silu_slope},
    {Activation::tanh, [](Exact x) { return std::tanh(x); }, [](Exact x) { return 1 - std::tanh(x) * std::tanh(x); }},
    {Activation::sigmoid, logistic, [](Exact x) { return logistic(x) * (1 - logistic(x)); }},
    {Activation::softplus, [](Exact x) { return std::max(x, 0.0L) + std::log1p(std::exp(-std::fabs(x))); }, logistic},
};

}  // namespace

TEST_CASE("Activations and their derivatives agree with the formulas") {
  // Errors are absolute, in units of the largest factor: the factors are at most max(1, |x|), and the slopes of the
  // gates multiply an argument's rounding by at most a few. 8 units in the last place of max(1, |x|) hold for all.
  const std::size_t n = 20001;
  const Values x = uniform(n, -9, 9, 21);
  const Values g = uniform(n, -1, 1, 22);
  for (const Case& c : kCases) {
    Values y(n);
    Values dx(n);
    kernels::activation_forward(c.kind, x.data(), y.data(), n);
    const bool from_output = derivative_uses_output(c.kind);
    kernels::activation_backward(c.kind, from_output ? nullptr : x.data(), from_output ? y.data() : nullptr, g.data(),
                                 dx.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      const Exact v = x[i];
      const Exact unit = kEpsilon * std::max(1.0L, std::fabs(v));
      CAPTURE(static_cast<int>(c.kind), x[i], y[i], dx[i]);
      REQUIRE(error(y[i], c.value(v)) <= 4 * unit);
      REQUIRE(error(dx[i], static_cast<Exact>(g[i]) * c.slope(v)) <= 8 * unit);
    }
  }
}

TEST_CASE("The fused row kernels give the bits of the separate steps for every width") {
  for (const Case& c : kCases) {
    for (const std::size_t cols : kSizes) {
      const std::size_t rows = 5;
      const Values x = uniform(rows * cols, -3, 3, cols);
      const Values bias = uniform(cols, -1, 1, cols + 1);
      const Values g = uniform(rows * cols, -1, 1, cols + 2);

      Values biased = x;
      for (std::size_t i = 0; i < biased.size(); ++i) biased[i] += bias[i % cols];
      Values value(biased.size());
      Values slope(biased.size());
      kernels::activation_forward(c.kind, biased.data(), value.data(), biased.size());
      kernels::activation_backward(c.kind, biased.data(), value.data(), g.data(), slope.data(), biased.size());
      Values bias_gradient(cols, Real{0.5});
      for (std::size_t i = 0; i < slope.size(); ++i) bias_gradient[i % cols] += slope[i];

      Placed z(x, cols % 16);
      Placed y(Values(x.size()), 3);
      kernels::bias_activation_rows(c.kind, z.data(), bias.data(), y.data(), rows, cols);
      CHECK(same_bits(z.values(), biased));
      CHECK(same_bits(y.values(), value));
      Placed dz(Values(x.size()), 7);
      Placed dbias(Values(cols, Real{0.5}), 1);
      kernels::bias_activation_backward_rows(c.kind, z.data(), y.data(), g.data(), dz.data(), dbias.data(), rows, cols);
      CHECK(same_bits(dz.values(), slope));
      CHECK(same_bits(dbias.values(), bias_gradient));
      CHECK((z.untouched() && y.untouched() && dz.untouched() && dbias.untouched()));
    }
  }
}

TEST_CASE("Without a bias the fused row kernels are the plain activation") {
  Values z = uniform(33, -3, 3, 1);
  const Values g = uniform(33, -1, 1, 2);
  Values expected(33);
  Values y(33);
  kernels::activation_forward(Activation::gelu, z.data(), expected.data(), 33);
  kernels::bias_activation_rows(Activation::gelu, z.data(), nullptr, y.data(), 3, 11);
  CHECK(same_bits(y, expected));
  kernels::activation_backward(Activation::gelu, z.data(), nullptr, g.data(), expected.data(), 33);
  kernels::bias_activation_backward_rows(Activation::gelu, z.data(), nullptr, g.data(), y.data(), nullptr, 3, 11);
  CHECK(same_bits(y, expected));
  const Values before = z;
  kernels::bias_activation_rows(Activation::none, z.data(), nullptr, z.data(), 3, 11);
  CHECK(same_bits(z, before));
}

TEST_CASE("Activations keep NaN forward and backward, and relu passes no gradient at zero or below") {
  const Real x = kNan;
  const Real g = 2;
  for (const Case& c : kCases) {
    Real y = 0;
    Real dx = 0;
    kernels::activation_forward(c.kind, &x, &y, 1);
    CHECK(std::isnan(y));
    const Real upstream = kNan;
    const Real one = 1;
    kernels::activation_backward(c.kind, &one, &one, &upstream, &dx, 1);
    CHECK(std::isnan(dx));
  }
  const Values y{0, 0, 3};
  const Values upstream{kInf, g, g};
  Values dx(3);
  kernels::activation_backward(Activation::relu, nullptr, y.data(), upstream.data(), dx.data(), 3);
  CHECK(dx == Values{0, 0, 2});
}
