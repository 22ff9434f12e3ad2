#include "apps/inspect/similarity.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "core/parallel.h"

namespace headlight {
namespace {

struct OneHead {
  const AttentionWeights* layer;
  std::size_t head;
};

bool same_shape(const AttentionWeights& a, const AttentionWeights& b) {
  if (a.batch != b.batch || a.queries != b.queries || a.keys != b.keys) return false;
  for (std::size_t member = 0; member < a.batch; ++member) {
    if (a.queries_of(member) != b.queries_of(member)) return false;
  }
  return true;
}

double product_of(const OneHead& a, const OneHead& b) {
  double sum = 0;
  for (std::size_t member = 0; member < a.layer->batch; ++member) {
    const std::size_t count = a.layer->queries_of(member) * a.layer->keys;
    const float* const left = a.layer->row(member, a.head, 0);
    const float* const right = b.layer->row(member, b.head, 0);
    for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(left[i]) * static_cast<double>(right[i]);
  }
  return sum;
}

}  // namespace

std::vector<float> head_similarity(const std::vector<AttentionWeights>& layers) {
  std::vector<OneHead> heads;
  for (const AttentionWeights& layer : layers) {
    for (std::size_t head = 0; head < layer.heads; ++head) heads.push_back({&layer, head});
  }
  const std::size_t count = heads.size();
  std::vector<double> squares(count);
  parallel_for(count, [&](std::size_t i) { squares[i] = product_of(heads[i], heads[i]); });
  std::vector<float> similarity(count * count, std::numeric_limits<float>::quiet_NaN());
  parallel_for(count, [&](std::size_t i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const double scale = std::sqrt(squares[i]) * std::sqrt(squares[j]);
      if (!same_shape(*heads[i].layer, *heads[j].layer) || !(scale > 0) || !std::isfinite(scale)) continue;
      const double cosine = i == j ? 1 : std::clamp(product_of(heads[i], heads[j]) / scale, -1.0, 1.0);
      similarity[i * count + j] = similarity[j * count + i] = static_cast<float>(cosine);
    }
  });
  return similarity;
}

}  // namespace headlight
