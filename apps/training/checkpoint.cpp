#include "apps/training/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/training/checkpoint_files.h"
#include "apps/training/json_file.h"
#include "apps/training/weight_metadata.h"
#include "apps/training/weights.h"
#include "core/error.h"
#include "core/io/array_io.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void refuse_non_finite(const std::string& what, const Array& array, std::uint64_t step) {
  const std::span<const Real> values = flat(array);
  if (std::all_of(values.begin(), values.end(), [](Real value) { return std::isfinite(value); })) return;
  raise<NumericError>("checkpoint", what + " holds NaN or infinity", fmt::format("after step {}", step),
                      "lower optimizer.lr; earlier checkpoints are untouched");
}

void refuse_non_finite_weights(const Module& model, std::uint64_t step) {
  for (const NamedBuffer& saved : saved_tensors(model)) {
    refuse_non_finite(fmt::format("`{}`", saved.name), saved.tensor.value(), step);
  }
}

Metadata weight_metadata(const config::Config& config, std::uint64_t step) {
  nlohmann::ordered_json model = config::to_json(config).at("model");
  model.erase("load");
  Metadata metadata = checkpoint_metadata(step);
  metadata.emplace("headlight.model", model.dump());
  return metadata;
}

void save_optimizer(const std::filesystem::path& path, const OptimizerState& state, std::uint64_t step) {
  std::vector<TensorView> views;
  for (const auto& [name, array] : state.arrays) views.push_back(tensor_view(name, array));
  write_safetensors(path, std::move(views), {.metadata = checkpoint_metadata(step)});
}

std::uint64_t count_in(const nlohmann::json& state, const std::string& key, const std::filesystem::path& path) {
  const auto found = state.find(key);
  if (found == state.end() || !found->is_number_unsigned()) {
    raise<FileError>(path.string(), fmt::format("`{}` must be a whole number", key));
  }
  return found->get<std::uint64_t>();
}

std::optional<BestScore> best_in(const nlohmann::json& state, const std::filesystem::path& path) {
  const auto found = state.find("best");
  if (found == state.end()) return std::nullopt;
  const bool whole = found->is_object() && found->contains("value") && found->at("value").is_number();
  if (!whole) raise<FileError>(path.string(), "`best` must hold a metric, a step and a value");
  return BestScore{.metric = text_member(*found, "metric", path),
                   .step = count_in(*found, "step", path),
                   .value = found->at("value").get<double>()};
}

/// `path` is the file of the arrays, `json` holds the rest.
OptimizerState read_optimizer(const std::filesystem::path& path, const nlohmann::json& json, std::uint64_t step) {
  const std::filesystem::path beside = path.parent_path() / kStateFile;
  const auto updates = json.find("optimizer_updates");
  if (updates == json.end() || !updates->is_object()) {
    raise<FileError>(beside.string(), "`optimizer_updates` must be an object with the count of each parameter");
  }
  OptimizerState state;
  const SafetensorsFile file(path, {.require_digest = true});
  check_metadata(file, step);
  for (const StoredTensor& tensor : file.tensors()) {
    state.arrays.emplace_back(tensor.name, read_array(file.file(), tensor));
  }
  for (const auto& [name, count] : updates->items()) state.updates.emplace_back(name, count_in(*updates, name, beside));
  const auto figures = json.find("optimizer_figures");
  if (figures == json.end() || !figures->is_object()) {
    raise<FileError>(beside.string(), "`optimizer_figures` must be an object with the figures of the optimiser");
  }
  for (const auto& [name, figure] : figures->items()) {
    if (!figure.is_number()) raise<FileError>(beside.string(), "the figure `" + name + "` is no number");
    state.figures.emplace_back(name, figure.get<double>());
  }
  return state;
}

}  // namespace

void save_checkpoint(const std::filesystem::path& run, const TrainingState& state, const config::Config& config,
                     const Module& model, Optimizer& optimizer) {
  refuse_non_finite_weights(model, state.step);
  const Optimizer::EvaluationWeights averaged(optimizer);
  refuse_non_finite_weights(model, state.step);
  const OptimizerState moments = optimizer.state();
  for (const auto& [name, array] : moments.arrays) {
    refuse_non_finite(fmt::format("`{}` of the optimiser's state", name), array, state.step);
  }
  const std::filesystem::path directory = checkpoint_directory(run, state.step);
  begin_checkpoint(directory);
  save_weights(directory / kModelFile, model, weight_metadata(config, state.step));
  nlohmann::ordered_json updates = nlohmann::ordered_json::object();
  for (const auto& [name, count] : moments.updates) updates[name] = count;
  nlohmann::ordered_json figures = nlohmann::ordered_json::object();
  for (const auto& [name, figure] : moments.figures) figures[name] = figure;
  save_optimizer(directory / kOptimizerFile, moments, state.step);
  nlohmann::ordered_json json{{"format", kFileFormat},
                              {"step", state.step},
                              {"skipped", state.skipped},
                              {"reached", state.reached},
                              {"reached_goal", state.reached_goal},
                              {"ended", state.ended}};
  if (state.best) {
    json["best"] = {{"metric", state.best->metric}, {"step", state.best->step}, {"value", state.best->value}};
  }
  json["optimizer_updates"] = updates;
  json["optimizer_figures"] = figures;
  write_json(directory / kStateFile, json);
  finish_checkpoint(directory, state.best && state.best->step == state.step);
  remove_old_checkpoints(run, config.trainer.checkpoint.keep);
}

TrainingState load_checkpoint(const std::filesystem::path& directory, const Module& model, Optimizer* optimizer) {
  verify_checkpoint(directory);
  const std::filesystem::path path = directory / kStateFile;
  const nlohmann::json json = read_json_file(path);
  TrainingState state{.step = count_in(json, "step", path),
                      .skipped = count_in(json, "skipped", path),
                      .best = best_in(json, path),
                      .reached = count_in(json, "reached", path),
                      .reached_goal = text_member(json, "reached_goal", path),
                      .ended = flag_member(json, "ended", path)};
  if (directory.filename() != checkpoint_directory({}, state.step).filename()) {
    raise<FileError>(
        path.string(), "`step` is not that of the directory's name", fmt::format("step {}", state.step),
        "the directory was renamed or its files come from another checkpoint; choose another --checkpoint");
  }
  // All is read and checked before anything changes; load_state, too, changes all or nothing.
  const std::vector<Array> weights =
      read_weights(directory / kModelFile, model,
                   {.format = WeightFormat::headlight, .require_digest = true, .step = state.step});
  std::optional<Optimizer::EvaluationWeights> averaged;
  if (optimizer != nullptr) {
    averaged.emplace(*optimizer);
    optimizer->load_state(read_optimizer(directory / kOptimizerFile, json, state.step));
  }
  const std::vector<NamedBuffer> tensors = saved_tensors(model);
  for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].tensor.assign(weights[i]);
  return state;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
