#pragma once

#include <cstddef>

#include "core/real.h"

/// One query against one key, both of n elements, for attention scores that are no dot products.
namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

/// sum of v tanh(q + k).
Real additive_score(const Real* q, const Real* k, const Real* v, std::size_t n);

/// With t = tanh(q + k) and u = g v (1 - t^2):  dq += u, dk += u, dv += g t.
void add_additive_gradients(const Real* q, const Real* k, const Real* v, Real g, Real* dq, Real* dk, Real* dv,
                            std::size_t n);

/// sum of (q - k)^2.
Real squared_distance(const Real* q, const Real* k, std::size_t n);

/// With u = g (q - k):  dq += u, dk -= u.
void add_distance_gradients(const Real* q, const Real* k, Real g, Real* dq, Real* dk, std::size_t n);

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
