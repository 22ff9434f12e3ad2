#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/config/difference.h"
#include "apps/headlight/command.h"
#include "apps/headlight/opened_run.h"
#include "apps/headlight/run_facts.h"
#include "core/error.h"

namespace headlight {
namespace {

using Json = nlohmann::ordered_json;

/// Rows of cells, each column as wide as its widest cell; the first one to the left.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i == 0 ? fmt::format("{:<{}}", row[i], widths[i]) : fmt::format("  {:>{}}", row[i], widths[i]);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string percent(const std::optional<double>& value) { return value ? fmt::format("{:.4f} %", 100 * *value) : "-"; }

std::vector<std::vector<std::string>> metric_rows(const std::vector<RunFacts>& runs) {
  std::vector<std::vector<std::string>> rows = {{""},        {"status"},  {"step"},       {"loss"},
                                                {"tok_acc"}, {"seq_acc"}, {"least loss"}, {"at step"}};
  for (const RunFacts& run : runs) {
    const MetricsRow newest = run.newest.value_or(MetricsRow{});
    rows[0].push_back(run_name(run.config, run.directory));
    rows[1].push_back(run.status);
    rows[2].push_back(run.step ? std::to_string(*run.step) : "-");
    rows[3].push_back(run.newest ? fmt::format("{:.6f}", newest.loss) : "-");
    rows[4].push_back(percent(newest.tok_acc));
    rows[5].push_back(percent(newest.seq_acc));
    rows[6].push_back(run.best ? fmt::format("{:.6f}", run.best->loss) : "-");
    rows[7].push_back(run.best ? std::to_string(run.best->step) : "-");
  }
  return rows;
}

/// A row for each key in which any of the runs differs from the first.
std::vector<std::vector<std::string>> config_rows(const std::vector<RunFacts>& runs) {
  std::vector<Json> configs;
  configs.reserve(runs.size());
  for (const RunFacts& run : runs) configs.push_back(config::to_json(run.config));
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::string>> values;
  for (std::size_t i = 1; i < runs.size(); ++i) {
    for (const config::Difference& difference : config::differences(configs[0], configs[i])) {
      auto& row = values[difference.path];
      if (row.empty()) {
        order.push_back(difference.path);
        row.assign(runs.size(), difference.first);
      }
      row[i] = difference.second;
    }
  }
  std::vector<std::vector<std::string>> rows;
  for (const std::string& path : order) {
    std::vector<std::string> row{path};
    for (const std::string& value : values[path]) row.push_back(value.empty() ? "-" : value);
    rows.push_back(std::move(row));
  }
  return rows;
}

int compare_runs(const std::vector<std::string>& paths) {
  if (paths.size() < 2) raise<ConfigError>("headlight compare", "one run alone has nothing to be compared with");
  std::vector<RunFacts> runs;
  runs.reserve(paths.size());
  for (const std::string& path : paths) runs.push_back(read_run_facts(path));
  std::string text = aligned(metric_rows(runs));
  const std::vector<std::vector<std::string>> differing = config_rows(runs);
  text += differing.empty() ? "\nthe configs are equal\n" : "\n" + aligned(differing);
  print_result(text);
  return kOk;
}

}  // namespace

Command add_compare(CLI::App& program, const GlobalOptions& global) {
  static_cast<void>(global);
  CLI::App* const app =
      program.add_subcommand("compare", "figures of runs side by side, and where their configs differ");
  const auto paths = std::make_shared<std::vector<std::string>>();
  app->add_option("RUN", *paths, "directories of runs")->required();
  return {app, [paths] { return compare_runs(*paths); }};
}

}  // namespace headlight
