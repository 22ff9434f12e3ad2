#pragma once

#include <cstddef>

#include "layers/init.h"
#include "layers/module.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// The convolution that makes an attention's values: parameters `weight` (out, in, kernel) and `bias` (out).
class ValueConvolution final : public Module {
 public:
  ValueConvolution(std::size_t in, std::size_t out, std::size_t kernel, bool bias, Init& init);

  /// value(t) = b + sum over j of W_j x(t + j - before); x (B, T, in) -> (B, T + before + after - kernel + 1, out).
  Tensor apply(const Tensor& x, std::size_t before, std::size_t after) const;

  std::size_t kernel() const { return kernel_; }

 private:
  std::size_t kernel_;
  Tensor weight_;
  Tensor bias_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
