#include "apps/headlight/run_data.h"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "apps/tasks/data_task.h"
#include "apps/tasks/registry.h"
#include "apps/training/json_file.h"
#include "core/error.h"
#include "core/io/digest.h"
#include "core/io/directory.h"

namespace headlight {
namespace {

constexpr const char* kVocabulary = "vocabulary.json";
constexpr const char* kData = "data.json";

/// data.json. Throws FileError unless it lists files as write_data_files() does.
nlohmann::json recorded_files(const std::filesystem::path& path) {
  nlohmann::json recorded = read_json_file(path);
  const nlohmann::json files = recorded.value("files", nlohmann::json());
  const bool listed = files.is_array() && std::all_of(files.begin(), files.end(), [](const nlohmann::json& file) {
                        return file.is_object() && file.contains("path") && file["path"].is_string() &&
                               file.contains("bytes") && file["bytes"].is_number_unsigned() && file.contains("xxh64");
                      });
  if (!listed) raise<FileError>(path.string(), "it does not list the files of the run");
  return recorded;
}

std::string change(const DataFile& file, std::uint64_t bytes_before) {
  return fmt::format("{} has changed since the run was begun ({} bytes now, {} then)", file.path.string(), file.bytes,
                     bytes_before);
}

/// What has changed in the files since data.json was written. Of a file that was moved only the content counts.
std::vector<std::string> changes(const nlohmann::json& recorded, const std::vector<DataFile>& files) {
  std::vector<std::string> changed;
  const nlohmann::json& before = recorded.at("files");
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (i < before.size() && before[i].at("xxh64") == files[i].digest) continue;
    changed.push_back(change(files[i], i < before.size() ? before[i].at("bytes").get<std::uint64_t>() : 0));
  }
  return changed;
}

/// The same of the files where data.json says they are: for when they cannot be read as examples any more.
std::vector<std::string> changes_in_place(const nlohmann::json& recorded) {
  std::vector<DataFile> files;
  for (const nlohmann::json& before : recorded.at("files")) {
    const std::filesystem::path path = before.at("path").get<std::string>();
    if (!std::filesystem::is_regular_file(path)) return {};
    files.push_back({.path = path, .bytes = std::filesystem::file_size(path), .digest = file_digest(path)});
  }
  return changes(recorded, files);
}

/// The task of a run. A file that does not fit any more because it has changed is told as changed, with the first fault.
std::unique_ptr<DataTask> reopened_task(const config::Config& config, const DataSource& source,
                                        const std::filesystem::path& record) {
  try {
    return make_data_task(config, source);
  } catch (const ConfigError& error) {
    const std::vector<std::string> changed =
        source.evaluate.empty() ? changes_in_place(recorded_files(record)) : std::vector<std::string>{};
    if (changed.empty()) throw;
    const std::string what = error.what();
    raise<ConfigError>("data of the run", changed.front() + ", and does not fit it any more",
                       what.substr(0, what.find('\n')), "restore the file, or start a new run with `headlight train`");
  }
}

}  // namespace

void write_data_files(const std::filesystem::path& run, const Task& task) {
  const auto* const data = dynamic_cast<const DataTask*>(&task);
  if (data == nullptr) return;
  nlohmann::ordered_json vocabulary{{"format", kFileFormat}};
  vocabulary.update(data->facts().vocabularies.to_json());
  write_json(run / kVocabulary, vocabulary);
  nlohmann::ordered_json record{{"format", kFileFormat}, {"files", nlohmann::ordered_json::array()}};
  for (const DataFile& file : data->facts().files) {
    record["files"].push_back({{"path", file.path.string()}, {"bytes", file.bytes}, {"xxh64", file.digest}});
  }
  write_json(run / kData, record);
}

bool has_data_files(const std::filesystem::path& run, const config::Config& config) {
  return !config::reads_files(config) || path_exists(run / kData);  // data.json is the last
}

Vocabularies saved_vocabularies(const std::filesystem::path& run) {
  const std::filesystem::path file = run / kVocabulary;
  return Vocabularies::from_json(read_json_file(file), file.string());
}

RunData open_run_data(const std::filesystem::path& run, config::Config& config, const std::filesystem::path& evaluate) {
  if (!config::reads_files(config)) {
    if (!evaluate.empty()) {
      raise<ConfigError>("--data", "the task of this run makes its examples itself", find_task(config.task.type).name,
                         "leave --data out");
    }
    return {.task = make_task(config)};
  }
  const Vocabularies known = saved_vocabularies(run);
  std::unique_ptr<DataTask> task = reopened_task(config, {.known = &known, .evaluate = evaluate}, run / kData);
  const config::DataSizes sizes = task->sizes();
  if (sizes.positions > config.model.max_len) {
    raise<ConfigError>(task->facts().files.back().path.string(),
                       fmt::format("its longest example needs {} positions", sizes.positions),
                       fmt::format("`model.max_len` of the run is {}", config.model.max_len), "shorten the example");
  }
  set_sizes(config, sizes);
  RunData data;
  if (evaluate.empty()) data.changed = changes(recorded_files(run / kData), task->facts().files);
  data.task = std::move(task);
  return data;
}

}  // namespace headlight
