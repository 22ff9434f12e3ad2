#pragma once

#include <string>
#include <utility>

#include "autograd/tensor.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// A parameter with a name.
inline Tensor labelled(Array value, const std::string& label) {
  Tensor tensor(std::move(value), true);
  tensor.set_label(label);
  return tensor;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
