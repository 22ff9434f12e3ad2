// Values and gradients where a formula alone does not say enough: kinks, ties, not-finite numbers, nothing at all, long
// sums, and the number of threads. Conventions are those of PyTorch 1.13 where the headers say so.
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/conv1d.h"
#include "autograd/ops/gather.h"
#include "autograd/ops/layout.h"
#include "autograd/ops/linear.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/pieces.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/select.h"
#include "autograd/ops/softmax.h"
#include "autograd/ops/unary.h"
#include "core/parallel.h"
#include "core/reduction.h"
#include "tests/autograd/op_cases.h"

using namespace headlight;
using namespace headlight::op_test;

namespace {

constexpr Real kNan = std::numeric_limits<Real>::quiet_NaN();
constexpr Real kInfinite = std::numeric_limits<Real>::infinity();
constexpr double kEpsilon = static_cast<double>(std::numeric_limits<Real>::epsilon());

/// f(x) and the gradient of its sum, for a list of numbers.
struct Derivative {
  Array y;
  Array dx;
};
Derivative derivative(const std::function<Tensor(const Tensor&)>& f, const Array& at) {
  const Tensor x(at, true);
  const Tensor y = f(x);
  sum(y).backward();
  return {y.value(), x.grad()};
}

bool exactly(const Array& a, const Array& b) { return close(a, b, 0, 0); }

class Threads {
 public:
  explicit Threads(std::size_t count) : before_(thread_count()) { set_thread_count(count); }
  ~Threads() { set_thread_count(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  std::size_t before_;
};

}  // namespace

TEST_CASE("the derivatives at the kinks of relu and abs are 0") {
  CHECK(exactly(derivative([](const Tensor& x) { return relu(x); }, Array{-1, 0, 1}).dx, Array{0, 0, 1}));
  CHECK(exactly(derivative([](const Tensor& x) { return abs(x); }, Array{-2, 0, 3}).dx, Array{-1, 0, 1}));
}

TEST_CASE("NaN passes through relu, clamp, maximum, minimum and max") {
  CHECK(std::isnan(relu(Tensor(Array{kNan})).item()));
  CHECK(std::isnan(clamp(Tensor(Array{kNan}), 0, 1).item()));
  const Tensor a(Array{kNan, 1, kNan});
  const Tensor b(Array{1, kNan, kNan});
  CHECK(exactly(maximum(a, b).value(), full({3}, kNan)));
  CHECK(exactly(minimum(a, b).value(), full({3}, kNan)));
  CHECK(
      exactly(max(Tensor(Array{{1, kNan, 3}, {kNan, 1, 0}, {1, 2, 3}}), {.axes = {1}}).value(), Array{kNan, kNan, 3}));
  CHECK(
      exactly(max(Tensor(Array{{1, kNan, 3}, {kNan, 1, 0}, {1, 2, 3}}), {.axes = {0}}).value(), Array{kNan, kNan, 3}));
}

TEST_CASE("log and sqrt outside of their domain give what the C library gives") {
  CHECK(exactly(log(Tensor(Array{0, -1, 1})).value(), Array{-kInfinite, kNan, 0}));
  CHECK(exactly(sqrt(Tensor(Array{0, -1, 4})).value(), Array{0, kNan, 2}));
  CHECK(exactly(derivative([](const Tensor& x) { return sqrt(x); }, Array{0, 4}).dx,
                Array{kInfinite, static_cast<Real>(0.25)}));
}

TEST_CASE("activations stay finite far out") {
  const Array far{-10000, 10000};
  CHECK(exactly(derivative([](const Tensor& x) { return softplus(x); }, far).y, Array{0, 10000}));
  CHECK(exactly(derivative([](const Tensor& x) { return softplus(x); }, far).dx, Array{0, 1}));
  CHECK(exactly(derivative([](const Tensor& x) { return sigmoid(x); }, far).y, Array{0, 1}));
  CHECK(exactly(derivative([](const Tensor& x) { return tanh(x); }, far).y, Array{-1, 1}));
  for (const auto f : {gelu, gelu_tanh, silu}) {
    CHECK(exactly(derivative(f, far).y, Array{0, 10000}));
    CHECK(exactly(derivative(f, far).dx, Array{0, 1}));
  }
}

TEST_CASE("powers follow the conventions at 0 and at negative bases") {
  struct Row {
    Real base, exponent, y, dbase, dexponent;
  };
  for (const Row& row : {Row{0, 0, 1, 0, 0}, Row{0, 1, 0, 1, 0}, Row{0, 2, 0, 0, 0}, Row{2, 0, 1, 0, std::log(Real{2})},
                         Row{-2, 2, 4, -4, kNan}, Row{-2, 0, 1, 0, kNan}, Row{0, -1, kInfinite, -kInfinite, -kInfinite},
                         Row{1, 5, 1, 5, 0}}) {
    INFO(row.base << "^" << row.exponent);
    const Tensor base(scalar(row.base), true);
    const Tensor exponent(scalar(row.exponent), true);
    const Tensor y = pow(base, exponent);
    y.backward();
    CHECK(exactly(y.value(), scalar(row.y)));
    CHECK(exactly(base.grad(), scalar(row.dbase)));
    CHECK(close(exponent.grad(), scalar(row.dexponent), 2 * kEpsilon, 0));

    const Derivative of_base = derivative([&](const Tensor& x) { return pow(x, row.exponent); }, scalar(row.base));
    CHECK(exactly(of_base.y, scalar(row.y)));
    CHECK(exactly(of_base.dx, scalar(row.dbase)));
    const Derivative of_exponent = derivative([&](const Tensor& x) { return pow(row.base, x); }, scalar(row.exponent));
    CHECK(exactly(of_exponent.y, scalar(row.y)));
    CHECK(close(of_exponent.dx, scalar(row.dexponent), 2 * kEpsilon, 0));
  }
}

TEST_CASE("maximum and minimum share the gradient of a tie in halves") {
  for (const bool larger : {true, false}) {
    const Tensor a(Array{1, 2, 3}, true);
    const Tensor b(Array{2, 2, 2}, true);
    sum(mul(larger ? maximum(a, b) : minimum(a, b), Real{8})).backward();
    CHECK(exactly(a.grad(), larger ? Array{0, 4, 8} : Array{8, 4, 0}));
    CHECK(exactly(b.grad(), larger ? Array{8, 4, 0} : Array{0, 4, 8}));
  }
}

TEST_CASE("clamp passes the gradient inside and at both bounds") {
  const Derivative d = derivative([](const Tensor& x) { return clamp(x, -1, 2); }, Array{-2, -1, 0, 2, 3});
  CHECK(exactly(d.y, Array{-1, -1, 0, 2, 2}));
  CHECK(exactly(d.dx, Array{0, 1, 1, 1, 0}));
  CHECK(exactly(clamp(Tensor(Array{-9, 9}), -kInfinite, 1).value(), Array{-9, 1}));
}

TEST_CASE("where gives the value that was not chosen a gradient of exactly 0, even beside NaN") {
  const Condition positive(tokens({2}, {0, 1}));
  const Tensor a(Array{kNan, 1}, true);
  sum(where(positive, a, Real{7})).backward();
  CHECK(exactly(a.grad(), Array{0, 1}));
}

TEST_CASE("the gradient of max is shared equally among ties") {
  const Derivative d =
      derivative([](const Tensor& x) { return max(x, {.axes = {1}}); }, Array{{1, 3, 3}, {2, 2, 2}, {5, 1, 0}});
  const Real third = Real{1} / 3;
  CHECK(exactly(d.y, Array{3, 2, 5}));
  CHECK(exactly(d.dx, Array{{0, static_cast<Real>(0.5), static_cast<Real>(0.5)}, {third, third, third}, {1, 0, 0}}));
}

TEST_CASE("reductions over nothing give 0 or minus infinity, and reductions of nothing give nothing") {
  const Tensor none(zeros({0, 3}), true);
  CHECK(sum(none).item() == 0);
  CHECK(exactly(sum(none, {.axes = {0}}).value(), zeros({3})));
  CHECK(sum(none, {.axes = {1}}).shape() == Shape{0});
  CHECK(mean(none, {.axes = {1}}).shape() == Shape{0});
  CHECK(max(none, {.axes = {1}}).shape() == Shape{0});
  CHECK(exactly(logsumexp(none, {.axes = {0}}).value(), full({3}, -kInfinite)));
  sum(none).backward();
  CHECK(none.grad().shape() == Shape{0, 3});
}

TEST_CASE("logsumexp neither overflows nor loses rows of minus infinity") {
  const Array x{{1000, 1000}, {-kInfinite, -kInfinite}, {-kInfinite, 3}};
  const Derivative d = derivative([](const Tensor& t) { return logsumexp(t, {.axes = {1}}); }, x);
  CHECK(close(d.y, Array{1000 + std::log(Real{2}), -kInfinite, 3}, kEpsilon, 0));
  // y is rounded to epsilon / 2 of 1000, which e^(x - y) passes on.
  CHECK(close(d.dx, Array{{static_cast<Real>(0.5), static_cast<Real>(0.5)}, {0, 0}, {0, 1}}, 0, 1000 * kEpsilon));
}

TEST_CASE("softmax does not overflow and sums to 1 along its axis") {
  const Array y = softmax(Tensor(Array{{1000, 0}, {1000, 1}}), 0).value();
  CHECK(close(y,
              Array{{static_cast<Real>(0.5), static_cast<Real>(1 / (1 + std::exp(1.0)))},
                    {static_cast<Real>(0.5), static_cast<Real>(1 / (1 + std::exp(-1.0)))}},
              4 * kEpsilon, 0));
}

TEST_CASE("sums of many elements are exact to the last bit of Real, along every axis") {
  // A float accumulator would err by 1e-3 here. Expected: n times the rounded 0.1, exact in double.
  constexpr std::size_t kMany = 1'000'003;
  const double tenth = static_cast<double>(static_cast<Real>(0.1));
  const double rounding = kEpsilon + static_cast<double>(kMany) * 0x1p-53;  // of the result, and of the double sum
  const Tensor row(full({1, kMany}, static_cast<Real>(0.1)));
  const Tensor columns(full({kMany, 3}, static_cast<Real>(0.1)));
  const double expected = static_cast<double>(kMany) * tenth;
  CHECK(std::abs(static_cast<double>(sum(row).item()) - expected) <= rounding * expected);
  const Tensor totals = sum(columns, {.axes = {0}});
  for (const Real total : flat(totals.value())) {
    CHECK(std::abs(static_cast<double>(total) - expected) <= rounding * expected);
  }
  CHECK(std::abs(static_cast<double>(mean(columns).item()) - tenth) <= 2 * rounding * tenth);
}

TEST_CASE("reductions of separate groups of axes agree with one after the other") {
  const Array x = distinct({3, 70, 2, 300}, 1);  // multiples of 1/4: every sum is exact in both precisions
  const Array at_once = sum_to(x, {3, 1, 2, 1});
  CHECK(same_bytes(at_once, sum_to(sum_to(x, {3, 70, 2, 1}), {3, 1, 2, 1})));
  CHECK(same_bytes(sum_to(x, {2, 1}), sum_to(at_once, {2, 1})));
  CHECK(same_bytes(max_to(x, {1, 70, 1, 300}), max_to(max_to(x, {1, 70, 2, 300}), {1, 70, 1, 300})));
}

TEST_CASE("large arrays give the same bytes for 1, 2 and 3 threads") {
  const auto everything = [] {
    const Tensor x(drawn({300, 257}, -1, 1, 1), true);
    const Tensor row(drawn({257}, -1, 1, 2), true);
    Tokens ids(Shape{40, 50});
    for (std::size_t i = 0; i < ids.size(); ++i) ids.data()[i] = static_cast<std::int32_t>(i * i % 300);
    const Tensor parts = concat(split(mul(gelu(x), row), {100, 57, 100}), -1);
    const Tensor y = add(sum(softmax(transpose(parts), 0)), sum(mul(embedding(x, ids), row)));
    const Tensor all = add(add(y, logsumexp(pad(slice(x, {.axis = 1, .begin = 3, .step = 2}), {{1, 2}, {0, 5}}))),
                           sum(mul(var(x, {.axes = {0}}), max(x, {.axes = {0}}))));
    all.backward();
    return std::vector<Array>{all.value(), x.grad(), row.grad()};
  };
  std::vector<std::vector<Array>> results;
  for (const std::size_t count : {1U, 2U, 3U}) {
    const Threads threads(count);
    results.push_back(everything());
  }
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(same_bytes(results[0][i], results[1][i]));
    CHECK(same_bytes(results[0][i], results[2][i]));
  }
}

TEST_CASE("the gradient of an embedding reaches every column of wide tables, each id's own rows") {
  // Columns are taken in blocks of at most 256: 600 are three. Whole numbers below 2^20, so that every sum is exact.
  const std::vector<std::int32_t> numbers{3, 0, 3, 1, 3, 0};
  for (const std::size_t columns : {std::size_t{255}, std::size_t{256}, std::size_t{257}, std::size_t{600}}) {
    const auto cotangent = [&](std::size_t position, std::size_t c) {
      return static_cast<double>((position + 1) * 1000 + c);
    };
    const Tensor table(zeros({5, columns}), true);
    const Array g = by_index({2, 3, columns}, [&](const auto& i) { return cotangent(i[0] * 3 + i[1], i[2]); });
    const Array once = by_index({5, columns}, [&](const auto& i) {
      double total = 0;
      for (std::size_t k = 0; k < numbers.size(); ++k) {
        if (numbers[k] == static_cast<std::int32_t>(i[0])) total += cotangent(k, i[1]);
      }
      return total;
    });
    const Tensor y = embedding(table, tokens({2, 3}, numbers));
    y.backward(g);
    CHECK(exactly(table.grad(), once));
    y.backward(g);  // adds to what is there
    CHECK(exactly(table.grad(), Array(2 * once)));
  }
}

TEST_CASE("products without an inner extent are zero, and a linear layer without inputs gives its bias") {
  const Tensor bias(Array{1, 2, 3});
  CHECK(exactly(linear(Tensor(zeros({2, 0})), Tensor(zeros({3, 0})), bias).value(), Array{{1, 2, 3}, {1, 2, 3}}));
  CHECK(exactly(matmul(Tensor(zeros({2, 0})), Tensor(zeros({0, 3}))).value(), zeros({2, 3})));
  CHECK(matmul(Tensor(zeros({2, 3})), Tensor(zeros({3, 0}))).shape() == Shape{2, 0});
  CHECK(linear(Tensor(zeros({0, 4})), Tensor(zeros({3, 4})), bias).shape() == Shape{0, 3});
}

TEST_CASE("conv1d sums the gradient of its bias in double") {
  // 2^24 + 1,000 ones: in float, 2^24 + 1 is 2^24 again.
  const Tensor x(zeros({1, 1001, 1})), weight(zeros({1, 1, 1})), bias(zeros({1}), true);
  Array cotangent = full({1, 1001, 1}, 1);
  cotangent.data()[0] = Real{16777216};
  conv1d(x, weight, bias).backward(cotangent);
  CHECK(bias.grad().data()[0] == Real{16778216});
}
