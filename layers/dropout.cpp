#include "layers/dropout.h"

#include <string>

#include "autograd/ops/dropout.h"
#include "core/error.h"

namespace headlight::inline HEADLIGHT_PRECISION {

Dropout::Dropout(double p) : p_(p) {
  if (!(p >= 0 && p < 1)) {
    raise<ConfigError>("dropout", "the probability is outside [0, 1)", "p = " + std::to_string(p));
  }
}

Tensor Dropout::forward(const Tensor& x, const Context& context) {
  if (!context.training || p_ == 0) return x;
  return dropout(x, p_, next_dropout_key(context, "dropout"));
}

kernels::DropoutKey next_dropout_key(const Context& context, const char* where) {
  if (context.random == nullptr) {
    raise<StateError>(where, "training needs a source of randomness", "Context::random is null",
                      "give the context a StepRandom(seed, step)");
  }
  return context.random->next_dropout_key();
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
