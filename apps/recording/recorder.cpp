#include "apps/recording/recorder.h"

#include <algorithm>
#include <system_error>

#include <nlohmann/json.hpp>

#include "apps/heads/head_statistics.h"
#include "apps/recording/schedule.h"
#include "apps/training/attention_layers.h"
#include "apps/training/json_lines.h"
#include "core/error.h"
#include "core/io/directory.h"
#include "core/io/file.h"
#include "layers/multi_head_attention.h"

namespace headlight {
namespace {

constexpr const char* kStatistics = "head_stats.jsonl";

}  // namespace

RecordingSize recording_size(const config::Config& config, const Model& model, const std::vector<Probe>& probes) {
  RecordingSize size;
  if (probes.empty()) return size;
  size.snapshots = snapshot_steps(config.snapshots, config::total_steps(config)).size();
  std::size_t source = 0;
  std::size_t target = 0;
  for (const Probe& probe : probes) {
    // Vectors have no ids; their task has a target at each position.
    source =
        std::max({source, probe.example.input.size(), probe.example.input.empty() ? probe.example.target.size() : 0});
    target = std::max(target, probe.example.begun.size());
  }
  if (model.arch() != Architecture::encoder_decoder) target = source;
  const std::uint64_t width = config.snapshots.dtype == config::SnapshotType::kFloat16 ? 2 : 4;
  for (const MultiHeadAttention* const layer : attention_layers(model)) {
    const std::string block = block_of(model, layer->path());
    const bool kept = std::any_of(config.probes.record.begin(), config.probes.record.end(),
                                  [&block](config::AttentionBlock wanted) { return block == name_of(wanted); });
    if (!kept) continue;
    const std::uint64_t queries = block == name_of(config::AttentionBlock::kEncoderSelf) ? source : target;
    const std::uint64_t keys = block == name_of(config::AttentionBlock::kDecoderSelf) ? target : source;
    size.bytes += probes.size() * layer->heads() * queries * keys * (config.probes.scores ? width + 4 : width);
  }
  return size;
}

Recorder::Recorder(const Parts& parts)
    : parts_(parts), steps_(snapshot_steps(parts.config.snapshots, config::total_steps(parts.config))) {
  // Without a probe there is nothing to take a snapshot of.
  if (parts.probes.empty()) steps_.clear();
  if (steps_.empty()) return;
  write_probes(parts.run, parts.probes, parts.task);
  make_directories(snapshot_file(parts.run, 0).parent_path());
}

void Recorder::rewind(std::uint64_t step) {
  for (const std::uint64_t taken : snapshots_of(parts_.run)) {
    if (taken < step) continue;
    const std::filesystem::path file = snapshot_file(parts_.run, taken);
    std::error_code error;
    std::filesystem::remove(file, error);
    if (error) raise<FileError>(file.string(), "cannot be removed", error.message());
  }
  const std::filesystem::path folder = snapshot_file(parts_.run, 0).parent_path();
  if (path_exists(folder)) remove_stale_temporaries(folder);
  rewind_json_lines(parts_.run / kStatistics, [step](const nlohmann::json& row) {
    return row.is_object() && row.contains("step") && row["step"].is_number_unsigned() && row["step"] < step;
  });
}

std::optional<Snapshot> Recorder::reached(std::uint64_t step, bool end) {
  const bool snapshot = !steps_.empty() && (end || std::binary_search(steps_.begin(), steps_.end(), step));
  const bool heads = parts_.config.heads.examples > 0 && (end || step % parts_.config.heads.every == 0);
  if (!snapshot && !heads) return std::nullopt;
  const Optimizer::EvaluationWeights averaged(parts_.optimizer);
  if (heads) measure(step);
  if (!snapshot) return std::nullopt;
  return take(step);
}

Snapshot Recorder::take(std::uint64_t step) {
  Snapshot snapshot = take_snapshot(parts_.model, parts_.task, parts_.probes, parts_.config.probes);
  write_snapshot(snapshot_file(parts_.run, step), snapshot, step, parts_.config.snapshots.dtype);
  return snapshot;
}

void Recorder::measure(std::uint64_t step) {
  const config::HeadsConfig& heads = parts_.config.heads;
  const HeadStatistics statistics = measure_heads(parts_.model, parts_.task,
                                                  {.examples = heads.examples,
                                                   .ablations = ablations_of(heads.ablation),
                                                   .loss = parts_.config.loss.type});
  if (statistics.heads.empty()) return;
  AppendFile file(parts_.run / kStatistics);
  for (const nlohmann::ordered_json& row : to_json(statistics, step)) file.append_line(row.dump());
}

}  // namespace headlight
