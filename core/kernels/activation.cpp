#include "core/kernels/activation.h"

#include "core/kernels/vector_math.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {
namespace {

// One row of the table per activation: the value of x, and g times the derivative at `at`, which is y where
// derivative_uses_output() says so and x elsewhere.
struct None {
  static Vec value(Vec x) { return x; }
  static Vec backward(Vec, Vec g) { return g; }
};

// Compared so that NaN passes through both.
struct Relu {
  static Vec value(Vec x) { return x <= Real{0} ? Vec{} : x; }
  static Vec backward(Vec at, Vec g) { return at <= Real{0} ? Vec{} : g; }
};

struct Gelu {
  static Vec value(Vec x) { return x * normal_cdf(x); }
  static Vec backward(Vec at, Vec g) { return g * (normal_cdf(at) + at * normal_density(at)); }
};

// (1 + tanh u) / 2 = sigmoid(2 u), so y' = s + x s (1 - s) 2 u'.
struct GeluTanh {
  static constexpr Real kTwoSqrtTwoOverPi = static_cast<Real>(1.5957691216057307117);
  static constexpr Real kCubic = static_cast<Real>(0.044715);
  static Vec gate(Vec x) { return sigmoid(x * (x * x * kCubic + Real{1}) * kTwoSqrtTwoOverPi); }
  static Vec value(Vec x) { return x * gate(x); }
  static Vec backward(Vec at, Vec g) {
    const Vec s = gate(at);
    const Vec slope = (at * at * (Real{3} * kCubic) + Real{1}) * kTwoSqrtTwoOverPi;
    return g * (s + at * s * (Real{1} - s) * slope);
  }
};

struct Silu {
  static Vec value(Vec x) { return x * sigmoid(x); }
  static Vec backward(Vec at, Vec g) {
    const Vec s = sigmoid(at);
    return g * (s + at * s * (Real{1} - s));
  }
};

struct Tanh {
  static Vec value(Vec x) { return tanh(x); }
  static Vec backward(Vec at, Vec g) { return g * (Real{1} - at * at); }
};

struct Sigmoid {
  static Vec value(Vec x) { return sigmoid(x); }
  static Vec backward(Vec at, Vec g) { return g * (at * (Real{1} - at)); }
};

struct Softplus {
  static Vec value(Vec x) { return softplus(x); }
  static Vec backward(Vec at, Vec g) { return g * sigmoid(at); }
};

template <class Visitor>
void visit(Activation kind, Visitor visitor) {
  switch (kind) {
    case Activation::none:
      return visitor(None());
    case Activation::relu:
      return visitor(Relu());
    case Activation::gelu:
      return visitor(Gelu());
    case Activation::gelu_tanh:
      return visitor(GeluTanh());
    case Activation::silu:
      return visitor(Silu());
    case Activation::tanh:
      return visitor(Tanh());
    case Activation::sigmoid:
      return visitor(Sigmoid());
    case Activation::softplus:
      return visitor(Softplus());
  }
}

// What the derivative reads; none reads neither, and any readable memory serves.
const Real* derivative_source(Activation kind, const Real* x, const Real* y, const Real* g) {
  if (kind == Activation::none) return g;
  return derivative_uses_output(kind) ? y : x;
}

}  // namespace

void activation_forward(Activation kind, const Real* x, Real* y, std::size_t n) {
  visit(kind, [&]<class F>(F) { map([](Vec v) { return F::value(v); }, n, y, x); });
}

void activation_backward(Activation kind, const Real* x, const Real* y, const Real* g, Real* dx, std::size_t n) {
  const Real* source = derivative_source(kind, x, y, g);
  visit(kind,
        [&]<class F>(F) { map([](Vec at, Vec upstream) { return F::backward(at, upstream); }, n, dx, source, g); });
}

void bias_activation_rows(Activation kind, Real* z, const Real* bias, Real* y, std::size_t rows, std::size_t cols) {
  if (bias == nullptr) {
    if (kind != Activation::none || y != z) activation_forward(kind, z, y, rows * cols);
    return;
  }
  visit(kind, [&]<class F>(F) {
    for (std::size_t row = 0; row < rows; ++row, z += cols, y += cols) {
      for_vectors(cols, [&](std::size_t i, auto count) {
        const Vec biased = load_lanes(z + i, count) + load_lanes(bias + i, count);
        store_lanes(z + i, biased, count);
        store_lanes(y + i, F::value(biased), count);
      });
    }
  });
}

void bias_activation_backward_rows(Activation kind, const Real* z, const Real* y, const Real* g, Real* dz, Real* dbias,
                                   std::size_t rows, std::size_t cols) {
  if (dbias == nullptr) {
    activation_backward(kind, z, y, g, dz, rows * cols);
    return;
  }
  const Real* source = derivative_source(kind, z, y, g);
  visit(kind, [&]<class F>(F) {
    for (std::size_t row = 0; row < rows; ++row, source += cols, g += cols, dz += cols) {
      for_vectors(cols, [&](std::size_t i, auto count) {
        const Vec slope = F::backward(load_lanes(source + i, count), load_lanes(g + i, count));
        store_lanes(dz + i, slope, count);
        store_lanes(dbias + i, load_lanes(dbias + i, count) + slope, count);
      });
    }
  });
}

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
