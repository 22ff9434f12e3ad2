#pragma once

#include <cstddef>
#include <vector>

#include "autograd/tensor.h"

/// Biases of attention scores that depend on the distance between query and key. The ends are aligned: query q of Tq
/// stands opposite key q + Tk - Tq.
namespace headlight::inline HEADLIGHT_PRECISION {

/// The slopes of the heads: 2^(-8 / H), 2^(-16 / H), ... for H a power of two; else those of the power below H, and
/// behind them every second one of twice that power.
/// Source: Press, Smith & Lewis 2021, arXiv:2108.12409, section 3, and the authors' code for other numbers of heads.
std::vector<double> alibi_slopes(std::size_t heads);

/// -slope_h |distance| as (H, Tq, Tk).
Array alibi_bias(std::size_t heads, std::size_t queries, std::size_t keys);

/// table(clip(key - query, -m, m) + m, h) as (H, Tq, Tk), for a table (2 m + 1, H). Gradients reach the table.
Tensor relative_bias(const Tensor& table, std::size_t queries, std::size_t keys);

}  // namespace headlight::inline HEADLIGHT_PRECISION
