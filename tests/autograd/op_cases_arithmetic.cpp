#include <algorithm>
#include <cmath>
#include <utility>

#include "autograd/ops/arithmetic.h"
#include "tests/autograd/op_cases.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace op_test {
namespace {

using Binary = std::function<Tensor(const Tensor&, const Tensor&)>;
using Scalar = std::function<double(double, double)>;

struct Domain {
  std::string text;
  double low;
  double high;
  std::vector<double> kinks = {};
};

const std::vector<std::pair<Shape, Shape>> kShapes = {{{}, {}},          {{3}, {3}},
                                                      {{2, 3}, {3}},     {{2, 1, 4}, {3, 1}},
                                                      {{1, 5}, {4, 1}},  {{2, 3, 2, 2}, {1, 3, 1, 1}},
                                                      {{2, 3}, {}},      {{0, 3}, {1, 3}},
                                                      {{3, 19}, {3, 19}}};

void add_binary(std::vector<OpCase>& cases, const std::string& op, const Binary& f, const Scalar& scalar_f,
                const Domain& left, const Domain& right) {
  std::uint64_t seed = 100;
  const std::string domain = "left " + left.text + ", right " + right.text;
  const Reference reference = [scalar_f](const std::vector<Array>& x) {
    return by_elements(x, [&](const std::vector<double>& v) { return scalar_f(v[0], v[1]); });
  };
  for (const auto& [a, b] : kShapes) {
    cases.push_back(
        {op,
         "shapes " + std::to_string(a.size()) + "-d and " + std::to_string(b.size()) + "-d",
         domain,
         {drawn(a, left.low, left.high, seed, left.kinks), drawn(b, right.low, right.high, seed + 1, right.kinks)},
         [f](const std::vector<Tensor>& x) { return f(x[0], x[1]); },
         reference});
    seed += 2;
  }
  const double low = std::max(left.low, right.low);
  const double high = std::min(left.high, right.high);
  cases.push_back({op,
                   "one input on both sides",
                   domain,
                   {drawn({2, 3}, low, high, seed, right.kinks)},
                   [f](const std::vector<Tensor>& x) { return f(x[0], x[0]); },
                   [scalar_f](const std::vector<Array>& x) {
                     return by_elements(x, [&](const std::vector<double>& v) { return scalar_f(v[0], v[0]); });
                   }});
}

void add_with_scalars(std::vector<OpCase>& cases, const std::string& op,
                      const std::function<Tensor(const Tensor&, Real)>& right,
                      const std::function<Tensor(Real, const Tensor&)>& left, const Scalar& scalar_f,
                      const std::vector<double>& scalars, const Domain& domain) {
  std::uint64_t seed = 200;
  for (const double s : scalars) {
    const Real c = static_cast<Real>(s);
    const double exact = static_cast<double>(c);
    cases.push_back({op,
                     "scalar on the right",
                     domain.text,
                     {drawn({3, 7}, domain.low, domain.high, ++seed, domain.kinks)},
                     [right, c](const std::vector<Tensor>& x) { return right(x[0], c); },
                     [scalar_f, exact](const std::vector<Array>& x) {
                       return by_elements(x, [&](const std::vector<double>& v) { return scalar_f(v[0], exact); });
                     }});
    if (op == "pow" && s < 0) continue;  // a negative base has no power in general
    cases.push_back({op,
                     "scalar on the left",
                     domain.text,
                     {drawn({1, 5}, domain.low, domain.high, ++seed, domain.kinks)},
                     [left, c](const std::vector<Tensor>& x) { return left(c, x[0]); },
                     [scalar_f, exact](const std::vector<Array>& x) {
                       return by_elements(x, [&](const std::vector<double>& v) { return scalar_f(exact, v[0]); });
                     }});
  }
}

}  // namespace

