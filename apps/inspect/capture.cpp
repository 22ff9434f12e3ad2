#include "apps/inspect/capture.h"

#include <algorithm>
#include <utility>

namespace headlight::inline HEADLIGHT_PRECISION {

void AttentionCapture::record(const std::string& path, const Tensor& weights, std::size_t hidden_rows) {
  const Shape& shape = weights.shape();
  AttentionWeights copy{.path = path,
                        .batch = shape.at(0),
                        .heads = shape.at(1),
                        .queries = shape.at(2),
                        .keys = shape.at(3),
                        .hidden_rows = hidden_rows};
  const std::span<const Real> values = flat(weights.value());
  copy.weights.resize(values.size());
  std::transform(values.begin(), values.end(), copy.weights.begin(),
                 [](Real weight) { return static_cast<float>(weight); });
  const auto known =
      std::find_if(layers_.begin(), layers_.end(), [&](const AttentionWeights& layer) { return layer.path == path; });
  if (known == layers_.end()) {
    layers_.push_back(std::move(copy));
  } else {
    append(*known, copy);
  }
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
