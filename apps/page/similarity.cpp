#include "apps/page/similarity.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/page/packing.h"

namespace headlight {
namespace {

const ViewExact* last_exact(const ViewRun& run, std::size_t block, std::size_t probe) {
  const auto found = std::find_if(run.exact.begin(), run.exact.end(), [&](const ViewExact& exact) {
    return exact.block == block && exact.probe == probe && exact.step == run.steps.back();
  });
  return found == run.exact.end() ? nullptr : &*found;
}

/// The whole maps of a head on all probes, one behind the other; hidden cells are 0. Empty where there are none.
std::vector<float> flattened(const ViewRun& run, const ViewHead& place) {
  const ViewBlock& block = run.blocks.at(place.block);
  std::vector<float> flat;
  for (std::size_t probe = 0; probe < block.shapes.size(); ++probe) {
    const ViewExact* const exact = last_exact(run, place.block, probe);
    if (exact == nullptr) return {};
    const ViewShape& shape = block.shapes[probe];
    const float* values = exact->values.data() + (place.layer * block.heads + place.head) * packed_cells(block, shape);
    for (std::size_t q = 0; q < shape.queries; ++q) {
      const std::size_t end = packed_row(block, shape, q);
      for (std::size_t k = 0; k < end; ++k) {
        flat.push_back(block.sees(place.layer, shape, q, k) ? *values : 0);
        ++values;
      }
      flat.resize(flat.size() + shape.keys - end);
    }
  }
  return flat;
}

double product(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

}  // namespace

std::optional<ViewSimilarity> similarity_of(const ViewRun& run, const ViewHeadStats& stats) {
  if (run.steps.empty() || run.probes.empty()) return std::nullopt;
  std::vector<std::vector<float>> maps;
  std::vector<double> norms;
  for (const ViewHead& head : stats.heads) {
    maps.push_back(flattened(run, head));
    norms.push_back(std::sqrt(product(maps.back(), maps.back())));
  }
  constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
  const std::size_t heads = maps.size();
  ViewSimilarity similarity{.steps = {run.steps.back()}, .values = std::vector<float>(heads * heads, kNone)};
  for (std::size_t a = 0; a < heads; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      const bool alike = run.blocks[stats.heads[a].block].shapes == run.blocks[stats.heads[b].block].shapes;
      if (!alike || maps[a].empty() || maps[b].empty()) continue;
      const auto cosine = static_cast<float>(product(maps[a], maps[b]) / (norms[a] * norms[b]));
      similarity.values[a * heads + b] = cosine;
      similarity.values[b * heads + a] = cosine;
    }
  }
  return similarity;
}

}  // namespace headlight
