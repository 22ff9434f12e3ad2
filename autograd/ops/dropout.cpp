#include "autograd/ops/dropout.h"

#include <string>

#include "autograd/make_op.h"
#include "core/elementwise.h"
#include "core/error.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

Array dropped(const Array& x, double p, const kernels::DropoutKey& key) {
  Array y(x.shape());
  parallel_ranges(x.size(), kElementGrain, [&](std::size_t begin, std::size_t end) {
    kernels::dropout(x.data() + begin, y.data() + begin, end - begin, p, key, begin);
  });
  return y;
}

}  // namespace

Tensor dropout(const Tensor& x, double p, const kernels::DropoutKey& key) {
  if (!(p >= 0 && p < 1)) {
    raise<ConfigError>("dropout", "the probability is outside [0, 1)", "p = " + std::to_string(p));
  }
  if (p == 0) return x;
  // The mask is not kept: backward draws it again from the key.
  return make_op("dropout", dropped(x.value(), p, key), {x},
                 [p, key](BackwardPass& pass) { pass.give(0, dropped(pass.g(), p, key)); });
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
