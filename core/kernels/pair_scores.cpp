#include "core/kernels/pair_scores.h"

#include "core/kernels/vector_math.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

Real additive_score(const Real* q, const Real* k, const Real* v, std::size_t n) {
  Vec total{};
  for_vectors(n, [&](std::size_t i, auto count) {
    total += load_lanes(v + i, count) * tanh(load_lanes(q + i, count) + load_lanes(k + i, count));
  });
  return add_lanes(total);
}

void add_additive_gradients(const Real* q, const Real* k, const Real* v, Real g, Real* dq, Real* dk, Real* dv,
                            std::size_t n) {
  for_vectors(n, [&](std::size_t i, auto count) {
    const Vec t = tanh(load_lanes(q + i, count) + load_lanes(k + i, count));
    const Vec u = load_lanes(v + i, count) * g * (Real{1} - t * t);
    store_lanes(dq + i, load_lanes(dq + i, count) + u, count);
    store_lanes(dk + i, load_lanes(dk + i, count) + u, count);
    store_lanes(dv + i, load_lanes(dv + i, count) + t * g, count);
  });
}

Real squared_distance(const Real* q, const Real* k, std::size_t n) {
  Vec total{};
  for_vectors(n, [&](std::size_t i, auto count) {
    const Vec difference = load_lanes(q + i, count) - load_lanes(k + i, count);
    total += difference * difference;
  });
  return add_lanes(total);
}

void add_distance_gradients(const Real* q, const Real* k, Real g, Real* dq, Real* dk, std::size_t n) {
  for_vectors(n, [&](std::size_t i, auto count) {
    const Vec u = (load_lanes(q + i, count) - load_lanes(k + i, count)) * g;
    store_lanes(dq + i, load_lanes(dq + i, count) + u, count);
    store_lanes(dk + i, load_lanes(dk + i, count) - u, count);
  });
}

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
