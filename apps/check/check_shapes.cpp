#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "apps/check/checks.h"
#include "apps/check/row.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

using Sizes = std::pair<std::size_t, std::size_t>;

/// What one axis of the output follows.
struct Axis {
  char letter = 0;  // B, T, or 0 for a constant
  std::size_t constant = 0;
};

/// The first two differ in B and in T (unless only T = 1 is possible): from them the pattern is read.
std::vector<Sizes> sizes_to_try(const Probe& probe) {
  const std::size_t longest = probe.subject().max_length;
  const std::size_t length = probe.length();
  std::vector<Sizes> sizes;
  std::set<Sizes> seen;
  for (const auto& [batch, wanted] : {Sizes{3, length},
                                      {2, std::max<std::size_t>(2, length) - 1},
                                      {1, length},
                                      {3, 1},
                                      {1, 1},
                                      {5, 12},
                                      {2, 33},
                                      {4, 6}}) {
    const Sizes fitting{batch, std::min(wanted, longest)};
    if (seen.insert(fitting).second) sizes.push_back(fitting);
  }
  return sizes;
}

std::string pattern_text(const std::vector<Axis>& pattern) {
  std::string text;
  for (const Axis& axis : pattern) {
    if (!text.empty()) text += ", ";
    text += axis.letter != 0 ? std::string(1, axis.letter) : std::to_string(axis.constant);
  }
  return "(" + text + ")";
}

Shape expected_shape(const std::vector<Axis>& pattern, const Sizes& sizes) {
  Shape shape(pattern.size());
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    shape[i] = pattern[i].letter == 'B' ? sizes.first : pattern[i].letter == 'T' ? sizes.second : pattern[i].constant;
  }
  return shape;
}

/// What the axes of two outputs follow, or nothing when one follows neither B nor T.
std::optional<std::vector<Axis>> pattern_of(const Shape& one, const Sizes& sizes, const Shape& two,
                                            const Sizes& others) {
  if (one.size() != two.size() || one.empty()) return std::nullopt;
  std::vector<Axis> pattern;
  for (std::size_t i = 0; i < one.size(); ++i) {
    if (one[i] == sizes.first && two[i] == others.first && i == 0) {
      pattern.push_back({.letter = 'B'});
    } else if (one[i] == sizes.second && two[i] == others.second && sizes.second != others.second) {
      pattern.push_back({.letter = 'T'});
    } else if (one[i] == two[i]) {
      pattern.push_back({.constant = one[i]});
    } else {
      return std::nullopt;
    }
  }
  return pattern;
}

constexpr const char* kShapeAdvice =
    "look at how forward() derives the extents of its result: an output is (B, T, C), or (B, ...) with one answer per "
    "sequence";

void try_shapes(const Probe& probe, RowBuilder& row) {
  const std::unique_ptr<Module> module = probe.instance();
  const auto call = [&](const Sizes& sizes) {
    return probe.output(*module, probe.inputs(sizes.first, sizes.second), {}).shape();
  };
  const auto named = [](const Sizes& sizes, const Shape& shape) {
    return fmt::format("B {}, T {} give {}", sizes.first, sizes.second, to_string(shape));
  };
  const std::vector<Sizes> sizes = sizes_to_try(probe);
  const Shape one = call(sizes[0]);
  const Shape two = call(sizes[1]);
  const auto pattern = pattern_of(one, sizes[0], two, sizes[1]);
  if (!pattern || pattern->front().letter != 'B') {
    return row.fail(named(sizes[0], one) + ", but " + named(sizes[1], two) + ": an axis follows neither B nor T",
                    kShapeAdvice);
  }
  for (const Sizes& each : sizes) {
    const Shape shape = call(each);
    if (shape != expected_shape(*pattern, each)) {
      return row.fail(named(each, shape) + " instead of " + pattern_text(*pattern), kShapeAdvice);
    }
  }
  const std::optional<std::size_t> width = probe.subject().promises.output_width;
  if (width && one.back() != *width) {
    return row.fail(fmt::format("{} instead of the declared width {}", pattern_text(*pattern), *width),
                    "look at the last dense layer, or at the declaration Promises::output_width");
  }
  row.pass(fmt::format("{} for {} sizes", pattern_text(*pattern), sizes.size()));
}

/// "" or where the first NaN or infinity stands.
std::string non_finite_place(const Array& a) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isfinite(a.data()[i])) continue;
    const char* const what = std::isnan(a.data()[i]) ? "NaN" : a.data()[i] > 0 ? "infinity" : "-infinity";
    return fmt::format("{} at element {} of {}", what, i, to_string(a.shape()));
  }
  return "";
}

void try_finite(const Probe& probe, RowBuilder& row) {
  const std::unique_ptr<Module> module = probe.instance();
  std::size_t longest = 0;
  const auto fail = [&](const std::string& what, const std::string& place, const char* advice) {
    row.fail(what + ": " + place, advice);
  };
  for (const std::size_t length : {1U, 7U, 33U, 128U}) {
    const std::size_t fitting = std::min<std::size_t>(length, probe.subject().max_length);
    longest = std::max(longest, fitting);
    for (const double scale : {1.0, 10.0}) {
      if (probe.reads_tokens() && scale > 1) continue;
      const std::string place = non_finite_place(probe.output(*module, probe.inputs(2, fitting, 3, scale), {}));
      if (place.empty()) continue;
      return fail(
          fmt::format("T {}, inputs of size {}", fitting, 1.5 * scale), place,
          "look for a sum, power or exponential that grows with the length or size of the input, and for 0 / 0");
    }
  }
  const CheckInputs inputs = probe.inputs();
  const Reach reach = probe.subject().promises.reach.value_or(Reach::mask);
  const bool hides = reach == Reach::mask && probe.subject().promises.obeys.padding;
  std::vector<std::size_t> lengths(probe.batch(), 0);
  lengths[0] = probe.length();
  for (const bool hidden : {false, true}) {
    if (hidden && !hides) continue;
    const CheckPass pass = probe.pass(*module, inputs, {.mask = hidden ? Mask::padding(lengths) : Mask()});
    for (std::size_t i = 0; i < pass.arrays.size(); ++i) {
      const std::string place = non_finite_place(pass.arrays[i]);
      if (place.empty()) continue;
      return fail(pass.names[i] + (hidden ? ", where a padding mask hides every key of a member" : ""), place,
                  hidden ? "give a query that sees nothing the result 0: a softmax over -infinity alone is 0 / 0"
                         : "look for a division, root or logarithm at 0 in backward");
    }
  }
  row.pass(fmt::format("none; T up to {}{}{}", longest, probe.reads_tokens() ? "" : ", size up to 15",
                       hides ? ", hidden rows" : ""));
}

}  // namespace

std::vector<CheckRow> check_shapes(const Probe& probe) {
  return {run_check("shapes", "outputs for several B and T", [&](RowBuilder& row) { try_shapes(probe, row); }),
          run_check("finite", "NaN and infinity", [&](RowBuilder& row) { try_finite(probe, row); })};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
