#include <algorithm>
#include <cmath>

#include "autograd/ops/unary.h"
#include "tests/autograd/op_cases.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace op_test {
namespace {

struct Function {
  std::string op;
  std::function<Tensor(const Tensor&)> f;
  std::function<double(double)> reference;
  std::string domain;
  double low;
  double high;
  std::vector<double> kinks = {};
};

double gelu_tanh_reference(double x) {
  const double u = std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x);
  return x / 2 * (1 + std::tanh(u));
}

}  // namespace

std::vector<OpCase> unary_cases() {
  using T = const Tensor&;
  const std::vector<Function> functions = {
      {"exp", [](T x) { return exp(x); }, [](double x) { return std::exp(x); }, "in [-3, 2], smooth", -3, 2},
      {"log", [](T x) { return log(x); }, [](double x) { return std::log(x); }, "in [0.3, 3], away from the pole 0",
       0.3, 3},
      {"sqrt", [](T x) { return sqrt(x); }, [](double x) { return std::sqrt(x); },
       "in [0.3, 3], away from the vertical tangent at 0", 0.3, 3},
      {"abs",
       [](T x) { return abs(x); },
       [](double x) { return std::abs(x); },
       "in [-2, 2] away from the kink 0",
       -2,
       2,
       {0}},
      {"tanh", [](T x) { return tanh(x); }, [](double x) { return std::tanh(x); }, "in [-3, 3], smooth", -3, 3},
      {"sigmoid", [](T x) { return sigmoid(x); }, [](double x) { return 1 / (1 + std::exp(-x)); }, "in [-5, 5], smooth",
       -5, 5},
      {"relu",
       [](T x) { return relu(x); },
       [](double x) { return std::max(x, 0.0); },
       "in [-2, 2] away from the kink 0",
       -2,
       2,
       {0}},
      {"gelu", [](T x) { return gelu(x); }, [](double x) { return x * std::erfc(-x / std::sqrt(2.0)) / 2; },
       "in [-4, 4], smooth", -4, 4},
      {"gelu_tanh", [](T x) { return gelu_tanh(x); }, gelu_tanh_reference, "in [-4, 4], smooth", -4, 4},
      {"silu", [](T x) { return silu(x); }, [](double x) { return x / (1 + std::exp(-x)); }, "in [-5, 5], smooth", -5,
       5},
      {"softplus", [](T x) { return softplus(x); }, [](double x) { return std::log1p(std::exp(x)); },
       "in [-5, 5], smooth", -5, 5},
  };
  // 5, 21 and 51 elements end in every kind of partial vector.
  const std::vector<Shape> shapes = {{}, {1}, {5}, {2, 1, 3}, {1, 4, 1, 2}, {3, 7}, {3, 17}, {0, 3}};
  std::vector<OpCase> cases;
  std::uint64_t seed = 400;
  for (const Function& function : functions) {
    for (const Shape& shape : shapes) {
      cases.push_back({function.op,
                       "rank " + std::to_string(shape.size()),
                       function.domain,
                       {drawn(shape, function.low, function.high, ++seed, function.kinks)},
                       [f = function.f](const std::vector<Tensor>& x) { return f(x[0]); },
                       [reference = function.reference](const std::vector<Array>& x) {
                         return by_elements(x, [&](const std::vector<double>& v) { return reference(v[0]); });
                       }});
    }
  }
  return cases;
}

}  // namespace op_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
