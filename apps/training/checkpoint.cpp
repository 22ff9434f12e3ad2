#include "apps/training/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/training/checkpoint_files.h"
#include "apps/training/json_file.h"
#include "apps/training/weights.h"
#include "core/error.h"
#include "core/io/array_io.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void refuse_non_finite_weights(const Module& model, std::uint64_t step) {
  for (const NamedBuffer& saved : saved_tensors(model)) {
    const std::span<const Real> values = flat(saved.tensor.value());
    const auto finite = [](Real value) { return std::isfinite(value); };
    if (std::all_of(values.begin(), values.end(), finite)) continue;
    raise<NumericError>("checkpoint", "`" + saved.name + "` holds NaN or infinity", fmt::format("after step {}", step),
                        "lower optimizer.lr; earlier checkpoints are untouched");
  }
}

Metadata weight_metadata(const config::Config& config, std::uint64_t step) {
  nlohmann::ordered_json model = config::to_json(config).at("model");
  model.erase("load");
  return {{"headlight.format", "1"}, {"headlight.model", model.dump()}, {"headlight.step", std::to_string(step)}};
}

void save_optimizer(const std::filesystem::path& path, const OptimizerState& state, std::uint64_t step) {
  std::vector<TensorView> views;
  for (const auto& [name, array] : state.arrays) views.push_back(tensor_view(name, array));
  write_safetensors(path, std::move(views), {.metadata = {{"headlight.step", std::to_string(step)}}});
}

std::uint64_t count_in(const nlohmann::json& state, const char* key, const std::filesystem::path& path) {
  const auto found = state.find(key);
  if (found == state.end() || !found->is_number_unsigned()) {
    raise<FileError>(path.string(), fmt::format("`{}` must be a whole number", key));
  }
  return found->get<std::uint64_t>();
}

/// `path` is the file of the arrays, `json` holds the rest.
OptimizerState read_optimizer(const std::filesystem::path& path, const nlohmann::json& json) {
  const std::filesystem::path beside = path.parent_path() / kStateFile;
  const auto updates = json.find("optimizer_updates");
  if (updates == json.end() || !updates->is_array()) {
    raise<FileError>(beside.string(), "`optimizer_updates` must be a list");
  }
  OptimizerState state;
  for (NamedArray& array : read_arrays(path, {.require_digest = true})) {
    state.arrays.emplace_back(std::move(array.name), std::move(array.value));
  }
  for (const auto& count : *updates) {
    if (!count.is_number_unsigned()) raise<FileError>(beside.string(), "an update count is no whole number");
    state.updates.push_back(count.get<std::uint64_t>());
  }
  // Checkpoints of before had no figures.
  const auto figures = json.find("optimizer_figures");
  if (figures == json.end()) return state;
  if (!figures->is_object()) raise<FileError>(beside.string(), "`optimizer_figures` must be an object");
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
  const std::filesystem::path directory = checkpoint_directory(run, state.step);
  begin_checkpoint(directory);
  save_weights(directory / kModelFile, model, weight_metadata(config, state.step));
  const OptimizerState moments = optimizer.state();
  nlohmann::ordered_json figures = nlohmann::ordered_json::object();
  for (const auto& [name, figure] : moments.figures) figures[name] = figure;
  save_optimizer(directory / kOptimizerFile, moments, state.step);
  write_json(directory / kStateFile, {{"format", kFileFormat},
                                      {"step", state.step},
                                      {"skipped", state.skipped},
                                      {"optimizer_updates", moments.updates},
                                      {"optimizer_figures", figures}});
  finish_checkpoint(directory);
  remove_old_checkpoints(run, config.trainer.checkpoint.keep);
}

TrainingState load_checkpoint(const std::filesystem::path& directory, const Module& model, Optimizer* optimizer) {
  verify_checkpoint(directory);
  const std::filesystem::path path = directory / kStateFile;
  const nlohmann::json json = read_json_file(path);
  const TrainingState state{.step = count_in(json, "step", path), .skipped = count_in(json, "skipped", path)};
  if (directory.filename() != checkpoint_directory({}, state.step).filename()) {
    raise<FileError>(
        path.string(), "`step` is not that of the directory's name", fmt::format("step {}", state.step),
        "the directory was renamed or its files come from another checkpoint; choose another --checkpoint");
  }
  // All is read and checked before anything changes; load_state, too, changes all or nothing.
  const std::vector<Array> weights =
      read_weights(directory / kModelFile, model, {.format = WeightFormat::headlight, .require_digest = true});
  std::optional<Optimizer::EvaluationWeights> averaged;
  if (optimizer != nullptr) {
    averaged.emplace(*optimizer);
    optimizer->load_state(read_optimizer(directory / kOptimizerFile, json));
  }
  const std::vector<NamedBuffer> tensors = saved_tensors(model);
  for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].tensor.assign(weights[i]);
  return state;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
