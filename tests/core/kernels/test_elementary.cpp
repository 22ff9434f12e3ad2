// Expected values: the C library's long double functions (64-bit mantissa). The bounds of 4 units in the last place are
// those the kernels promise; the errors they show are smaller (see core/kernels/vector_math.h).
#include <catch2/catch.hpp>

#include "core/kernels/activation.h"
#include "core/kernels/elementary.h"
#include "tests/core/kernels/rows.h"

using namespace headlight;
using namespace headlight::rows;

namespace {

using Kernel = void (*)(const Real*, Real*, std::size_t);
using Reference = Exact (*)(Exact);

template <Activation kind>
void activation(const Real* x, Real* y, std::size_t n) {
  kernels::activation_forward(kind, x, y, n);
}

struct Function {
  const char* name;
  Kernel kernel;
  Reference reference;
  double low;
  double high;
};

Exact exact_sigmoid(Exact x) { return 1 / (1 + std::exp(-x)); }
Exact exact_softplus(Exact x) { return std::max(x, 0.0L) + std::log1p(std::exp(-std::fabs(x))); }

const Function kFunctions[] = {
    {"exp", kernels::exp, [](Exact x) { return std::exp(x); }, -760, 720},
    {"exp near 0", kernels::exp, [](Exact x) { return std::exp(x); }, -2, 2},
    {"exp in float's range", kernels::exp, [](Exact x) { return std::exp(x); }, -105, 90},
    {"tanh", activation<Activation::tanh>, [](Exact x) { return std::tanh(x); }, -25, 25},
    {"tanh in the middle", activation<Activation::tanh>, [](Exact x) { return std::tanh(x); }, -2, 2},
    {"tanh near 0", activation<Activation::tanh>, [](Exact x) { return std::tanh(x); }, -1e-3, 1e-3},
    {"sigmoid", activation<Activation::sigmoid>, exact_sigmoid, -80, 40},
    {"softplus", activation<Activation::softplus>, exact_softplus, -80, 40},
};

// The largest error in ulp over `count` random arguments.
Exact largest_error(const Function& f, std::size_t count) {
  const Values x = uniform(count, f.low, f.high, 11);
  Values y(count);
  f.kernel(x.data(), y.data(), count);
  Exact worst = 0;
  for (std::size_t i = 0; i < count; ++i) worst = std::max(worst, ulps(y[i], f.reference(static_cast<Exact>(x[i]))));
  return worst;
}

}  // namespace

TEST_CASE("Elementary functions err by less than 4 units in the last place") {
  for (const Function& f : kFunctions) {
    const Exact worst = largest_error(f, 200000);
    CAPTURE(f.name, static_cast<double>(worst));
    CHECK(worst < 4);
  }
}

TEST_CASE("The values of an elementary function do not depend on position, alignment or neighbours") {
  for (const Function& f : kFunctions) {
    CAPTURE(f.name);
    const Values x = uniform(150, f.low, f.high, 5);
    Values alone(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) f.kernel(&x[i], &alone[i], 1);
    for (std::size_t offset = 0; offset < 16; ++offset) {
      for (const std::size_t n : kSizes) {
        Placed in(Values(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(n)), offset);
        Placed out(Values(n), 15 - offset);
        f.kernel(in.data(), out.data(), n);
        REQUIRE(same_bits(out.data(), alone.data(), n));
        REQUIRE(out.untouched());
        f.kernel(in.data(), in.data(), n);
        REQUIRE(same_bits(in.data(), alone.data(), n));
        REQUIRE(in.untouched());
      }
    }
  }
}

TEST_CASE("Elementary functions have their limits at infinity and keep NaN") {
  struct Limits {
    Kernel kernel;
    Real at_minus_infinity;
    Real at_infinity;
  };
  const Limits limits[] = {{kernels::exp, 0, kInf},
                           {activation<Activation::tanh>, -1, 1},
                           {activation<Activation::sigmoid>, 0, 1},
                           {activation<Activation::softplus>, 0, kInf},
                           {activation<Activation::relu>, 0, kInf}};
  for (const Limits& limit : limits) {
    Values x{-kInf, kInf, kNan, -std::numeric_limits<Real>::max(), std::numeric_limits<Real>::max()};
    Values y(5);
    limit.kernel(x.data(), y.data(), 5);
    CHECK(y[0] == limit.at_minus_infinity);
    CHECK(y[1] == limit.at_infinity);
    CHECK(std::isnan(y[2]));
    CHECK(y[3] == limit.at_minus_infinity);
    if (std::isfinite(limit.at_infinity)) CHECK(y[4] == limit.at_infinity);
  }
}

TEST_CASE("tanh keeps the sign of zero and is its argument near it") {
  const Real tiny = std::numeric_limits<Real>::min();
  const Values x{Real{0}, -Real{0}, tiny, -tiny};
  Values y(4);
  kernels::activation_forward(Activation::tanh, x.data(), y.data(), 4);
  CHECK_FALSE(std::signbit(y[0]));
  CHECK(std::signbit(y[1]));
  CHECK(y[2] == tiny);
  CHECK(y[3] == -tiny);
}

TEST_CASE("exp overflows and underflows where Real does") {
  // The last finite and the first infinite argument, the last denormal and the first zero: logs of max and of half the
  // smallest denormal, correct to the distance of neighbouring arguments.
  const Exact top = std::log(static_cast<Exact>(std::numeric_limits<Real>::max()));
  const Exact bottom = std::log(static_cast<Exact>(std::numeric_limits<Real>::denorm_min()));
  const Values x{static_cast<Real>(top - 1e-4L), static_cast<Real>(top + 1e-4L), static_cast<Real>(bottom + 0.1L),
                 static_cast<Real>(bottom - 0.8L)};
  Values y(4);
  kernels::exp(x.data(), y.data(), 4);
  CHECK(std::isfinite(y[0]));
  CHECK(y[1] == kInf);
  CHECK(y[2] == std::numeric_limits<Real>::denorm_min());
  CHECK(y[3] == 0);
}
