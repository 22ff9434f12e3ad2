#include "apps/page/run_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "apps/config/difference.h"
#include "apps/config/read.h"
#include "apps/page/packing.h"
#include "apps/page/probes_file.h"
#include "apps/page/reduce.h"
#include "apps/page/similarity.h"
#include "apps/training/json_file.h"
#include "apps/training/run_directory.h"
#include "apps/training/run_state.h"
#include "apps/training/snapshot_names.h"
#include "core/error.h"
#include "core/io/directory.h"

namespace headlight {
namespace {

using Json = nlohmann::ordered_json;

bool same_layers(const std::vector<SnapshotLayer>& a, const std::vector<SnapshotLayer>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const SnapshotLayer& x, const SnapshotLayer& y) {
    return x.kind == y.kind && x.path == y.path && x.heads == y.heads && x.causal == y.causal && x.window == y.window;
  });
}

std::uint64_t bytes_of_codes(const ViewRun& run) {
  std::uint64_t bytes = 0;
  for (const ViewBlock& block : run.blocks) {
    for (const std::vector<std::uint8_t>& codes : block.codes) bytes += codes.size();
  }
  return bytes;
}

/// A member of run.json, or of an object in it, as JSON text; "" where it is absent or no text or number.
std::string fact(const nlohmann::json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || found == object.end() || !(found->is_string() || found->is_number())) return {};
  return found->dump();
}

/// The commit of the work tree in which the run was begun, as JSON text: "1f3c... with changes"; "" where there is none.
std::string work_tree_of(const nlohmann::json& environment) {
  const auto git = environment.is_object() ? environment.find("git") : environment.end();
  if (!environment.is_object() || git == environment.end() || !git->is_object()) return {};
  const auto commit = git->find("commit");
  if (commit == git->end() || !commit->is_string()) return {};
  const auto dirty = git->find("dirty");
  const bool changed = dirty != git->end() && dirty->is_boolean() && dirty->get<bool>();
  return nlohmann::json(commit->get<std::string>() + (changed ? " with changes" : "")).dump();
}

constexpr const char* kRunning = "running";

}  // namespace

RunReader::RunReader(std::filesystem::path run, RunReaderOptions options)
    : directory_(std::move(run)), options_(std::move(options)), curves_(directory_), heads_(directory_) {
  run_.name = options_.name;
  run_.words = options_.words;
  read_config();
}

void RunReader::read_config() {
  const config::Config config = config::read_config({directory_ / "config.json"}).config;
  const Json resolved = config::to_json(config);
  run_.config = resolved.dump();
  arch_ = resolved.at("model").at("arch").get<std::string>();
  seed_ = std::to_string(config.seed);
  for (const config::Difference& one :
       config::differences(config::to_json(config::defaults_beside(config)), resolved)) {
    run_.changed.push_back({.key = one.path,
                            .value = one.second.empty() ? "null" : one.second,
                            .fallback = one.first.empty() ? "null" : one.first});
  }
  const std::filesystem::path overrides = directory_ / "overrides.json";
  if (!path_exists(overrides)) return;
  const nlohmann::json json = read_json_file(overrides);
  for (const nlohmann::json& one : json.value("overrides", nlohmann::json::array())) {
    if (one.is_string()) run_.overrides.push_back(one.get<std::string>());
  }
}

bool RunReader::update() {
  const bool curves = curves_.update();
  const bool record = update_record(curves) || curves;
  const bool attention = update_attention();
  const bool heads = heads_.update();
  if (curves) run_.scalars = curves_.scalars();
  if (attention || heads) compose_stats();
  if (!record && !attention && !heads) return false;
  compose_notes();
  return true;
}

bool RunReader::update_record(bool curves) {
  const std::filesystem::path path = directory_ / kRunRecordFile;
  const std::optional<FileStamp> stamp = stamp_of(path);
  const bool ran = !run_.env.empty() && run_.env.front().second == nlohmann::json(kRunning).dump();
  // A run that is killed changes no file.
  const bool killed = ran && !RunDirectory::is_in_use(directory_);
  if (stamp == record_stamp_ && !run_.env.empty() && !curves && !killed) return false;
  const nlohmann::json record = stamp ? read_json_file(path) : nlohmann::json::object();
  record_stamp_ = stamp;
  const nlohmann::json environment = record.value("environment", nlohmann::json::object());
  run_.env.clear();
  const auto add = [this](const char* name, const std::string& text) {
    if (!text.empty()) run_.env.emplace_back(name, text);
  };
  const std::string status = run_status(directory_);
  add("status", nlohmann::json(status).dump());
  add("version", fact(environment, "headlight"));
  add("git", work_tree_of(environment));
  add("build", fact(environment, "build"));
  add("compiler", fact(environment, "compiler"));
  add("kernels", fact(environment, "kernels"));
  add("device", fact(environment, "device"));
  add("threads", fact(environment, "threads"));
  add("seed", seed_);
  if (const std::optional<double> seconds = wall_seconds(directory_, record, status == kRunning)) {
    add("wall_seconds", fmt::format("{:.3f}", *seconds));
  }
  add("steps", fact(record, "step"));
  if (curves_.parameters()) add("parameters", std::to_string(*curves_.parameters()));
  return true;
}

