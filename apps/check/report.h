#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/inspect/color_mode.h"

/// What the checks of a layer or a model found, as a table for people and as JSON.
namespace headlight {

enum class Verdict {
  passed,
  failed,
  not_applicable,  ///< there was nothing to check; the figure says why
};

/// One line of the table.
struct CheckRow {
  std::string name = {};    ///< "leak: causal"
  std::string tested = {};  ///< what was done, whatever came out
  Verdict verdict = Verdict::passed;
  std::string figure = {};  ///< what came out; of a check that does not apply, the reason
  std::string advice = {};  ///< what to look at, in one sentence; empty unless it failed
  double seconds = 0;
};

struct CheckReport {
  std::string subject;             ///< "dense {"in":8,"out":6}"
  std::vector<std::string> facts;  ///< what was measured or declared before the checks, one sentence each
  std::vector<CheckRow> rows;

  /// True when no row failed.
  bool passed() const;
  double seconds() const;
  /// The names of the rows with this verdict, in order.
  std::vector<std::string> rows_with(Verdict verdict) const;
  /// The row of a name. Throws ConfigError when there is none.
  const CheckRow& row(std::string_view name) const;
};

struct ReportStyle {
  std::size_t width = 120;  ///< columns; longer texts are wrapped
  ColorMode color = ColorMode::kNone;
};

/// The facts, one line per row (what failed with its advice below) and a last line that counts.
std::string to_string(const CheckReport& report, const ReportStyle& style = {});

/// {"subject", "passed", "seconds", "facts", "rows": [{"name", "tested", "result", "figure", "advice", "seconds"}]}
/// with result "passed", "failed" or "not applicable".
nlohmann::ordered_json to_json(const CheckReport& report);

}  // namespace headlight
