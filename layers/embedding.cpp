#include "layers/embedding.h"

#include <fmt/format.h>

#include <cmath>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/gather.h"
#include "core/error.h"

namespace headlight::inline HEADLIGHT_PRECISION {

Embedding::Embedding(const EmbeddingOptions& options, Init& init)
    : scale_(options.scale ? static_cast<Real>(std::sqrt(static_cast<double>(options.width))) : Real{1}) {
  if (options.vocabulary == 0 || options.width == 0) {
    raise<ConfigError>("embedding", "vocabulary and width must be at least 1",
                       fmt::format("vocabulary {}, width {}", options.vocabulary, options.width));
  }
  weight_ = parameter("weight", init.embedding(options.vocabulary, options.width));
  if (options.bias) bias_ = parameter("bias", init.bias(options.width, options.vocabulary));
}

Tensor Embedding::operator()(const Tokens& ids) const {
  const LayerScope scope(scope_path());
  Tensor x = embedding(weight_, ids);
  if (scale_ != 1) x = x * scale_;
  return bias_.defined() ? x + bias_ : x;
}

Tensor Embedding::read(const ModelInput& input) { return (*this)(input.tokens()); }

}  // namespace headlight::inline HEADLIGHT_PRECISION
