#include "autograd/gradcheck_report.h"

#include <fmt/format.h>

#include <algorithm>

namespace headlight {

std::string to_string(const GradcheckResult& result) {
  std::string text =
      fmt::format("gradcheck {}: {} of {} comparisons failed, worst error {:.2e}\n",
                  result.passed ? "passed" : "failed", result.failure_count, result.comparisons, result.worst_error);
  for (const std::string& problem : result.problems) text += "  " + problem + "\n";
  if (result.failures.empty()) return text;
  std::size_t input_width = 5;
  std::size_t place_width = 5;
  for (const GradcheckFailure& failure : result.failures) {
    input_width = std::max(input_width, failure.input.size());
    place_width = std::max(place_width, failure.place.size());
  }
  text += fmt::format("  {:<{}}  {:<{}}  {:>16}  {:>16}  {:>10}\n", "input", input_width, "index", place_width,
                      "analytic", "numeric", "error");
  for (const GradcheckFailure& failure : result.failures) {
    text += fmt::format("  {:<{}}  {:<{}}  {:>16.9g}  {:>16.9g}  {:>10.2e}\n", failure.input, input_width,
                        failure.place, place_width, failure.analytic, failure.numeric, failure.error);
  }
  if (result.failure_count > result.failures.size()) {
    text += fmt::format("  and {} more\n", result.failure_count - result.failures.size());
  }
  return text;
}

}  // namespace headlight
