#include "apps/page/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "apps/page/packing.h"
#include "core/error.h"

namespace headlight {
namespace {

/// "" for a number.
const char* fault_of(float weight) {
  if (std::isfinite(weight)) return "";
  return std::isnan(weight) ? "nan" : weight > 0 ? "inf" : "-inf";
}

ViewShape shape_on(const std::string& kind, const ViewProbe& probe) {
  const std::size_t queries = kind == "enc.self" ? probe.src.size() : probe.tgt_in.size();
  return {.queries = queries, .keys = kind == "dec.self" ? queries : probe.src.size()};
}

/// Adds entries for the cells of a row that are no numbers; one for all of them where they are alike.
void add_row(const float* row, const ViewBlock& block, const ViewShape& shape, ViewInvalid place,
             std::vector<ViewInvalid>& found) {
  const std::size_t end = packed_row(block, shape, *place.query);
  std::vector<std::pair<std::size_t, const char*>> bad;
  std::size_t seen = 0;
  for (std::size_t k = 0; k < end; ++k) {
    if (!block.sees(*place.layer, shape, *place.query, k)) continue;
    ++seen;
    if (!std::isfinite(row[k])) bad.emplace_back(k, fault_of(row[k]));
  }
  const bool alike = std::all_of(bad.begin(), bad.end(),
                                 [&](const auto& cell) { return std::string_view(cell.second) == bad[0].second; });
  if (!bad.empty() && alike && bad.size() == seen) {
    place.value = bad[0].second;
    found.push_back(place);
    return;
  }
  for (const auto& [key, value] : bad) {
    place.key = key;
    place.value = value;
    found.push_back(place);
  }
}

/// Where all `count` values of one index have an entry that is alike in everything else, a single one takes their place.
template <class Member, class Count>
void join(std::vector<ViewInvalid>& entries, Member member, Count count) {
  using Key =
      std::tuple<std::size_t, std::optional<std::size_t>, std::optional<std::size_t>, std::optional<std::size_t>,
                 std::optional<std::size_t>, std::optional<std::size_t>, std::string>;
  const auto key_of = [member](const ViewInvalid& one) {
    ViewInvalid entry = one;
    entry.*member = std::nullopt;
    return Key{entry.block, entry.probe, entry.layer, entry.head, entry.query, entry.key, entry.value};
  };
  std::map<Key, std::size_t> sizes;
  for (const ViewInvalid& entry : entries) {
    if ((entry.*member).has_value()) ++sizes[key_of(entry)];
  }
  std::vector<ViewInvalid> joined;
  for (ViewInvalid& entry : entries) {
    const bool whole = (entry.*member).has_value() && sizes[key_of(entry)] == count(entry);
    if (whole && *(entry.*member) != 0) continue;
    if (whole) entry.*member = std::nullopt;
    joined.push_back(std::move(entry));
  }
  entries = std::move(joined);
}

}  // namespace

std::vector<BlockPlace> add_blocks(ViewRun& run, std::span<const SnapshotLayer> layers) {
  std::vector<BlockPlace> places;
  std::map<std::string, std::size_t> counts;  // of the layers of each kind so far
  for (const ViewBlock& block : run.blocks) counts[block.kind] += block.layers();
  for (const SnapshotLayer& layer : layers) {
    auto block = std::find_if(run.blocks.begin(), run.blocks.end(), [&](const ViewBlock& other) {
      return other.kind == layer.kind && other.heads == layer.heads && other.causal == layer.causal;
    });
    if (block == run.blocks.end()) {
      const auto same = std::count_if(run.blocks.begin(), run.blocks.end(),
                                      [&](const ViewBlock& other) { return other.kind == layer.kind; });
      ViewBlock made{.name = same == 0 ? layer.kind : fmt::format("{}.{}", layer.kind, same + 1),
                     .kind = layer.kind,
                     .heads = layer.heads,
                     .causal = layer.causal};
      for (const ViewProbe& probe : run.probes) made.shapes.push_back(shape_on(layer.kind, probe));
      for (const ViewShape& shape : made.shapes) static_cast<void>(packed_cells(made, shape));
      made.codes.resize(run.probes.size());
      block = run.blocks.insert(run.blocks.end(), std::move(made));
    }
    places.push_back({static_cast<std::size_t>(block - run.blocks.begin()), block->layers()});
    block->layer_names.push_back(layer.path);
    block->layer_numbers.push_back(counts[layer.kind]++);
    block->windows.push_back(layer.window);
  }
  return places;
}

SnapshotWriter::SnapshotWriter(ViewRun& run, std::uint64_t step, std::span<const BlockPlace> places)
    : run_(run), step_(step), places_(places.begin(), places.end()) {
  if (!run.steps.empty() && step <= run.steps.back()) {
    raise<StateError>("snapshot", "steps must rise", fmt::format("{} behind {}", step, run.steps.back()));
  }
  run.steps.push_back(step);
  for (ViewBlock& block : run.blocks) {
    for (std::size_t probe = 0; probe < block.shapes.size(); ++probe) {
      block.codes[probe].resize(run.steps.size() * snapshot_bytes(block, probe));
    }
  }
}

ViewExact& SnapshotWriter::exact_of(std::vector<ViewExact>& all, std::size_t block, std::size_t probe,
                                    std::size_t values) {
  const auto found = std::find_if(all.rbegin(), all.rend(), [&](const ViewExact& one) {
    return one.block == block && one.probe == probe && one.step == step_;
  });
  if (found != all.rend()) return *found;
  return all.emplace_back(
      ViewExact{.block = block, .probe = probe, .step = step_, .values = std::vector<float>(values)});
}

void SnapshotWriter::add(std::size_t layer, const LayerArrays& arrays) {
  const BlockPlace place = places_.at(layer);
  ViewBlock& block = run_.blocks[place.block];
  const std::size_t plane = arrays.queries * arrays.keys;
  const std::size_t needed = run_.probes.size() * block.heads * plane;
  for (std::size_t probe = 0; probe < run_.probes.size(); ++probe) {
    const ViewShape shape = block.shapes[probe];
    const bool fits = shape.queries <= arrays.queries && shape.keys <= arrays.keys && arrays.weights.size() == needed &&
                      (arrays.scores.empty() || arrays.scores.size() == needed);
    if (!fits) {
      raise<ShapeError>(block.layer_names[place.layer], "the weights do not fit the probe",
                        fmt::format("{} x {} positions of {} numbers, probe {} has {} x {}", arrays.queries,
                                    arrays.keys, arrays.weights.size(), probe, shape.queries, shape.keys));
    }
    const std::size_t cells = packed_cells(block, shape);
    const std::size_t first = place.layer * block.heads;
    std::uint8_t* codes =
        block.codes[probe].data() + (run_.steps.size() - 1) * snapshot_bytes(block, probe) + first * cells;
    std::vector<float>& values = exact_of(run_.exact, place.block, probe, block.layers() * block.heads * cells).values;
    float* out = values.data() + first * cells;
    for (std::size_t head = 0; head < block.heads; ++head) {
      for (std::size_t q = 0; q < shape.queries; ++q) {
        const float* row = arrays.weights.data() + (probe * block.heads + head) * plane + q * arrays.keys;
        const std::size_t end = packed_row(block, shape, q);
        for (std::size_t k = 0; k < end; ++k) {
          *codes++ = block.sees(place.layer, shape, q, k) ? code_of(row[k]) : std::uint8_t{0};
          *out++ = row[k];
        }
        if (!std::all_of(row, row + end, [](float weight) { return std::isfinite(weight); })) {
          add_row(row, block, shape,
                  {.block = place.block, .probe = probe, .step = step_, .layer = place.layer, .head = head, .query = q},
                  invalid_);
        }
      }
    }
    if (arrays.scores.empty()) continue;
    const std::size_t whole = shape.queries * shape.keys;
    std::vector<float>& scores = exact_of(run_.scores, place.block, probe, block.layers() * block.heads * whole).values;
    float* score = scores.data() + first * whole;
    for (std::size_t head = 0; head < block.heads; ++head) {
      for (std::size_t q = 0; q < shape.queries; ++q) {
        const float* row = arrays.scores.data() + (probe * block.heads + head) * plane + q * arrays.keys;
        score = std::copy(row, row + shape.keys, score);
      }
    }
  }
}

void SnapshotWriter::finish(std::span<const std::uint64_t> kept) {
  const auto block = [this](const ViewInvalid& entry) -> const ViewBlock& { return run_.blocks[entry.block]; };
  // Rows whose keys are all bad have one entry already.
  join(invalid_, &ViewInvalid::query, [&](const ViewInvalid& entry) {
    return entry.key ? std::size_t{0} : block(entry).shapes[*entry.probe].queries;
  });
  const auto whole_map = [](const ViewInvalid& entry) { return !entry.query && !entry.key; };
  join(invalid_, &ViewInvalid::head,
       [&](const ViewInvalid& entry) { return whole_map(entry) ? block(entry).heads : 0; });
  join(invalid_, &ViewInvalid::layer,
       [&](const ViewInvalid& entry) { return whole_map(entry) && !entry.head ? block(entry).layers() : 0; });
  join(invalid_, &ViewInvalid::probe,
       [&](const ViewInvalid& entry) { return whole_map(entry) ? run_.probes.size() : 0; });
  run_.invalid.insert(run_.invalid.end(), invalid_.begin(), invalid_.end());

  const auto passed = [&](const ViewExact& exact) {
    return exact.step != step_ && std::find(kept.begin(), kept.end(), exact.step) == kept.end();
  };
  std::erase_if(run_.exact, passed);
  std::erase_if(run_.scores, passed);
}

}  // namespace headlight
