#include "apps/headlight/run_record.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "apps/headlight/build_facts.h"
#include "apps/training/json_file.h"
#include "apps/training/run_directory.h"
#include "apps/training/run_state.h"
#include "core/io/directory.h"
#include "core/io/file.h"
#include "core/parallel.h"
#include "core/processors.h"

namespace headlight {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kLargestConfig = std::uint64_t{1} << 20U;

/// The file of a run that begins now or, with the record so far, that goes on.
Json running(const nlohmann::json* before) {
  Json json{{"format", kFileFormat},
            {"status", "running"},
            {"started", unix_time()},
            {"environment", RunRecord::environment()}};
  if (before == nullptr) return json;
  Json sessions = before->value("resumed", Json::array());
  if (!sessions.is_array()) sessions = Json::array();
  sessions.push_back({{"started", json["started"]}, {"environment", json["environment"]}});
  for (const char* key : {"started", "environment"}) {
    if (before->contains(key)) json[key] = before->at(key);
  }
  json["resumed"] = sessions;
  return json;
}

}  // namespace

std::vector<ConfigSource> read_sources(const std::vector<std::filesystem::path>& files) {
  std::vector<ConfigSource> sources;
  sources.reserve(files.size());
  for (const std::filesystem::path& file : files) {
    sources.push_back({file.filename().string(), read_file(file, kLargestConfig)});
  }
  return sources;
}

void write_config_files(const std::filesystem::path& run, const config::Config& config,
                        const std::vector<ConfigSource>& sources, const std::vector<std::string>& overrides) {
  write_json(run / "config.json", config::to_json(config));
  if (sources.size() == 1) {
    write_file_atomically(run / "config.source.json", sources.front().text);
  } else {
    Json all{{"format", kFileFormat}};
    for (const ConfigSource& source : sources) all["sources"].push_back({{"name", source.name}, {"text", source.text}});
    write_json(run / "config.source.json", all);
  }
  write_json(run / "overrides.json", {{"format", kFileFormat}, {"overrides", overrides}});
}

Json RunRecord::environment() {
  return {{"headlight", HEADLIGHT_VERSION},   {"build", HEADLIGHT_BUILD_TYPE}, {"compiler", compiler_description()},
          {"kernels", kernels_description()}, {"device", processor_name()},    {"threads", thread_count()}};
}

RunRecord::RunRecord(const std::filesystem::path& run, bool resumed)
    : path_(run / kRunRecordFile), started_(std::chrono::steady_clock::now()) {
  Json json;
  if (resumed && path_exists(path_)) {
    const nlohmann::json before = read_json_file(path_);
    // Before the rows of a session that was killed are cut: the last of them says when it was.
    earlier_seconds_ = wall_seconds(run, before, false).value_or(0);
    json = running(&before);
    json["earlier_seconds"] = earlier_seconds_;
  } else {
    json = running(nullptr);
  }
  begin_ = json.dump();
  constexpr std::chrono::milliseconds kLongest(40);
  add_work_tree(kLongest);
  write_json(path_, Json::parse(begin_));
}

void RunRecord::add_work_tree(std::chrono::milliseconds wait) {
  if (has_work_tree_) return;
  const std::optional<WorkTree> tree = work_tree_.answer(wait);
  if (!tree) return;
  has_work_tree_ = true;
  Json json = Json::parse(begin_);
  Json& session = json.contains("resumed") ? json["resumed"].back() : json;
  session["environment"]["git"] = {{"commit", tree->commit}, {"dirty", tree->dirty}};
  begin_ = json.dump();
}

void RunRecord::finish(const std::string& status, int exit_code, const std::string& reason,
                       std::optional<std::uint64_t> step) {
  // Where git was too slow for the start, which must not wait for it.
  constexpr std::chrono::milliseconds kLongest(1000);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started_;
  add_work_tree(kLongest);
  Json json = Json::parse(begin_);
  json["status"] = status;
  json["ended"] = unix_time();
  json["wall_seconds"] = earlier_seconds_ + std::round(1000 * seconds.count()) / 1000;
  if (step) json["step"] = *step;
  json["exit"] = {{"code", exit_code}, {"reason", reason}};
  write_json(path_, json);
}

}  // namespace headlight
