#pragma once

#include <cstddef>

#include "core/kernels/softmax.h"
#include "core/real.h"

/// Weights of one row of n attention scores by other rules than the plain softmax. As there, hidden keys get exactly 0
/// whatever their score is, a visible key whose biased score is -inf counts as weight 0, NaN or +inf on a visible key
/// gives NaN on the visible keys, and the functions return false when no visible key is left. An output may be the same
/// memory as an input.
namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

/// Softmax over the visible keys and one more that no mask hides: its score is `sink`, its weight goes to sink_weight.
/// A row without visible keys gives it the weight 1. NaN anywhere, or +inf, gives NaN there too.
bool masked_softmax_sink_row(const Real* scores, Real* weights, std::size_t n, const VisibleKeys& keys, Real sink,
                             Real* sink_weight);

/// dscores = weights (dweights - m), dsink = sink_weight (dsink_weight - m) with m the sum of all products of a weight
/// and its gradient. Zeros as masked_softmax_backward_row has them. Returns dsink.
Real masked_softmax_sink_backward_row(const Real* weights, const Real* dweights, Real* dscores, std::size_t n,
                                      std::size_t begin, std::size_t end, Real sink_weight, Real dsink_weight);

/// weights = 1 / (1 + exp(-(scores + bias - log c))), c the number of keys the mask shows (a bias of -inf hides too).
/// Source: Ramapuram et al. 2024, arXiv:2409.04431, section 3 and equation 4 (the bias -log n).
bool masked_sigmoid_row(const Real* scores, Real* weights, std::size_t n, const VisibleKeys& keys);

/// dscores = dweights weights (1 - weights), exactly 0 wherever the weight is 0 and outside of [begin, end).
void masked_sigmoid_backward_row(const Real* weights, const Real* dweights, Real* dscores, std::size_t n,
                                 std::size_t begin, std::size_t end);

/// chosen = scores + bias at the `count` visible keys with the largest ones, -inf elsewhere; of equal scores those with
/// the lower index are chosen. A softmax over the result gives top-k weights. With NaN on a visible key nothing is
/// chosen or left out: `chosen` is NaN at every visible key. `scratch` holds n elements; count >= 1.
void choose_largest(const Real* scores, Real* chosen, std::size_t n, const VisibleKeys& keys, std::size_t count,
                    Real* scratch);

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
