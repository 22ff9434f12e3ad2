#include "apps/page/snapshot_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/error.h"
#include "core/io/array_io.h"

namespace headlight {
namespace {

/// Longer ones hide nothing, and sums of positions stay within their type.
constexpr std::uint64_t kLongestWindow = std::uint64_t{1} << 32U;

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Number of positions of a probe for which there are predictions.
std::size_t prediction_rows(const std::string& rows, const ViewProbe& probe) {
  if (rows == "all") return 1;
  return rows == "src" ? probe.src.size() : probe.tgt_in.size();
}

/// Appends the first `rows` x `width` numbers of a probe.
template <class T>
void append_rows(std::vector<T>& values, std::span<const T> all, std::size_t probe, std::size_t rows,
                 std::size_t extent, std::size_t width) {
  const std::span<const T> own = all.subspan(probe * extent * width, rows * width);
  values.insert(values.end(), own.begin(), own.end());
}

}  // namespace

void SnapshotFile::refuse(const std::string& what, const std::string& values) const {
  raise<FileError>(file_.file().path().string(), what, values,
                   "restore the file as `headlight train` wrote it, or remove it to see the run without it");
}

std::string SnapshotFile::metadata(const std::string& key) const {
  const auto found = file_.metadata().find(key);
  return found == file_.metadata().end() ? std::string{} : found->second;
}

SnapshotFile::SnapshotFile(const std::filesystem::path& path) : file_(path) {
  for (const char* const kind : kBlockKinds) {
    for (std::size_t k = 0;; ++k) {
      const std::string name = fmt::format("{}.layer{}", kind, k);
      const StoredTensor* const tensor = file_.find(name);
      if (tensor == nullptr) break;
      if (tensor->shape.size() != 4) refuse("attention must have the axes probe, head, query, key", name);
      const std::string mask = metadata(name + ".mask");
      if (mask != "causal" && mask != "full") refuse("the mask of a layer must be causal or full", name);
      const std::string window = metadata(name + ".window");
      const std::optional<std::uint64_t> length = window.empty() ? 0 : number_in(window);
      if (!length) refuse("the window of a layer must be a number", fmt::format("{}: {}", name, window));
      const std::string layer_path = metadata(name + ".path");
      layers_.push_back({.kind = kind,
                         .path = layer_path.empty() ? name : layer_path,
                         .heads = tensor->shape[1],
                         .causal = mask == "causal",
                         .window = std::min(*length, kLongestWindow)});
      names_.push_back(name);
    }
  }
}

std::vector<float> SnapshotFile::values(const StoredTensor& tensor, std::size_t probes, std::size_t heads) const {
  if (tensor.shape.size() != 4 || tensor.shape[0] != probes || tensor.shape[1] != heads) {
    refuse(fmt::format("`{}` does not fit the {} probes of the run", tensor.name, probes), to_string(tensor.shape));
  }
  const Array array = read_array(file_.file(), tensor);
  const std::span<const Real> all = flat(array);
  return {all.begin(), all.end()};
}

void SnapshotFile::add_to(ViewRun& run, std::uint64_t step, const std::vector<BlockPlace>& places,
                          const std::vector<std::uint64_t>& kept) const {
  // Before any memory is taken for what probes.json says: the file must hold it.
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const StoredTensor& tensor = file_.tensor(names_[i]);
    for (const ViewShape& shape : run.blocks[places.at(i).block].shapes) {
      if (shape.queries <= tensor.shape[2] && shape.keys <= tensor.shape[3]) continue;
      refuse(fmt::format("its arrays do not fit the probes: one has {} x {} positions", shape.queries, shape.keys),
             fmt::format("{} {}", tensor.name, to_string(tensor.shape)));
    }
  }
  SnapshotWriter writer(run, step, places);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const StoredTensor& tensor = file_.tensor(names_[i]);
    const std::vector<float> weights = values(tensor, run.probes.size(), layers_[i].heads);
    const StoredTensor* const stored = file_.find(names_[i] + ".scores");
    std::vector<float> scores;
    if (stored != nullptr) {
      if (stored->shape != tensor.shape) refuse("scores and weights differ in shape", to_string(stored->shape));
      scores = values(*stored, run.probes.size(), layers_[i].heads);
    }
    writer.add(i, {.queries = tensor.shape[2], .keys = tensor.shape[3], .weights = weights, .scores = scores});
  }
  writer.finish(kept);
  add_predictions(run);
}

void SnapshotFile::add_predictions(ViewRun& run) const {
  const StoredTensor* const stored = file_.find("predictions.ids");
  const bool first = run.steps.size() == 1;
  if (!first && (stored != nullptr) != run.predictions.has_value()) {
    refuse("it has predictions and an earlier one has none, or the other way round", "");
  }
  if (stored == nullptr) return;
  const std::string rows = metadata("rows");
  if (rows != "src" && rows != "tgt_in" && rows != "all") refuse("`rows` must be src, tgt_in or all", rows);
  const StoredTensor& prob = file_.tensor("predictions.prob");
  const StoredTensor& target = file_.tensor("predictions.target_prob");
  const StoredShape& shape = stored->shape;
  const bool fits = shape.size() == 3 && shape[0] == run.probes.size() && prob.shape == shape &&
                    target.shape == StoredShape{shape[0], shape[1]};
  if (!fits) refuse("predictions do not fit the probes of the run", to_string(shape));
  if (first) {
    run.predictions = ViewPredictions{.rows = rows,
                                      .top = shape[2],
                                      .positions = run.words.positions,
                                      .probes = std::vector<ViewPredictions::Probe>(run.probes.size())};
  }
  if (run.predictions->rows != rows || run.predictions->top != shape[2]) {
    refuse("its predictions are of other rows than those of earlier files", rows);
  }
  const Tokens ids = read_tokens(file_.file(), *stored);
  const Array probabilities = read_array(file_.file(), prob);
  const Array of_targets = read_array(file_.file(), target);
  for (std::size_t probe = 0; probe < run.probes.size(); ++probe) {
    const std::size_t own = prediction_rows(rows, run.probes[probe]);
    if (own > shape[1]) refuse("predictions do not fit the probes of the run", to_string(shape));
    ViewPredictions::Probe& out = run.predictions->probes[probe];
    append_rows<std::int32_t>(out.ids, flat(ids), probe, own, shape[1], shape[2]);
    append_rows<float>(out.prob, flat(probabilities), probe, own, shape[1], shape[2]);
    append_rows<float>(out.target_prob, flat(of_targets), probe, own, shape[1], 1);
  }
}

}  // namespace headlight
