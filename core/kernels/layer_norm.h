#pragma once

#include <cstddef>

#include "core/real.h"

/// Normalisation of contiguous rows of `cols` elements, with the gain and bias of the layer fused. cols must be > 0.
namespace headlight::inline HEADLIGHT_PRECISION {
namespace kernels {

/// y = gain (x - mean) rstd + bias, rstd = 1 / sqrt(var + epsilon), var the mean of (x - mean)^2 in a second pass.
/// gain and bias are rows of `cols` or null (1 and 0); mean and rstd receive one value per row. y may be x.
/// Source: Ba, Kiros & Hinton 2016, arXiv:1607.06450, section 3.
void layer_norm_rows(const Real* x, const Real* gain, const Real* bias, Real epsilon, Real* y, Real* mean, Real* rstd,
                     std::size_t rows, std::size_t cols);

/// The backward rule of layer_norm_rows. With h = (x - mean) rstd and e = g gain:
///   dx = rstd (e - mean(e) - h mean(e h)),  dgain += sum over rows of g h,  dbias += sum over rows of g.
/// dgain and dbias may be null. dx may be g.
void layer_norm_backward_rows(const Real* x, const Real* mean, const Real* rstd, const Real* gain, const Real* g,
                              Real* dx, Real* dgain, Real* dbias, std::size_t rows, std::size_t cols);

/// y = gain x rstd, rstd = 1 / sqrt(mean(x^2) + epsilon). gain may be null (1); y may be x.
/// Source: Zhang & Sennrich 2019, arXiv:1910.07467, section 4.
void rms_norm_rows(const Real* x, const Real* gain, Real epsilon, Real* y, Real* rstd, std::size_t rows,
                   std::size_t cols);

/// The backward rule of rms_norm_rows. With h = x rstd and e = g gain:
///   dx = rstd (e - h mean(e h)),  dgain += sum over rows of g h (null for none). dx may be g.
void rms_norm_backward_rows(const Real* x, const Real* rstd, const Real* gain, const Real* g, Real* dx, Real* dgain,
                            std::size_t rows, std::size_t cols);

}  // namespace kernels
}  // namespace headlight::inline HEADLIGHT_PRECISION
