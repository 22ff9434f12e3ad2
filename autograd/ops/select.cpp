#include "autograd/ops/select.h"

#include <fmt/format.h>

#include <type_traits>
#include <utility>

#include "autograd/make_op.h"
#include "core/elementwise.h"
#include "core/error.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

// share * g, but exactly 0 for a share of 0 even where g is not finite.
Array shared(Array share, const Array& g) {
  update(
      share, [](Real s, Real d) { return s == 0 ? Real{0} : s * d; }, g);
  return share;
}

// What an input gets of the gradient when it loses where it is smaller than the other one.
Array share_of_larger(const Array& own, const Array& other) {
  return zip("maximum", own, other,
             [](Real p, Real q) { return p < q ? Real{0} : (p == q ? static_cast<Real>(0.5) : Real{1}); });
}

// body(step) with the step as a constant, so that the loops in it vectorise.
template <class Body>
void with_step(const BroadcastRows& rows, Body body) {
  if (rows.step() == 0) {
    body(std::integral_constant<std::size_t, 0>());
  } else {
    body(std::integral_constant<std::size_t, 1>());
  }
}

// truth ? a : b in `shape`, to which all three broadcast.
Array chosen(const Tokens& truth, const Array& a, const Array& b, const Shape& shape) {
  Array y = uninitialized(shape);
  if (y.size() == 0) return y;
  const std::size_t columns = shape.empty() ? 1 : shape.back();
  const BroadcastRows truth_rows(truth.shape(), shape);
  const BroadcastRows a_rows(a.shape(), shape);
  const BroadcastRows b_rows(b.shape(), shape);
  parallel_ranges(y.size() / columns, (kElementGrain + columns - 1) / columns, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const std::int32_t* const chooses_a = truth.data() + truth_rows.offset(row);
      const Real* const p = a.data() + a_rows.offset(row);
      const Real* const q = b.data() + b_rows.offset(row);
      Real* const to = y.data() + row * columns;
      with_step(truth_rows, [&](auto truth_step) {
        with_step(a_rows, [&](auto a_step) {
          with_step(b_rows, [&](auto b_step) {
#pragma omp simd
            for (std::size_t i = 0; i < columns; ++i) {
              to[i] = chooses_a[i * truth_step()] != 0 ? p[i * a_step()] : q[i * b_step()];
            }
          });
        });
      });
    }
  });
  return y;
}

}  // namespace

// da = g where a > b, g / 2 where a = b, 0 where a < b; db the other way round
Tensor maximum(const Tensor& a, const Tensor& b) {
  return make_op("maximum",
                 zip("maximum", a.value(), b.value(), [](Real p, Real q) { return p > q || p != p ? p : q; }), {a, b},
                 [](BackwardPass& pass) {
                   if (pass.needs(0)) pass.give(0, shared(share_of_larger(pass.x(0), pass.x(1)), pass.g()));
                   if (pass.needs(1)) pass.give(1, shared(share_of_larger(pass.x(1), pass.x(0)), pass.g()));
                 });
}

// da = g where a < b, g / 2 where a = b, 0 where a > b: each gets what the other one would get of a maximum
Tensor minimum(const Tensor& a, const Tensor& b) {
  return make_op("minimum",
                 zip("minimum", a.value(), b.value(), [](Real p, Real q) { return p < q || p != p ? p : q; }), {a, b},
                 [](BackwardPass& pass) {
                   if (pass.needs(0)) pass.give(0, shared(share_of_larger(pass.x(1), pass.x(0)), pass.g()));
                   if (pass.needs(1)) pass.give(1, shared(share_of_larger(pass.x(0), pass.x(1)), pass.g()));
                 });
}

// dx = g where low <= x <= high, else 0
Tensor clamp(const Tensor& x, Real low, Real high) {
  if (!(low <= high)) {
    raise<ConfigError>("clamp", "the bounds are not in order", fmt::format("low {}, high {}", low, high),
                       "give low <= high; an infinite bound bounds nothing");
  }
  return make_op("clamp", map(x.value(), [low, high](Real p) { return p < low ? low : (p > high ? high : p); }), {x},
                 [low, high](BackwardPass& pass) {
                   Array dx = pass.take_g();
                   update(
                       dx, [low, high](Real g, Real p) { return p >= low && p <= high ? g : Real{0}; }, pass.x(0));
                   pass.give(0, std::move(dx));
                 });
}

// da = condition ? g : 0, db = condition ? 0 : g
Tensor where(const Condition& condition, const Tensor& a, const Tensor& b) {
  const Tokens& truth = condition.truth();
  const Shape shape = broadcast_shape(truth.shape(), broadcast_shape(a.shape(), b.shape(), "where"), "where");
  return make_op("where", chosen(truth, a.value(), b.value(), shape), {a, b}, [truth](BackwardPass& pass) {
    const Array zero = scalar(0);
    if (pass.needs(0)) pass.give(0, chosen(truth, pass.g(), zero, pass.g().shape()));
    if (pass.needs(1)) pass.give(1, chosen(truth, zero, pass.g(), pass.g().shape()));
  });
}

Tensor where(const Condition& condition, const Tensor& a, Real b) { return where(condition, a, Tensor(scalar(b))); }
Tensor where(const Condition& condition, Real a, const Tensor& b) { return where(condition, Tensor(scalar(a)), b); }

}  // namespace headlight::inline HEADLIGHT_PRECISION
