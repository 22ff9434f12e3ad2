#include "autograd/ops/unary.h"

#include <cmath>
#include <utility>

#include "autograd/make_op.h"
#include "core/elementwise.h"
#include "core/kernels/activation.h"
#include "core/kernels/elementary.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

// y = f(x), dx = g f'(x); the derivatives stand beside the functions in core/kernels/activation.h.
Tensor activation(OpName op, Activation kind, const Tensor& x) {
  Array y = map_spans(x.value(), [kind](const Real* from, Real* to, std::size_t n) {
    kernels::activation_forward(kind, from, to, n);
  });
  return make_op(op, std::move(y), {x}, [kind](BackwardPass& pass) {
    Array dx = pass.take_g();
    const Real* const from = pass.x(0).data();
    const Real* const y_data = pass.y().data();
    Real* const to = dx.data();
    parallel_ranges(dx.size(), kElementGrain, [&](std::size_t begin, std::size_t end) {
      kernels::activation_backward(kind, from + begin, y_data + begin, to + begin, to + begin, end - begin);
    });
    pass.give(0, std::move(dx));
  });
}

// The same where f is an expression: derivative(g, x, y) is the gradient of one element.
template <class F, class Derivative>
Tensor elementwise(OpName op, const Tensor& x, F f, Derivative derivative) {
  return make_op(op, map(x.value(), f), {x}, [derivative](BackwardPass& pass) {
    Array dx = pass.take_g();
    update(dx, derivative, pass.x(0), pass.y());
    pass.give(0, std::move(dx));
  });
}

}  // namespace

// dx = g y
Tensor exp(const Tensor& x) {
  return make_op("exp", map_spans(x.value(), kernels::exp), {x}, [](BackwardPass& pass) {
    Array dx = pass.take_g();
    update(
        dx, [](Real g, Real y) { return g * y; }, pass.y());
    pass.give(0, std::move(dx));
  });
}

// dx = g / x
Tensor log(const Tensor& x) {
  return elementwise(
      "log", x, [](Real p) { return std::log(p); }, [](Real g, Real p, Real) { return g / p; });
}

// dx = g / (2 y)
Tensor sqrt(const Tensor& x) {
  return elementwise(
      "sqrt", x, [](Real p) { return std::sqrt(p); }, [](Real g, Real, Real y) { return g / (2 * y); });
}

// dx = g sign(x)
Tensor abs(const Tensor& x) {
  return elementwise(
      "abs", x, [](Real p) { return std::abs(p); },
      [](Real g, Real p, Real) { return p > 0 ? g : (p < 0 ? -g : Real{0}); });
}

Tensor tanh(const Tensor& x) { return activation("tanh", Activation::tanh, x); }
Tensor sigmoid(const Tensor& x) { return activation("sigmoid", Activation::sigmoid, x); }
Tensor relu(const Tensor& x) { return activation("relu", Activation::relu, x); }
Tensor gelu(const Tensor& x) { return activation("gelu", Activation::gelu, x); }
Tensor gelu_tanh(const Tensor& x) { return activation("gelu_tanh", Activation::gelu_tanh, x); }
Tensor silu(const Tensor& x) { return activation("silu", Activation::silu, x); }
Tensor softplus(const Tensor& x) { return activation("softplus", Activation::softplus, x); }

}  // namespace headlight::inline HEADLIGHT_PRECISION
