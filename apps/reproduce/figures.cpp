#include "apps/reproduce/figures.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <limits>
#include <set>

#include <nlohmann/json.hpp>

#include "apps/training/json_file.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/strict_json.h"
#include "core/io/system_error.h"
#include "core/random.h"

namespace headlight::reproduce {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLargestConfig = std::uint64_t{1} << 20U;

/// JSON has no infinity: a figure that was never reached is null.
Json to_json(double figure) { return std::isinf(figure) ? Json(nullptr) : Json(figure); }

double from_json(const Json& figure) {
  return figure.is_null() ? std::numeric_limits<double>::infinity() : figure.get<double>();
}

Figures read_figures(const Json& json) {
  Figures figures{.settings = json.at("settings").get<std::string>(),
                  .machine = json.at("machine").get<std::string>(),
                  .seconds = json.at("seconds").get<std::vector<double>>()};
  for (const auto& [measure, values] : json.at("figures").items()) {
    for (const Json& value : values) figures.values[measure].push_back(from_json(value));
  }
  return figures;
}

nlohmann::ordered_json written(const Figures& figures) {
  nlohmann::ordered_json json{{"settings", figures.settings}, {"machine", figures.machine}};
  for (const double seconds : figures.seconds) json["seconds"].push_back(seconds);
  json["figures"] = nlohmann::ordered_json::object();
  for (const auto& [measure, values] : figures.values) {
    for (const double value : values) json["figures"][measure].emplace_back(to_json(value));
  }
  return json;
}

}  // namespace

std::string settings_of(const Entry& entry) {
  const std::string text = read_file(entry.config, kLargestConfig);
  Json settings{{"config", parse_json(text, {.comments = true}, entry.config.string())},
                {"overrides", entry.overrides},
                {"seeds", entry.seeds},
                {"input", entry.input}};
  if (entry.text) settings[name_of(entry.text->kind)] = {entry.text->seed, entry.text->size};
  return fmt::format("{:016x}", stream_id(settings.dump()));
}

std::vector<std::string> measures_of(const Entry& entry, const std::vector<Entry>& plan) {
  std::set<std::string> measures;
  for (const Check& check : entry.checks) measures.insert(check.measure);
  for (const Entry& other : plan) {
    for (const Check& check : other.checks) {
      if (check.at_least_of == entry.name) measures.insert(check.measure);
    }
  }
  return {measures.begin(), measures.end()};
}

Figures figures_of(const Entry& entry, const std::vector<Entry>& plan, const std::vector<RunResult>& runs,
                   const std::string& machine) {
  Figures figures{.settings = settings_of(entry), .machine = machine};
  for (const RunResult& run : runs) figures.seconds.push_back(std::round(run.seconds));
  for (const std::string& name : measures_of(entry, plan)) {
    for (const RunResult& run : runs) {
      const double value = measure(name, run);
      if (std::isnan(value)) raise<StateError>("reproduction", fmt::format("`{}` of a run is NaN", name), entry.name);
      figures.values[name].push_back(value);
    }
  }
  return figures;
}

bool belongs(const Figures& figures, const Entry& entry, const std::vector<Entry>& plan) {
  const std::vector<std::string> measures = measures_of(entry, plan);
  const std::size_t seeds = entry.seeds.size();
  return figures.settings == settings_of(entry) && figures.seconds.size() == seeds &&
         std::all_of(measures.begin(), measures.end(), [&](const std::string& measure) {
           const auto found = figures.values.find(measure);
           return found != figures.values.end() && found->second.size() == seeds;
         });
}

std::map<std::string, Figures> read_record(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return {};
  const Json json = read_json_file(path);
  std::map<std::string, Figures> record;
  try {
    for (const auto& [name, figures] : json.at("entries").items()) record[name] = read_figures(figures);
  } catch (const Json::exception& error) {
    raise<FileError>(path.string(), "it is no record of figures", error.what(),
                     "remove it; `./run reproduce` writes it anew");
  }
  return record;
}

std::map<std::string, Figures> add_to_record(const std::filesystem::path& path, const std::string& name,
                                             const Figures& figures) {
  const std::filesystem::path directory = std::filesystem::absolute(path).parent_path();
  // The directory is what is locked: it is there already, and nothing stays behind.
  const FileDescriptor lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.get() < 0 || ::flock(lock.get(), LOCK_EX) != 0) raise_system_error(directory, "lock", errno);
  std::map<std::string, Figures> record = read_record(path);
  record.insert_or_assign(name, figures);
  nlohmann::ordered_json json{{"format", kFileFormat}, {"entries", nlohmann::ordered_json::object()}};
  for (const auto& [entry, kept] : record) json["entries"][entry] = written(kept);
  write_json(path, json);
  return record;
}

}  // namespace headlight::reproduce
