#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/reproduce/measure.h"
#include "apps/reproduce/plan.h"

namespace headlight::reproduce {

/// The finished runs of an entry, in the order of its seeds; nothing for a seed that has none yet.
struct Outcome {
  Entry entry{};
  std::vector<std::optional<RunResult>> runs{};
};

/// Gives each check with Check::at_least_of its line, once the entry that it names has run. Until then the
/// entry of the check does not count as run.
void settle_lines(std::vector<Outcome>& outcomes);

/// Whether every seed has run and every check passes.
bool passes(const Outcome& outcome);

/// A Markdown table: a row for each check of each entry that has run for all its seeds, with what was published, the
/// line, the median (and the figures of all seeds) and the median time of a run. `machine` says in a line where.
std::string results_page(const std::vector<Outcome>& outcomes, const std::string& machine);

/// The figure as the table shows it: 0.99954 with scale 100 and unit "%" is "99.95 %".
std::string shown(const Check& check, double value);

}  // namespace headlight::reproduce
