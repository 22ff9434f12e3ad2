#include "apps/inspect/rollout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "core/error.h"

namespace headlight {
namespace {

using Map = std::vector<double>;  ///< (T, T)

void check(const std::vector<AttentionWeights>& layers, const RolloutOptions& options) {
  if (!(options.residual >= 0 && options.residual < 1)) {
    raise<ConfigError>("rollout", "the residual share is outside [0, 1)", fmt::format("{}", options.residual));
  }
  for (const AttentionWeights& layer : layers) {
    const AttentionWeights& first = layers.front();
    if (layer.queries == layer.keys && layer.queries == first.queries && layer.batch == first.batch &&
        layer.heads > 0) {
      continue;
    }
    raise<ShapeError>("rollout", "the layers are no stack of self-attention over one sequence",
                      fmt::format("`{}` ({}, {}, {}, {}), `{}` ({}, {}, {}, {})", first.path, first.batch, first.heads,
                                  first.queries, first.keys, layer.path, layer.batch, layer.heads, layer.queries,
                                  layer.keys),
                      "pass the self-attention layers of one encoder or decoder");
  }
}

/// (1 - residual) mean over heads + residual I, rows normalised. A row without weights is the identity's.
Map mixing(const AttentionWeights& layer, std::size_t member, double residual) {
  const std::size_t time = layer.queries;
  Map map(time * time, 0);
  for (std::size_t row = 0; row < time; ++row) {
    double* const mixed = map.data() + row * time;
    for (std::size_t head = 0; head < layer.heads; ++head) {
      const float* const weights = layer.row(member, head, row);
      for (std::size_t col = 0; col < time; ++col) {
        mixed[col] += (1 - residual) * static_cast<double>(weights[col]) / static_cast<double>(layer.heads);
      }
    }
    double sum = residual;
    for (std::size_t col = 0; col < time; ++col) sum += mixed[col];
    mixed[row] += residual;
    if (sum > 0) {
      for (std::size_t col = 0; col < time; ++col) mixed[col] /= sum;
    } else {
      mixed[row] = 1;
    }
  }
  return map;
}

Map product(const Map& a, const Map& b, std::size_t time) {
  Map c(time * time, 0);
  for (std::size_t row = 0; row < time; ++row) {
    for (std::size_t inner = 0; inner < time; ++inner) {
      const double factor = a[row * time + inner];
      for (std::size_t col = 0; col < time; ++col) c[row * time + col] += factor * b[inner * time + col];
    }
  }
  return c;
}

}  // namespace

std::vector<AttentionWeights> rollout(const std::vector<AttentionWeights>& layers, const RolloutOptions& options) {
  check(layers, options);
  std::vector<AttentionWeights> rolled;
  std::vector<Map> before;  // of each batch member
  for (const AttentionWeights& layer : layers) {
    AttentionWeights result{
        .path = layer.path, .batch = layer.batch, .heads = 1, .queries = layer.queries, .keys = layer.keys};
    result.weights.reserve(layer.batch * layer.queries * layer.keys);
    for (std::size_t member = 0; member < layer.batch; ++member) {
      Map map = mixing(layer, member, options.residual);
      if (before.size() <= member) {
        before.push_back(std::move(map));
      } else {
        before[member] = product(map, before[member], layer.queries);
      }
      std::transform(before[member].begin(), before[member].end(), std::back_inserter(result.weights),
                     [](double weight) { return static_cast<float>(weight); });
    }
    rolled.push_back(std::move(result));
  }
  return rolled;
}

}  // namespace headlight
