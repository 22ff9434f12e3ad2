#pragma once

#include "autograd/flat_parameters.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// ||g||_2 over the gradients of all parameters together, in double; parameters without a gradient count as 0.
/// NaN or infinite when an element is.
double gradient_norm(FlatParameters& parameters);

/// min(1, max_norm / (norm + 1e-6)): what gradients are multiplied by so that their norm stays below max_norm. Give it
/// to Optimizer::step(). Throws ConfigError unless max_norm > 0, NumericError when the norm is not finite: no factor makes
/// such gradients usable.
/// Source: Pascanu, Mikolov & Bengio 2012, arXiv:1211.5063, section 3.2; the 1e-6 is PyTorch's.
double clip_scale(double norm, double max_norm);

}  // namespace headlight::inline HEADLIGHT_PRECISION
