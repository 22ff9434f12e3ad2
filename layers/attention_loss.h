#pragma once

#include <cstddef>

#include "autograd/tensor.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Pulls the map of one head towards the keys that it should read:
///   loss = mean over the queries with a target of  -log(sum over keys k of target(q, k) weights(b, head, q, k)).
/// weights (B, H, Tq, Tk) as AttentionOutput or a recorder has them; target (Tq, Tk) for every batch member or
/// (B, Tq, Tk), 1 at each key that is right and 0 elsewhere: several right keys share the mass as they like, with one
/// it is the cross-entropy to that key. A row without a target does not count; without any such row the loss is 0.
/// The mass is taken to be at least the smallest normal Real, so that a target key which the mask hides gives a large
/// finite loss and no gradient.
/// Throws ShapeError when shapes do not fit or there is no such head, NumericError when a target lies outside [0, 1].
/// Source: guided alignment, Chen, Matusov, Khadivi & Peter 2016, arXiv:1607.01628, section 3, on the mass in place of
/// each key's own weight.
Tensor attention_loss(const Tensor& weights, std::size_t head, const Array& target);

}  // namespace headlight::inline HEADLIGHT_PRECISION
