#include "apps/headlight/run_data.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/tasks/data_task.h"
#include "apps/tasks/registry.h"
#include "apps/training/json_file.h"
#include "core/error.h"

namespace headlight {
namespace {

constexpr const char* kVocabulary = "vocabulary.json";
constexpr const char* kData = "data.json";

/// What has changed in the files since data.json was written. Of a file that was moved only the content counts.
std::vector<std::string> changes(const nlohmann::json& recorded, const std::vector<DataFile>& files) {
  std::vector<std::string> warnings;
  const nlohmann::json& before = recorded.at("files");
  for (std::size_t i = 0; i < files.size(); ++i) {
    const DataFile& file = files[i];
    if (i < before.size() && before[i].at("xxh64") == file.digest) continue;
    warnings.push_back(fmt::format(
        "warning: {} has changed since the run was begun ({} bytes now, {} then): results are those of the new content",
        file.path.string(), file.bytes, i < before.size() ? before[i].at("bytes").get<std::uint64_t>() : 0));
  }
  return warnings;
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

RunData open_run_data(const std::filesystem::path& run, config::Config& config, const std::filesystem::path& evaluate) {
  if (!config::reads_files(config)) {
    if (!evaluate.empty()) {
      raise<ConfigError>("--data", "the task of this run makes its examples itself", find_task(config.task.type).name,
                         "leave --data out");
    }
    return {.task = make_task(config)};
  }
  const std::filesystem::path file = run / kVocabulary;
  const Vocabularies known = Vocabularies::from_json(read_json_file(file), file.string());
  std::unique_ptr<DataTask> task = make_data_task(config, {.known = &known, .evaluate = evaluate});
  const config::DataSizes sizes = task->sizes();
  if (sizes.positions > config.model.max_len) {
    raise<ConfigError>(task->facts().files.back().path.string(),
                       fmt::format("its longest example needs {} positions", sizes.positions),
                       fmt::format("`model.max_len` of the run is {}", config.model.max_len), "shorten the example");
  }
  set_sizes(config, sizes);
  RunData data;
  if (evaluate.empty()) {
    try {
      data.warnings = changes(read_json_file(run / kData), task->facts().files);
    } catch (const nlohmann::json::exception&) {
      raise<FileError>((run / kData).string(), "it does not list the files of the run");
    }
  }
  data.task = std::move(task);
  return data;
}

}  // namespace headlight
