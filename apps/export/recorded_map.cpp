#include "apps/export/recorded_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "apps/page/packing.h"
#include "core/error.h"

namespace headlight {
namespace {

/// Where a layer stands in the blocks of a run.
struct FoundLayer {
  std::size_t block;
  std::size_t layer;
};

FoundLayer find_layer(const ViewRun& run, const MapPlace& place) {
  for (std::size_t i = 0; i < run.blocks.size(); ++i) {
    const ViewBlock& block = run.blocks[i];
    if (block.kind != place.block || place.head >= block.heads) continue;
    const auto number = std::find(block.layer_numbers.begin(), block.layer_numbers.end(), place.layer);
    if (number == block.layer_numbers.end()) continue;
    return {.block = i, .layer = static_cast<std::size_t>(number - block.layer_numbers.begin())};
  }
  raise<ConfigError>(run.name, fmt::format("the run has recorded no layer {} of `{}` with a head {}", place.layer,
                                           place.block, place.head));
}

void check_snapshot(const ViewRun& run, const MapPlace& place, std::uint64_t step) {
  if (place.probe >= run.probes.size()) {
    raise<ConfigError>("--probe", fmt::format("there is no probe {}", place.probe), {},
                       fmt::format("the run has {}; probes count from 0", run.probes.size()));
  }
  if (!std::binary_search(run.steps.begin(), run.steps.end(), step)) {
    raise<ConfigError>("--step", fmt::format("there is no snapshot of step {}", step), {},
                       fmt::format("there are snapshots of the steps {}", fmt::join(run.steps, ", ")));
  }
}

std::vector<std::string> texts_of(const std::vector<std::int32_t>& ids, const std::vector<std::string>& words) {
  std::vector<std::string> texts;
  for (const std::int32_t id : ids) {
    const auto index = static_cast<std::size_t>(id);
    texts.push_back(index < words.size() ? words[index] : std::to_string(id));
  }
  return texts;
}

void add_labels(const ViewRun& run, const ViewBlock& block, const ViewProbe& probe, AttentionMap& map) {
  const std::vector<std::string> source =
      probe.src_text.empty() ? texts_of(probe.src, run.words.vocab) : probe.src_text;
  // What a decoder alone reads are the words of its input; behind an encoder those of its answer.
  const bool two = !probe.src.empty() && !probe.tgt_in.empty();
  const std::vector<std::string> target =
      texts_of(probe.tgt_in, two && run.words.target_vocab ? *run.words.target_vocab : run.words.vocab);
  map.row_labels = block.kind == "enc.self" ? source : target;
  map.col_labels = block.kind == "dec.self" ? target : source;
  // A decoder that reads vectors has no texts of its own.
  if (map.row_labels.size() != map.rows) map.row_labels.clear();
  if (map.col_labels.size() != map.cols) map.col_labels.clear();
}

bool applies(const ViewInvalid& cells, std::size_t block, const MapPlace& place, std::size_t layer,
             std::uint64_t step) {
  const auto fits = [](const std::optional<std::size_t>& wanted, std::size_t is) { return !wanted || *wanted == is; };
  return cells.block == block && cells.step == step && fits(cells.probe, place.probe) && fits(cells.layer, layer) &&
         fits(cells.head, place.head);
}

float value_of(const std::string& name) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (name == "inf") return kInfinity;
  return name == "-inf" ? -kInfinity : std::numeric_limits<float>::quiet_NaN();
}

}  // namespace

AttentionMap recorded_map(const ViewRun& run, const MapPlace& place, std::uint64_t step) {
  const FoundLayer found = find_layer(run, place);
  const ViewBlock& block = run.blocks[found.block];
  check_snapshot(run, place, step);
  const ViewShape& shape = block.shapes[place.probe];
  const std::size_t cells = packed_cells(block, shape);
  const std::size_t first = (found.layer * block.heads + place.head) * cells;

  std::vector<float> packed(cells);
  const auto exact = std::find_if(run.exact.begin(), run.exact.end(), [&](const ViewExact& entry) {
    return entry.block == found.block && entry.probe == place.probe && entry.step == step;
  });
  if (exact != run.exact.end()) {
    std::copy_n(exact->values.begin() + static_cast<std::ptrdiff_t>(first), cells, packed.begin());
  } else {
    const auto snapshot =
        static_cast<std::size_t>(std::lower_bound(run.steps.begin(), run.steps.end(), step) - run.steps.begin());
    const std::size_t begin = snapshot * snapshot_bytes(block, place.probe) + first;
    for (std::size_t i = 0; i < cells; ++i) {
      packed[i] = static_cast<float>(block.codes[place.probe][begin + i]) / 255.0F;
    }
  }

  AttentionMap map;
  map.title = fmt::format("Attention of {}, layer {}, head {}", place.block, place.layer, place.head);
  map.subtitle =
      fmt::format("run {}, step {}, probe {} ({})", run.name, step, place.probe, run.probes[place.probe].label);
  map.rows = shape.queries;
  map.cols = shape.keys;
  map.weights.assign(map.rows * map.cols, 0.0F);
  map.hidden.assign(map.rows * map.cols, 0);
  const float* weight = packed.data();
  for (std::size_t q = 0; q < map.rows; ++q) {
    const std::size_t end = packed_row(block, shape, q);
    for (std::size_t k = 0; k < map.cols; ++k) {
      const std::size_t cell = q * map.cols + k;
      if (k < end) map.weights[cell] = *weight++;
      if (k >= end || !block.sees(found.layer, shape, q, k)) map.hidden[cell] = 1;
    }
  }
  for (const ViewInvalid& cells_of : run.invalid) {
    if (!applies(cells_of, found.block, place, found.layer, step)) continue;
    for (std::size_t q = 0; q < map.rows; ++q) {
      for (std::size_t k = 0; k < map.cols; ++k) {
        if (cells_of.query.value_or(q) != q || cells_of.key.value_or(k) != k) continue;
        map.weights[q * map.cols + k] = value_of(cells_of.value);
      }
    }
  }
  if (std::count(map.hidden.begin(), map.hidden.end(), 1) == 0) map.hidden.clear();
  add_labels(run, block, run.probes[place.probe], map);
  return map;
}

}  // namespace headlight
