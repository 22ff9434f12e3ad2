#include "apps/page/reduce.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "apps/page/packing.h"

namespace headlight {
namespace {

/// Which of the steps stay.
std::vector<bool> chosen_steps(const std::vector<std::uint64_t>& steps, std::size_t count,
                               std::span<const std::uint64_t> kept) {
  std::vector<std::size_t> left(steps.size());
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
  std::vector<double> place(steps.size());
  std::transform(steps.begin(), steps.end(), place.begin(),
                 [](std::uint64_t step) { return std::log1p(static_cast<double>(step)); });
  while (left.size() > count) {
    // The inner one whose going leaves the smallest gap.
    std::size_t worst = 0;
    double smallest = std::numeric_limits<double>::infinity();
    for (std::size_t i = 1; i + 1 < left.size(); ++i) {
      if (std::find(kept.begin(), kept.end(), steps[left[i]]) != kept.end()) continue;
      const double gap = place[left[i + 1]] - place[left[i - 1]];
      if (gap < smallest) {
        smallest = gap;
        worst = i;
      }
    }
    if (worst == 0) break;
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(worst));
  }
  if (left.size() > count && count == 1 && left.size() == 2) left.erase(left.begin());
  std::vector<bool> chosen(steps.size());
  for (const std::size_t index : left) chosen[index] = true;
  return chosen;
}

/// Keeps of `values`, which has `size` numbers for each item, those of the chosen items.
template <class T>
void keep_items(std::vector<T>& values, std::size_t size, const std::vector<bool>& chosen) {
  auto out = values.begin();
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i * size);
    if (chosen[i]) out = std::copy(begin, begin + static_cast<std::ptrdiff_t>(size), out);
  }
  values.erase(out, values.end());
}

/// The first `kept` of `count` items, in each of the groups that follow each other in `values`.
template <class T>
void keep_first(std::vector<T>& values, std::size_t groups, std::size_t count, std::size_t kept) {
  if (groups == 0 || count == 0) return;
  std::vector<bool> chosen(groups * count);
  for (std::size_t i = 0; i < chosen.size(); ++i) chosen[i] = i % count < kept;
  keep_items(values, values.size() / chosen.size(), chosen);
}

/// Takes the statistics of layers from `count` on out.
void keep_layers_of(ViewHeadStats& stats, std::size_t count) {
  std::vector<bool> chosen;
  for (const ViewHead& head : stats.heads) chosen.push_back(head.layer < count);
  const std::size_t heads = stats.heads.size();
  std::vector<bool> all;
  for (std::size_t step = 0; step < stats.steps.size(); ++step) all.insert(all.end(), chosen.begin(), chosen.end());
  keep_items(stats.values, stats.columns.size(), all);
  if (stats.similarity) {
    std::vector<bool> cells;
    for (std::size_t step = 0; step < stats.similarity->steps.size(); ++step) {
      for (std::size_t a = 0; a < heads; ++a) {
        for (std::size_t b = 0; b < heads; ++b) cells.push_back(chosen[a] && chosen[b]);
      }
    }
    keep_items(stats.similarity->values, 1, cells);
  }
  keep_items(stats.heads, 1, chosen);
}

}  // namespace

bool drop_exact_steps(ViewRun& run) {
  const auto other = [&](const ViewExact& exact) { return run.steps.empty() || exact.step != run.steps.back(); };
  return std::erase_if(run.exact, other) + std::erase_if(run.scores, other) > 0;
}

bool thin_snapshots(ViewRun& run, std::size_t count, std::span<const std::uint64_t> kept) {
  const std::vector<bool> chosen = chosen_steps(run.steps, count, kept);
  if (std::find(chosen.begin(), chosen.end(), false) == chosen.end()) return false;
  const std::size_t steps = run.steps.size();
  for (ViewBlock& block : run.blocks) {
    for (std::size_t probe = 0; probe < block.codes.size(); ++probe) {
      keep_items(block.codes[probe], snapshot_bytes(block, probe), chosen);
    }
  }
  if (run.predictions) {
    for (ViewPredictions::Probe& probe : run.predictions->probes) {
      keep_items(probe.ids, probe.ids.size() / steps, chosen);
      keep_items(probe.prob, probe.prob.size() / steps, chosen);
      keep_items(probe.target_prob, probe.target_prob.size() / steps, chosen);
    }
  }
  keep_items(run.steps, 1, chosen);
  const auto gone = [&](const auto& entry) {
    return !std::binary_search(run.steps.begin(), run.steps.end(), entry.step);
  };
  std::erase_if(run.exact, gone);
  std::erase_if(run.scores, gone);
  std::erase_if(run.invalid, gone);
  return true;
}

bool keep_probes(ViewRun& run, std::size_t count) {
  if (run.probes.size() <= count) return false;
  run.probes.resize(count);
  for (ViewBlock& block : run.blocks) {
    block.shapes.resize(count);
    block.codes.resize(count);
    if (!block.padding.empty()) block.padding.resize(count);
  }
  if (run.predictions) run.predictions->probes.resize(count);
  std::erase_if(run.exact, [&](const ViewExact& exact) { return exact.probe >= count; });
  std::erase_if(run.scores, [&](const ViewExact& exact) { return exact.probe >= count; });
  std::erase_if(run.invalid, [&](const ViewInvalid& entry) { return entry.probe.value_or(0) >= count; });
  return true;
}

bool keep_layers(ViewRun& run, std::size_t count) {
  bool any = false;
  for (std::size_t b = 0; b < run.blocks.size(); ++b) {
    ViewBlock& block = run.blocks[b];
    const std::size_t layers = block.layers();
    if (layers <= count) continue;
    any = true;
    for (std::vector<std::uint8_t>& codes : block.codes) keep_first(codes, run.steps.size(), layers, count);
    for (std::vector<ViewExact>* const all : {&run.exact, &run.scores}) {
      for (ViewExact& exact : *all) {
        if (exact.block == b) keep_first(exact.values, 1, layers, count);
      }
    }
    block.layer_names.resize(count);
    block.layer_numbers.resize(count);
    block.windows.resize(count);
  }
  if (!any) return false;
  std::erase_if(run.invalid, [&](const ViewInvalid& entry) { return entry.layer.value_or(0) >= count; });
  if (run.head_stats) keep_layers_of(*run.head_stats, count);
  return true;
}

}  // namespace headlight
