#include "apps/reproduce/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/training/progress.h"

namespace headlight::reproduce {
namespace {

bool has_all_runs(const Outcome& outcome) {
  return std::all_of(outcome.runs.begin(), outcome.runs.end(), [](const auto& run) { return run.has_value(); });
}

bool has_run(const Outcome& outcome) {
  return has_all_runs(outcome) &&
         std::all_of(outcome.entry.checks.begin(), outcome.entry.checks.end(),
                     [](const Check& check) { return check.at_least_of.empty() || check.at_least.has_value(); });
}

std::vector<double> figures(const Outcome& outcome, const Check& check) {
  std::vector<double> values;
  values.reserve(outcome.runs.size());
  for (const auto& run : outcome.runs) values.push_back(measure(check.measure, *run));
  return values;
}

std::string line_of(const Check& check) {
  std::string text;
  if (check.at_least) text += "≥ " + shown(check, *check.at_least);
  if (!check.at_least_of.empty()) text += fmt::format(" ({})", check.at_least_of);
  if (check.at_least && check.at_most) text += ", ";
  if (check.at_most) text += "≤ " + shown(check, *check.at_most);
  return text;
}

std::string ours_of(const Check& check, const std::vector<double>& values) {
  std::string middle = shown(check, median(values));
  if (values.size() == 1) return middle;
  std::vector<std::string> all;
  all.reserve(values.size());
  for (const double value : values) all.push_back(shown(check, value));
  return fmt::format("{} ({})", middle, fmt::join(all, ", "));
}

std::string rows_of(const Outcome& outcome) {
  std::vector<double> seconds;
  for (const auto& run : outcome.runs) seconds.push_back(run->seconds);
  const std::string time = short_duration(median(seconds));
  std::string rows;
  for (const Check& check : outcome.entry.checks) {
    const std::vector<double> values = figures(outcome, check);
    rows += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", outcome.entry.name, check.what, check.published,
                        line_of(check), ours_of(check, values), passes(check, values) ? "met" : "**missed**", time);
  }
  return rows;
}

}  // namespace

void settle_lines(std::vector<Outcome>& outcomes) {
  for (Outcome& outcome : outcomes) {
    for (Check& check : outcome.entry.checks) {
      const auto other = std::find_if(outcomes.begin(), outcomes.end(), [&](const Outcome& candidate) {
        return candidate.entry.name == check.at_least_of;
      });
      if (other != outcomes.end() && has_all_runs(*other)) check.at_least = median(figures(*other, check));
    }
  }
}

bool passes(const Outcome& outcome) {
  return has_run(outcome) && std::all_of(outcome.entry.checks.begin(), outcome.entry.checks.end(),
                                         [&](const auto& check) { return passes(check, figures(outcome, check)); });
}

std::string shown(const Check& check, double value) {
  if (std::isinf(value)) return "never";
  const double scaled = value * check.scale;
  const bool whole = std::abs(scaled) >= 100 && scaled == std::round(scaled);
  const std::string number =
      whole ? fmt::format("{:.0f}", scaled) : fmt::format("{:.{}f}", scaled, check.scale == 100 ? 2 : 4);
  return check.unit.empty() ? number : number + " " + check.unit;
}

std::string results_page(const std::vector<Outcome>& outcomes, const std::string& machine) {
  std::string page =
      "# Published results, reproduced\n\n"
      "Made by `./run reproduce`; `data/reproduction.json` has the settings, seeds and sources. Where several seeds "
      "ran, the\n"
      "median stands first and the figures of all seeds behind it; the time is that of one run, evaluations "
      "included.\n\n";
  page += machine + "\n\n";
  page += "| entry | figure | published | line | Headlight | | time |\n|---|---|---|---|---|---|---|\n";
  std::vector<std::string> missing;
  for (const Outcome& outcome : outcomes) {
    if (has_run(outcome)) {
      page += rows_of(outcome);
    } else {
      missing.push_back(outcome.entry.name);
    }
  }
  if (!missing.empty()) page += fmt::format("\nNot run yet: {}.\n", fmt::join(missing, ", "));
  page += "\n## Sources\n\n";
  for (const Outcome& outcome : outcomes) {
    page += fmt::format("* {}: {}. Seeds {}.\n", outcome.entry.name, outcome.entry.source,
                        fmt::join(outcome.entry.seeds, ", "));
  }
  return page;
}

}  // namespace headlight::reproduce
