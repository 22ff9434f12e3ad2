#pragma once

#include <cstddef>
#include <string>
#include <vector>

/// What gradcheck() found.
namespace headlight {

/// One row of the table.
struct GradcheckFailure {
  std::string input;  ///< "input 0", or the label of a parameter
  std::string place;  ///< "(2, 0)", or "direction 1"
  double analytic;
  double numeric;
  double error;  ///< |analytic - numeric|
};

struct GradcheckResult {
  bool passed = true;
  /// Largest |analytic - numeric| / max(1, |numeric|) seen, passed or not.
  double worst_error = 0;
  std::size_t comparisons = 0;
  std::size_t failure_count = 0;
  std::vector<GradcheckFailure> failures;  ///< the first max_failures
  /// What is wrong beyond single numbers, one sentence each.
  std::vector<std::string> problems;
};

/// A sentence, the problems, and the table: input, index, analytic, numeric, error.
std::string to_string(const GradcheckResult& result);

}  // namespace headlight
