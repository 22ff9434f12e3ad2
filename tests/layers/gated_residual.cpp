// A layer as somebody else writes one: this file, one line of CMake, and no edit to the framework.
#include "autograd/ops.h"
#include "layers/dense.h"
#include "layers/registry.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// x + (x W + b) * sigmoid(x V + c); (..., dim) -> (..., dim).   Source: gate of Dauphin et al. 2017, arXiv:1612.08083.
class GatedResidual : public Layer {
 public:
  GatedResidual(std::size_t dim, Init& init)
      : value_(child<Dense>("value", dim, dim, init)), gate_(child<Dense>("gate", dim, dim, init)) {}
  Tensor forward(const Tensor& x, const Context& context) override {
    return x + value_(x, context) * sigmoid(gate_(x, context));
  }

 private:
  Dense& value_;
  Dense& gate_;
};

const RegisterLayer gated_residual{"gated_residual", [](const LayerConfig& config, Init& init) {
                                     return std::make_unique<GatedResidual>(config.size("dim"), init);
                                   }};

}  // namespace
}  // namespace headlight::inline HEADLIGHT_PRECISION