std::vector<OpCase> arithmetic_cases() {
  std::vector<OpCase> cases;
  const Domain any{"in [-2, 2]", -2, 2};
  const Domain not_zero{"in [-2, 2] away from the pole 0", -2, 2, {0, 0.25, -0.25}};
  const Domain positive{"in [0.5, 2]: powers of negative numbers are not real", 0.5, 2};
  const auto plus = [](double p, double q) { return p + q; };
  const auto minus = [](double p, double q) { return p - q; };
  const auto times = [](double p, double q) { return p * q; };
  const auto over = [](double p, double q) { return p / q; };
  const auto power = [](double p, double q) { return std::pow(p, q); };

  using T = const Tensor&;
  add_binary(
      cases, "add", [](T a, T b) { return add(a, b); }, plus, any, any);
  add_binary(
      cases, "operator+", [](T a, T b) { return a + b; }, plus, any, any);
  add_binary(
      cases, "sub", [](T a, T b) { return sub(a, b); }, minus, any, any);
  add_binary(
      cases, "operator-", [](T a, T b) { return a - b; }, minus, any, any);
  add_binary(
      cases, "mul", [](T a, T b) { return mul(a, b); }, times, any, any);
  add_binary(
      cases, "operator*", [](T a, T b) { return a * b; }, times, any, any);
  add_binary(
      cases, "div", [](T a, T b) { return div(a, b); }, over, any, not_zero);
  add_binary(
      cases, "operator/", [](T a, T b) { return a / b; }, over, any, not_zero);
  add_binary(
      cases, "pow", [](T a, T b) { return pow(a, b); }, power, positive, any);

  const std::vector<double> scalars = {-1.5, 0.75};
  add_with_scalars(
      cases, "add", [](T a, Real s) { return add(a, s); }, [](Real s, T a) { return add(s, a); }, plus, scalars, any);
  add_with_scalars(
      cases, "operator+", [](T a, Real s) { return a + s; }, [](Real s, T a) { return s + a; }, plus, scalars, any);
  add_with_scalars(
      cases, "sub", [](T a, Real s) { return sub(a, s); }, [](Real s, T a) { return sub(s, a); }, minus, scalars, any);
  add_with_scalars(
      cases, "operator-", [](T a, Real s) { return a - s; }, [](Real s, T a) { return s - a; }, minus, scalars, any);
  add_with_scalars(
      cases, "mul", [](T a, Real s) { return mul(a, s); }, [](Real s, T a) { return mul(s, a); }, times, scalars, any);
  add_with_scalars(
      cases, "operator*", [](T a, Real s) { return a * s; }, [](Real s, T a) { return s * a; }, times, scalars, any);
  add_with_scalars(
      cases, "div", [](T a, Real s) { return div(a, s); }, [](Real s, T a) { return div(s, a); }, over, scalars,
      not_zero);
  add_with_scalars(
      cases, "operator/", [](T a, Real s) { return a / s; }, [](Real s, T a) { return s / a; }, over, scalars,
      not_zero);
  add_with_scalars(
      cases, "pow", [](T a, Real s) { return pow(a, s); }, [](Real s, T a) { return pow(s, a); }, power,
      {-1.5, 0, 0.5, 1, 2, 3}, positive);
  add_with_scalars(
      cases, "pow", [](T a, Real) { return pow(a, Real{2}); }, [](Real, T a) { return pow(a, Real{3}); },
      [](double p, double q) { return p == 7 ? q * q * q : p * p; }, {7}, any);

  for (const Shape& shape : {Shape{}, Shape{1}, Shape{2, 3}, Shape{1, 4, 1}, Shape{2, 1, 3, 2}, Shape{0}}) {
    for (const char* const op : {"neg", "operator-"}) {
      cases.push_back(
          {op,
           "unary",
           any.text,
           {drawn(shape, -2, 2, 300)},
           [unary = std::string(op) == "neg"](const std::vector<Tensor>& x) { return unary ? neg(x[0]) : -x[0]; },
           [](const std::vector<Array>& x) {
             return by_elements(x, [](const std::vector<double>& v) { return -v[0]; });
           }});
    }
  }
  return cases;
}

}  // namespace op_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
