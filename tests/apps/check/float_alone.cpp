// A layer whose author forgot the double twin.
#include "layers/registry.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// y = x.
class FloatAlone : public Layer {
 public:
  Tensor forward(const Tensor& x, const Context&) override { return x; }
};

const RegisterLayer float_alone{"float_alone",
                                [](const LayerConfig&, Init&) { return std::make_unique<FloatAlone>(); }};

}  // namespace
}  // namespace headlight::inline HEADLIGHT_PRECISION
