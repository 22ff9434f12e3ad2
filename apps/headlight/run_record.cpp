#include "apps/headlight/run_record.h"

#include <nlohmann/json.hpp>

#include "apps/headlight/build_facts.h"
#include "apps/headlight/training_session.h"
#include "apps/training/json_file.h"
#include "apps/training/run_directory.h"
#include "core/io/file.h"
#include "core/parallel.h"

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
  return {{"headlight", HEADLIGHT_VERSION},
          {"build", HEADLIGHT_BUILD_TYPE},
          {"compiler", compiler_description()},
          {"kernels", kernels_description()},
          {"threads", thread_count()}};
}

RunRecord::RunRecord(const std::filesystem::path& run, bool resumed) : path_(run / kRunRecordFile) {
  Json json;
  if (resumed && path_exists(path_)) {
    const nlohmann::json before = read_json_file(path_);
    json = running(&before);
  } else {
    json = running(nullptr);
  }
  begin_ = json.dump();
  write_json(path_, json);
}

void RunRecord::finish(const std::string& status, int exit_code, const std::string& reason,
                       std::optional<std::uint64_t> step) {
  Json json = Json::parse(begin_);
  json["status"] = status;
  json["ended"] = unix_time();
  if (step) json["step"] = *step;
  json["exit"] = {{"code", exit_code}, {"reason", reason}};
  write_json(path_, json);
}

std::string recorded_status(const std::filesystem::path& run) {
  const std::filesystem::path path = run / kRunRecordFile;
  return path_exists(path) ? text_member(read_json_file(path), "status", path) : std::string{};
}

}  // namespace headlight
