#include "apps/check/check.h"

#include <fmt/format.h>

#include <exception>
#include <iterator>
#include <optional>
#include <utility>

#include "apps/check/checks.h"
#include "apps/check/row.h"
#include "layers/summary.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

using Family = std::vector<CheckRow> (*)(const Study&);

void append(std::vector<CheckRow>& rows, std::vector<CheckRow> more) {
  std::move(more.begin(), more.end(), std::back_inserter(rows));
}

/// The study, or a failed row that says why there is none.
std::optional<Study> study_of(const Probe& probe, std::vector<CheckRow>& rows) {
  std::optional<Study> study;
  CheckRow row = run_check("callable", "ordinary calls, to see what an output depends on", [&](RowBuilder& builder) {
    study.emplace(probe);
    builder.pass("");
  });
  if (row.verdict == Verdict::failed) {
    row.advice += "; the checks behind this one were not run";
    rows.push_back(std::move(row));
  }
  return study;
}

std::vector<std::string> facts_of(const Study& study) {
  const Probe& probe = study.probe;
  const CheckSubject& subject = probe.subject();
  std::string input = probe.reads_tokens() ? fmt::format("token ids (B, T) below {}", subject.vocabulary)
                                           : fmt::format("input (B, T, {})", subject.width);
  if (subject.memory_vocabulary != 0) input += fmt::format(", source ids (B, Ts) below {}", subject.memory_vocabulary);
  if (subject.memory_width != 0) input += fmt::format(", memory (B, Tm, {})", subject.memory_width);
  return {fmt::format("{}; {} parameters, moved off their first values", input, parameter_count(*study.module)),
          study.describe()};
}

}  // namespace

CheckReport check_subject(const CheckSubject& subject, CheckExtent extent) {
  const Probe probe(subject);
  CheckReport report{.subject = subject.name, .facts = {}, .rows = {}};
  if (extent == CheckExtent::all) append(report.rows, check_shapes(probe));
  const std::optional<Study> study = study_of(probe, report.rows);
  if (!study) return report;
  report.facts = facts_of(*study);
  if (extent == CheckExtent::gradients) {
    append(report.rows, check_gradients(*study));
    return report;
  }
  for (const Family family :
       {check_gradients, check_parameters, check_leaks, check_dependence, check_cache, check_modes, check_state}) {
    append(report.rows, family(*study));
  }
  return report;
}

CheckReport check_layer(const LayerMaker& make, const CheckOptions& options) {
  return check_subject(layer_subject(make, options));
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
