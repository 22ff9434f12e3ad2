#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/reproduce/figures.h"
#include "apps/reproduce/plan.h"

namespace headlight::reproduce {

/// An entry and what its runs came to; nothing while it has not run for all its seeds.
struct Outcome {
  Entry entry{};
  std::optional<Figures> figures{};
};

/// Gives each check with Check::at_least_of its line, once the entry that it names has run. Until then the
/// entry of the check does not count as run.
void settle_lines(std::vector<Outcome>& outcomes);

/// Each entry of the plan with what the record has of it, lines settled.
std::vector<Outcome> outcomes_of(const std::vector<Entry>& plan, const std::map<std::string, Figures>& record);

/// Whether the entry has run, and those that it is compared with, and every check passes.
bool passes(const Outcome& outcome);

/// A Markdown page: a row for each check of each entry that has run, with what was published, the line, the median (and
/// the figures of all seeds) and the median time of a run; then the sources, and the machines that the runs were made on.
std::string results_page(const std::vector<Outcome>& outcomes);

/// The figure as the table shows it: 0.99954 with scale 100 and unit "%" is "99.95 %".
std::string shown(const Check& check, double value);

}  // namespace headlight::reproduce
