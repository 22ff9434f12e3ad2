#include "apps/training/run_state.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/training/json_file.h"
#include "apps/training/json_lines.h"
#include "apps/training/run_directory.h"
#include "core/io/directory.h"

namespace headlight {
namespace {

std::optional<double> number_in(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

/// When each session of a run began, in their order.
std::vector<double> session_starts(const nlohmann::json& record) {
  std::vector<double> starts;
  const auto add = [&starts](const nlohmann::json& session) {
    if (const std::optional<double> started = number_in(session, "started")) starts.push_back(*started);
  };
  add(record);
  const auto resumed = record.find("resumed");
  if (resumed == record.end() || !resumed->is_array()) return starts;
  for (const nlohmann::json& session : *resumed) add(session);
  return starts;
}

}  // namespace

std::string recorded_status(const std::filesystem::path& run) {
  const std::filesystem::path path = run / kRunRecordFile;
  return path_exists(path) ? text_member(read_json_file(path), "status", path) : std::string{};
}

std::string run_status(const std::filesystem::path& run) {
  const std::string status = recorded_status(run);
  if (status.empty()) return "cut off";
  return status == "running" && !RunDirectory::is_in_use(run) ? "cut off" : status;
}

std::optional<double> wall_seconds(const std::filesystem::path& run, const nlohmann::json& record, bool running) {
  if (const std::optional<double> whole = number_in(record, "wall_seconds")) return whole;
  std::vector<double> starts = session_starts(record);
  if (starts.empty()) return std::nullopt;
  double sum = 0;
  if (const std::optional<double> earlier = number_in(record, "earlier_seconds")) {
    sum = *earlier;
    starts = {starts.back()};
  }
  // Of each session the time of its last row, or of its start. Sessions of records without sums are told apart by their
  // starts.
  std::vector<double> ends = starts;
  const std::optional<double> ended = running ? std::optional(unix_time()) : number_in(record, "ended");
  if (!ended || starts.size() > 1) {
    read_json_lines(run / "metrics.jsonl", [&](const nlohmann::json& row) {
      const double time = number_in(row, "time").value_or(-std::numeric_limits<double>::infinity());
      const auto next = std::upper_bound(starts.begin(), starts.end(), time);
      if (next == starts.begin()) return;
      double& end = ends[static_cast<std::size_t>(next - starts.begin()) - 1];
      end = std::max(end, time);
    });
  }
  if (ended) ends.back() = std::max(starts.back(), *ended);
  for (std::size_t i = 0; i < starts.size(); ++i) sum += ends[i] - starts[i];
  return sum;
}

double unix_time() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count()) / 1000;
}

}  // namespace headlight
