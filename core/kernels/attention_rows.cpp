#include "core/kernels/attention_rows.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/kernels/masked_row.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {
namespace {

/// The part of a row that a mask leaves.
struct Inside {
  Real* weights;
  std::size_t width;   ///< keys of the range
  std::size_t padded;  ///< the same up to whole vectors, as far as the row reaches
  const std::uint8_t* visible;
  const Real* bias;
  Real top;  ///< largest biased score; NaN is passed over

  bool sees(std::size_t i) const {
    return i < width && (visible == nullptr || visible[i] != 0) && !bias_hides(bias, i);
  }
};

// weights = biased scores inside the range (-inf where hidden), zeros outside.
Inside lay_scores(const Real* scores, Real* weights, std::size_t n, const VisibleKeys& keys) {
  const std::size_t room = n - keys.begin;
  Inside inside{weights + keys.begin,
                keys.end - keys.begin,
                0,
                keys.visible == nullptr ? nullptr : keys.visible + keys.begin,
                keys.bias == nullptr ? nullptr : keys.bias + keys.begin,
                0};
  inside.padded = std::min(room, (inside.width + kLanes - 1) / kLanes * kLanes);
  inside.top =
      biased_scores(scores + keys.begin, inside.weights, inside.width, room, Real{1}, inside.bias, inside.visible);
  set_zero(weights, keys.begin);
  set_zero(inside.weights + inside.padded, room - inside.padded);
  return inside;
}

}  // namespace

bool masked_softmax_sink_row(const Real* scores, Real* weights, std::size_t n, const VisibleKeys& keys, Real sink,
                             Real* sink_weight) {
  const Inside inside = lay_scores(scores, weights, n, keys);
  const Real top = sink > inside.top ? sink : inside.top;
  if (std::isfinite(top)) {
    const Real sink_part = exp(splat(sink - top))[0];
    const Real total = exponentiate(inside.weights, inside.weights, inside.padded, top) + sink_part;
    if (std::isfinite(total)) {
      multiply(inside.weights, inside.padded, Real{1} / total);  // total >= 1: the maximum adds exp(0)
      *sink_weight = sink_part * (Real{1} / total);
      return inside.top > -kInfinity;
    }
  }
  bool any_left = std::isnan(sink) || sink > -kInfinity;
  bool any_key = false;
  for (std::size_t i = 0; i < inside.width; ++i) any_key = any_key || !(inside.weights[i] <= -kInfinity);
  any_left = any_left || any_key;
  const Real nothing = any_left ? std::numeric_limits<Real>::quiet_NaN() : Real{0};
  for (std::size_t i = 0; i < inside.padded; ++i) inside.weights[i] = inside.sees(i) ? nothing : Real{0};
  *sink_weight = nothing;
  return any_key;
}

Real masked_softmax_sink_backward_row(const Real* weights, const Real* dweights, Real* dscores, std::size_t n,
                                      std::size_t begin, std::size_t end, Real sink_weight, Real dsink_weight) {
  const Real* const weight = weights + begin;
  const Real* const upstream = dweights + begin;
  const std::size_t width = end - begin;
  Vec products{};
  for_vectors(width, [&](std::size_t i, auto count) {
    const Vec w = load_lanes(weight + i, count);
    products += w == Real{0} ? Vec{} : w * load_lanes(upstream + i, count);
  });
  const Real mean = add_lanes(products) + (sink_weight == 0 ? Real{0} : sink_weight * dsink_weight);
  map([=](Vec w, Vec g) { return w == Real{0} ? Vec{} : w * (g - mean); }, width, dscores + begin, weight, upstream);
  set_zero(dscores, begin);
  set_zero(dscores + end, n - end);
  return sink_weight == 0 ? Real{0} : sink_weight * (dsink_weight - mean);
}

bool masked_sigmoid_row(const Real* scores, Real* weights, std::size_t n, const VisibleKeys& keys) {
  const Inside inside = lay_scores(scores, weights, n, keys);
  std::size_t seen = 0;
  for (std::size_t i = 0; i < inside.width; ++i) {
    if (inside.sees(i)) ++seen;
  }
  const Real shift = seen == 0 ? Real{0} : static_cast<Real>(std::log(static_cast<double>(seen)));
  bool broken = inside.top == kInfinity;
  for (std::size_t i = 0; i < inside.width; ++i) broken = broken || std::isnan(inside.weights[i]);
  if (broken) {
    for (std::size_t i = 0; i < inside.padded; ++i) {
      inside.weights[i] = inside.sees(i) ? std::numeric_limits<Real>::quiet_NaN() : Real{0};
    }
    return true;
  }
  map([=](Vec v) { return sigmoid(v - shift); }, inside.padded, inside.weights, inside.weights);
  return inside.top > -kInfinity;
}

void masked_sigmoid_backward_row(const Real* weights, const Real* dweights, Real* dscores, std::size_t n,
                                 std::size_t begin, std::size_t end) {
  map([](Vec w, Vec g) { return w == Real{0} ? Vec{} : g * (w * (Real{1} - w)); }, end - begin, dscores + begin,
      weights + begin, dweights + begin);
  set_zero(dscores, begin);
  set_zero(dscores + end, n - end);
}

void choose_largest(const Real* scores, Real* chosen, std::size_t n, const VisibleKeys& keys, std::size_t count,
                    Real* scratch) {
  const Inside inside = lay_scores(scores, chosen, n, keys);
  std::fill(chosen, chosen + keys.begin, -kInfinity);
  std::fill(inside.weights + inside.padded, chosen + n, -kInfinity);
  bool broken = false;
  for (std::size_t i = 0; i < inside.width; ++i) broken = broken || std::isnan(inside.weights[i]);
  if (broken) {
    for (std::size_t i = 0; i < inside.width; ++i) {
      if (inside.sees(i)) inside.weights[i] = std::numeric_limits<Real>::quiet_NaN();
    }
    return;
  }
  if (count >= inside.width) return;
  std::copy(inside.weights, inside.weights + inside.width, scratch);
  std::nth_element(scratch, scratch + (count - 1), scratch + inside.width, std::greater<>());
  const Real least = scratch[count - 1];
  std::size_t equal_left = count;
  for (std::size_t i = 0; i < inside.width; ++i) equal_left -= inside.weights[i] > least ? 1 : 0;
  for (std::size_t i = 0; i < inside.width; ++i) {
    if (inside.weights[i] > least) continue;
    if (inside.weights[i] == least && equal_left > 0) {
      --equal_left;
    } else {
      inside.weights[i] = -kInfinity;
    }
  }
}

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
