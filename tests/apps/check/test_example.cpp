// The example of apps/check/README.md: a layer and its test, in one file for brevity.
#include <catch2/catch.hpp>

#include "apps/check/check.h"
#include "autograd/ops.h"
#include "layers/dense.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// x + tanh(x W + b); (..., dim) -> (..., dim).
class Nudge : public Layer {
 public:
  Nudge(std::size_t dim, Init& init) : dense_(child<Dense>("dense", dim, dim, init)) {}
  Tensor forward(const Tensor& x, const Context& context) override { return x + tanh(dense_(x, context)); }

 private:
  Dense& dense_;
};

TEST_CASE("Nudge keeps what a layer promises") {
  const CheckReport report = check_layer([](Init& init) { return std::make_unique<Nudge>(8, init); },
                                         {.name = "nudge", .width = 8, .promises = {.equivariant = true}});
  INFO(to_string(report));
  CHECK(report.passed());
}

}  // namespace
}  // namespace headlight::inline HEADLIGHT_PRECISION
