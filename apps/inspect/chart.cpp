#include "apps/inspect/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"

namespace headlight {

AxisRange step_range(const Chart& chart, std::string_view where) {
  if (chart.panels.empty()) raise<ShapeError>(where, "the chart has no panel");
  AxisRange range{.low = 0, .high = 0};
  for (const ChartPanel& panel : chart.panels) {
    if (panel.curves.empty()) raise<ShapeError>(where, fmt::format("the panel `{}` has no curve", panel.title));
    for (const Curve& curve : panel.curves) {
      if (curve.steps.size() != curve.values.size()) {
        raise<ShapeError>(where, fmt::format("the curve `{}` is no list of points", curve.name),
                          fmt::format("{} steps and {} values", curve.steps.size(), curve.values.size()));
      }
      if (!curve.steps.empty()) range.high = std::max(range.high, curve.steps.back());
    }
  }
  if (range.high <= range.low) range.high = range.low + 1;
  return range;
}

AxisRange value_range(const ChartPanel& panel) {
  if (panel.shares) return {.low = 0, .high = 1};
  AxisRange range{.low = 0, .high = -1};
  bool any = false;
  for (const Curve& curve : panel.curves) {
    for (const double value : curve.values) {
      if (!std::isfinite(value)) continue;
      range.low = any ? std::min(range.low, value) : value;
      range.high = any ? std::max(range.high, value) : value;
      any = true;
    }
  }
  if (!any) return {};
  // Losses and the like begin at zero, so that a curve does not seem to end there before it does.
  if (range.low > 0 && range.low < range.high / 2) range.low = 0;
  if (range.high <= range.low) {
    const double around = range.low == 0 ? 1 : std::abs(range.low) / 2;
    return {.low = range.low - around, .high = range.low + around};
  }
  return range;
}

std::vector<double> axis_ticks(const AxisRange& range, std::size_t most) {
  constexpr std::array kRound = {1.0, 2.0, 5.0, 10.0};
  const double least = (range.high - range.low) / static_cast<double>(std::max<std::size_t>(most, 2));
  const double power = std::pow(10.0, std::floor(std::log10(least)));
  std::vector<double> ticks;
  for (const double round : kRound) {
    const double distance = round * power;
    ticks.clear();
    const auto first = std::llround(std::ceil(range.low / distance - 1e-9));
    const auto last = std::llround(std::floor(range.high / distance + 1e-9));
    for (auto at = first; at <= last; ++at) ticks.push_back(static_cast<double>(at) * distance);
    if (ticks.size() <= most) break;
  }
  return ticks;
}

std::vector<Curve> lines_of(const Curve& curve, const AxisRange& steps, std::size_t columns) {
  std::vector<Curve> lines;
  bool joined = false;
  const auto column = [&](double step) {
    return std::floor(steps.position(step) * static_cast<double>(std::max<std::size_t>(columns, 1)));
  };
  for (std::size_t i = 0; i < curve.steps.size();) {
    if (!std::isfinite(curve.values[i])) {
      joined = false;
      ++i;
      continue;
    }
    if (!joined) lines.emplace_back(Curve{.name = curve.name});
    joined = true;
    // The points of one column, up to a gap.
    std::size_t end = i + 1;
    std::array<std::size_t, 4> kept = {i, i, i, i};  // first, least, most, last
    while (end < curve.steps.size() && std::isfinite(curve.values[end]) &&
           column(curve.steps[end]) == column(curve.steps[i])) {
      if (curve.values[end] < curve.values[kept[1]]) kept[1] = end;
      if (curve.values[end] > curve.values[kept[2]]) kept[2] = end;
      kept[3] = end++;
    }
    std::sort(kept.begin(), kept.end());
    for (std::size_t k = 0; k < kept.size(); ++k) {
      if (k > 0 && kept[k] == kept[k - 1]) continue;
      lines.back().steps.push_back(curve.steps[kept[k]]);
      lines.back().values.push_back(curve.values[kept[k]]);
    }
    i = end;
  }
  return lines;
}

}  // namespace headlight
