#include "layers/value_convolution.h"

#include "autograd/ops/conv1d.h"

namespace headlight::inline HEADLIGHT_PRECISION {

ValueConvolution::ValueConvolution(std::size_t in, std::size_t out, std::size_t kernel, bool bias, Init& init)
    : kernel_(kernel), weight_(parameter("weight", init.conv_weight(out, in, kernel))) {
  if (bias) bias_ = parameter("bias", init.bias(out, in * kernel, WeightRole::attention_input));
}

Tensor ValueConvolution::apply(const Tensor& x, std::size_t before, std::size_t after) const {
  const Conv1dOptions options{.pad_left = before, .pad_right = after};
  return conv1d(x, weight_, bias_, options);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
