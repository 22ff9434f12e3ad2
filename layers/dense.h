#pragma once

#include <cstddef>

#include "core/kernels/activation_kind.h"
#include "layers/init.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct DenseOptions {
  std::size_t in = 0;
  std::size_t out = 0;
  bool bias = true;
  Activation activation = Activation::none;
  WeightRole role = WeightRole::dense;
};

/// y = f(x W^T + b): (..., in) -> (..., out). Parameters `weight` (out, in) and `bias` (out).
/// Throws ConfigError when a width is 0.
class Dense : public Layer {
 public:
  Dense(const DenseOptions& options, Init& init);
  Dense(std::size_t in, std::size_t out, Init& init) : Dense(DenseOptions{.in = in, .out = out}, init) {}

  Tensor forward(const Tensor& x, const Context& context) override;

  const Tensor& weight() const { return weight_; }
  /// An empty tensor without bias.
  const Tensor& bias() const { return bias_; }

 private:
  Activation activation_;
  Tensor weight_;
  Tensor bias_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
