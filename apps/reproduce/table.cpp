#include "apps/reproduce/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/training/progress.h"

namespace headlight::reproduce {
namespace {

/// A check with Check::at_least_of has no line until the entry that it names has run.
bool has_run(const Outcome& outcome) {
  return outcome.figures &&
         std::all_of(outcome.entry.checks.begin(), outcome.entry.checks.end(),
                     [](const Check& check) { return check.at_least_of.empty() || check.at_least.has_value(); });
}

const std::vector<double>& values_of(const Outcome& outcome, const Check& check) {
  return outcome.figures->values.at(check.measure);
}

std::string with_unit(const Check& check, const std::string& number) {
  return check.unit.empty() ? number : number + " " + check.unit;
}

std::string line_of(const Check& check) {
  // With all its digits: a line that is rounded up looks stricter than it is.
  const auto exact = [&](double value) { return with_unit(check, fmt::format("{:.10g}", value * check.scale)); };
  std::string text;
  if (!check.at_least_of.empty()) {
    text += fmt::format("≥ {} ({})", shown(check, *check.at_least), check.at_least_of);
  } else if (check.at_least) {
    text += "≥ " + exact(*check.at_least);
  }
  if (check.at_least && check.at_most) text += ", ";
  if (check.at_most) text += "≤ " + exact(*check.at_most);
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
  const std::string time = short_duration(median(outcome.figures->seconds));
  std::string rows;
  for (const Check& check : outcome.entry.checks) {
    const std::vector<double>& values = values_of(outcome, check);
    rows += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", outcome.entry.name, check.what, check.published,
                        line_of(check), ours_of(check, values), passes(check, values) ? "met" : "**missed**", time);
  }
  return rows;
}

/// The machines of the entries that have run, each once, in the order of the entries.
std::vector<std::string> machines_of(const std::vector<Outcome>& outcomes) {
  std::vector<std::string> machines;
  for (const Outcome& outcome : outcomes) {
    if (!has_run(outcome)) continue;
    const std::string& machine = outcome.figures->machine;
    if (std::find(machines.begin(), machines.end(), machine) == machines.end()) machines.push_back(machine);
  }
  return machines;
}

}  // namespace

void settle_lines(std::vector<Outcome>& outcomes) {
  for (Outcome& outcome : outcomes) {
    for (Check& check : outcome.entry.checks) {
      const auto other = std::find_if(outcomes.begin(), outcomes.end(), [&](const Outcome& candidate) {
        return candidate.entry.name == check.at_least_of;
      });
      if (other != outcomes.end() && other->figures) check.at_least = median(values_of(*other, check));
    }
  }
}

std::vector<Outcome> outcomes_of(const std::vector<Entry>& plan, const std::map<std::string, Figures>& record) {
  std::vector<Outcome> outcomes;
  outcomes.reserve(plan.size());
  for (const Entry& entry : plan) {
    Outcome outcome{.entry = entry};
    const auto found = record.find(entry.name);
    if (found != record.end() && belongs(found->second, entry, plan)) outcome.figures = found->second;
    outcomes.push_back(std::move(outcome));
  }
  settle_lines(outcomes);
  return outcomes;
}

bool passes(const Outcome& outcome) {
  return has_run(outcome) && std::all_of(outcome.entry.checks.begin(), outcome.entry.checks.end(),
                                         [&](const auto& check) { return passes(check, values_of(outcome, check)); });
}

std::string shown(const Check& check, double value) {
  if (std::isinf(value)) return "never";
  // A share rounds to 100 % only where everything is right.
  const bool below_all = check.scale == 100 && value < 1;
  const double scaled = below_all ? std::min(value * check.scale, 99.99) : value * check.scale;
  const bool whole = std::abs(scaled) >= 100 && scaled == std::round(scaled);
  const std::string number =
      whole ? fmt::format("{:.0f}", scaled) : fmt::format("{:.{}f}", scaled, check.scale == 100 ? 2 : 4);
  return with_unit(check, number);
}

std::string results_page(const std::vector<Outcome>& outcomes) {
  std::string page =
      "# Published results, reproduced\n\n"
      "Made by `./run reproduce`; `data/reproduction.json` has the settings, seeds and sources. Where several seeds "
      "ran, the\n"
      "median stands first and the figures of all seeds behind it; the time is that of one run, evaluations "
      "included.\n\n";
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
  const std::vector<std::string> machines = machines_of(outcomes);
  page += "\n## Sources, seeds and machines\n\n";
  for (const Outcome& outcome : outcomes) {
    page += fmt::format("* {}: {}. {} {}.", outcome.entry.name, outcome.entry.source,
                        outcome.entry.seeds.size() == 1 ? "Seed" : "Seeds", fmt::join(outcome.entry.seeds, ", "));
    if (has_run(outcome)) {
      const auto place = std::find(machines.begin(), machines.end(), outcome.figures->machine);
      page += fmt::format(" Machine {}.", place - machines.begin() + 1);
    }
    page += "\n";
  }
  if (!machines.empty()) page += "\n";
  for (std::size_t i = 0; i < machines.size(); ++i) page += fmt::format("{}. {}\n", i + 1, machines[i]);
  return page;
}

}  // namespace headlight::reproduce
