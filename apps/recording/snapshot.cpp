#include "apps/recording/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <span>

#include "apps/inspect/capture.h"
#include "apps/tasks/batches.h"
#include "apps/training/attention_layers.h"
#include "apps/training/objective.h"
#include "autograd/scopes.h"
#include "layers/hooks.h"

namespace headlight {
namespace {

constexpr std::size_t kMostTop = 5;
constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

/// What one probe gives.
struct Run {
  std::vector<AttentionWeights> weights;
  std::vector<AttentionWeights> scores;
  Array answers;  ///< (1, rows, classes)
};

Run run_probe(Model& model, const Task& task, const Probe& probe, bool scores) {
  const NoGrad no_grad;
  AttentionCapture weights;
  AttentionCapture logits;
  Context context{.recorder = &weights};
  Hooks hooks(model);
  if (scores && !hooks.paths(HookPoint::logits).empty()) {
    hooks.read("*", HookPoint::logits,
               [&logits](const std::string& path, const Tensor& value) { logits.record(path, value, 0); });
    context.hooks = &hooks;
  }
  Tensor answers = run_model(model, example_batch(task, probe.example), context);
  return {.weights = weights.layers(), .scores = logits.layers(), .answers = answers.value()};
}

const AttentionWeights* at_path(const std::vector<AttentionWeights>& layers, const std::string& path) {
  const auto found =
      std::find_if(layers.begin(), layers.end(), [&](const AttentionWeights& layer) { return layer.path == path; });
  return found == layers.end() ? nullptr : &*found;
}

/// The layers of the first probe's run, named; of the blocks that are kept.
std::vector<LayerSnapshot> named_layers(const Model& model, const std::vector<AttentionWeights>& ran,
                                        const std::vector<config::AttentionBlock>& kept) {
  std::vector<LayerSnapshot> layers;
  std::map<std::string, std::size_t> counts;
  for (const AttentionWeights& weights : ran) {
    LayerSnapshot layer{.block = block_of(model, weights.path), .path = weights.path};
    layer.layer = counts[layer.block]++;
    layer.mask = mask_of_layer(model, weights.path);
    const bool wanted = std::any_of(kept.begin(), kept.end(),
                                    [&](config::AttentionBlock block) { return layer.block == name_of(block); });
    if (wanted) layers.push_back(std::move(layer));
  }
  return layers;
}

std::string rows_of(const Model& model, const Task& task) {
  if (task.shape().predict != Prediction::every) return "all";
  return model.arch() == Architecture::encoder ? "src" : "tgt_in";
}

/// The predictions of one row of logits, written to the places of that row.
void predict_row(std::span<const Real> logits, std::int32_t target, std::span<std::int32_t> ids, std::span<float> prob,
                 float& target_prob) {
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto likelier = [&](std::int32_t a, std::int32_t b) {
    const Real of_a = logits[static_cast<std::size_t>(a)];
    const Real of_b = logits[static_cast<std::size_t>(b)];
    return of_a != of_b ? of_a > of_b : a < b;
  };
  const bool finite = std::all_of(logits.begin(), logits.end(), [](Real logit) { return !std::isnan(logit); });
  if (!finite) return;
  const auto top = static_cast<std::ptrdiff_t>(ids.size());
  std::partial_sort(order.begin(), order.begin() + top, order.end(), likelier);
  const double best = static_cast<double>(logits[static_cast<std::size_t>(order.front())]);
  double sum = 0;
  for (const Real logit : logits) sum += std::exp(static_cast<double>(logit) - best);
  const auto probability = [&](std::int32_t id) {
    return static_cast<float>(std::exp(static_cast<double>(logits[static_cast<std::size_t>(id)]) - best) / sum);
  };
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i] = order[i];
    prob[i] = probability(order[i]);
  }
  if (target >= 0 && static_cast<std::size_t>(target) < logits.size()) target_prob = probability(target);
}

ProbePredictions predictions_of(const Model& model, const Task& task, const std::vector<Probe>& probes,
                                const std::vector<Run>& runs) {
  ProbePredictions made{.top = kMostTop,
                        .positions = task.shape().predict == Prediction::pointer,
                        .rows = rows_of(model, task)};
  for (const Run& run : runs) {
    made.top = std::min(made.top, run.answers.shape()[2]);
    made.most_rows = std::max(made.most_rows, run.answers.shape()[1]);
  }
  made.ids.assign(probes.size() * made.most_rows * made.top, -1);
  made.prob.assign(made.ids.size(), kNone);
  made.target_prob.assign(probes.size() * made.most_rows, kNone);
  for (std::size_t p = 0; p < probes.size(); ++p) {
    const std::size_t rows = runs[p].answers.shape()[1];
    const std::size_t classes = runs[p].answers.shape()[2];
    const std::span<const Real> logits = flat(runs[p].answers);
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t place = p * made.most_rows + row;
      const std::vector<std::int32_t>& target = probes[p].example.target;
      predict_row(logits.subspan(row * classes, classes), row < target.size() ? target[row] : kIgnoredTarget,
                  std::span(made.ids).subspan(place * made.top, made.top),
                  std::span(made.prob).subspan(place * made.top, made.top), made.target_prob[place]);
    }
  }
  return made;
}

}  // namespace

Snapshot take_snapshot(Model& model, const Task& task, const std::vector<Probe>& probes,
                       const config::ProbesConfig& config) {
  Snapshot snapshot;
  if (probes.empty()) return snapshot;
  std::vector<Run> runs;
  runs.reserve(probes.size());
  for (const Probe& probe : probes) runs.push_back(run_probe(model, task, probe, config.scores));
  snapshot.layers = named_layers(model, runs.front().weights, config.record);
  for (LayerSnapshot& layer : snapshot.layers) {
    for (const Run& run : runs) {
      if (const AttentionWeights* const weights = at_path(run.weights, layer.path)) layer.weights.push_back(*weights);
      if (const AttentionWeights* const scores = at_path(run.scores, layer.path)) layer.scores.push_back(*scores);
    }
  }
  if (task.shape().values == 0) snapshot.predictions = predictions_of(model, task, probes, runs);
  return snapshot;
}

}  // namespace headlight