void RunReader::restart_attention() {
  run_.steps.clear();
  run_.blocks.clear();
  run_.exact.clear();
  run_.scores.clear();
  run_.invalid.clear();
  run_.predictions.reset();
  snapshots_.clear();
  layers_.clear();
  places_.clear();
}

bool RunReader::update_attention() {
  bool news = false;
  const std::filesystem::path probes = directory_ / "probes.json";
  const std::optional<FileStamp> stamp = stamp_of(probes);
  if (stamp != probes_stamp_) {
    restart_attention();
    unread_.clear();
    run_.probes = stamp ? read_probes(probes, arch_) : std::vector<ViewProbe>{};
    probes_stamp_ = stamp;
    news = true;
  }
  if (!stamp) return news;
  const std::vector<std::uint64_t> found = snapshots_of(directory_);
  // A run that was resumed from an earlier checkpoint has other snapshots behind it.
  const auto unchanged = [&](const std::pair<std::uint64_t, FileStamp>& known) {
    return std::binary_search(found.begin(), found.end(), known.first) &&
           stamp_of(snapshot_file(directory_, known.first)) == known.second;
  };
  std::erase_if(unread_, [&](const auto& known) { return !unchanged({known.first, known.second.stamp}); });
  const auto late = [&](std::uint64_t step) {
    return !snapshots_.empty() && !snapshots_.contains(step) && !unread_.contains(step) &&
           step < snapshots_.rbegin()->first;
  };
  if (!std::all_of(snapshots_.begin(), snapshots_.end(), unchanged) || std::any_of(found.begin(), found.end(), late)) {
    restart_attention();
    news = true;
  }
  for (auto step = found.begin(); step != found.end();) {
    if (snapshots_.contains(*step) || unread_.contains(*step)) {
      ++step;
      continue;
    }
    news = true;
    step = add_snapshot(*step) ? step + 1 : found.begin();
  }
  return news;
}

bool RunReader::add_snapshot(std::uint64_t step) {
  const std::filesystem::path path = snapshot_file(directory_, step);
  const std::optional<FileStamp> stamp = stamp_of(path);
  if (!stamp) return true;  // removed in the meantime
  try {
    const SnapshotFile file(path);
    if (places_.empty()) {
      run_.blocks.clear();  // those of measured heads
      layers_ = file.layers();
      places_ = add_blocks(run_, layers_);
    } else if (!same_layers(layers_, file.layers())) {
      raise<FileError>(path.string(), "it has other layers than earlier snapshots of the run");
    }
    file.add_to(run_, step, places_, options_.exact_steps);
  } catch (const Error& error) {
    restart_attention();  // the run may hold half of the snapshot
    const bool misfit = dynamic_cast<const ShapeError*>(&error) != nullptr;
    unread_[step] = {.stamp = *stamp,
                     .reason = misfit ? fmt::format("{}: its layers do not fit the probes of the run: {}",
                                                    path.string(), error.what())
                                      : error.what()};
    return false;
  }
  snapshots_.emplace(step, *stamp);
  if (bytes_of_codes(run_) > options_.max_codes) thin_snapshots(run_, run_.steps.size() / 2, options_.exact_steps);
  return true;
}

void RunReader::compose_stats() {
  run_.head_stats.reset();
  if (run_.steps.empty()) {
    run_.blocks.clear();
    add_blocks(run_, heads_.layers());
  }
  if (heads_.empty()) return;
  std::vector<ViewHead> heads;
  std::vector<HeadRows::Place> names;
  for (std::size_t b = 0; b < run_.blocks.size(); ++b) {
    const ViewBlock& block = run_.blocks[b];
    for (std::size_t layer = 0; layer < block.layers(); ++layer) {
      for (std::size_t head = 0; head < block.heads; ++head) {
        heads.push_back({.block = b, .layer = layer, .head = head});
        names.emplace_back(block.kind, block.layer_numbers[layer], head);
      }
    }
  }
  if (heads.empty()) return;
  run_.head_stats = heads_.table(heads, names);
  run_.head_stats->similarity = similarity_of(run_, *run_.head_stats);
}

void RunReader::compose_notes() {
  run_.notes = options_.notes;
  for (const auto& [step, unread] : unread_) {
    run_.notes.push_back(fmt::format("The snapshot of step {} is left out: {}", step, unread.reason));
  }
  if (run_.steps.empty() && unread_.empty()) {
    run_.notes.emplace_back(
        "This run has no record of its attention maps. The keys probes.random, probes.inputs, probes.record and "
        "snapshots.schedule of its config say what is kept of it while a run trains.");
  } else if (run_.steps.size() < snapshots_.size()) {
    run_.notes.push_back(fmt::format("{} of the {} snapshots of the run are read, to hold memory within bounds.",
                                     run_.steps.size(), snapshots_.size()));
  }
  std::vector<std::string> missing;
  for (const std::string& kind : heads_.blocks()) {
    const bool shown =
        std::any_of(run_.blocks.begin(), run_.blocks.end(), [&](const ViewBlock& block) { return block.kind == kind; });
    if (!shown) missing.push_back(kind);
  }
  if (!missing.empty()) {
    run_.notes.push_back(fmt::format(
        "Heads of {} were measured, but their maps were not recorded, so they are not shown; see probes.record.",
        fmt::join(missing, ", ")));
  }
}

}  // namespace headlight
