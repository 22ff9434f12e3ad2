#include "apps/export/run_chart.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "core/error.h"

namespace headlight {
namespace {

/// The curves of these figures, held-out examples first.
std::vector<Curve> curves_of(const ViewRun& run, std::initializer_list<std::string_view> names) {
  std::vector<Curve> curves;
  for (const std::string_view split : {"eval", "train"}) {
    for (const std::string_view name : names) {
      for (const ViewScalar& scalar : run.scalars) {
        if (scalar.split != split || scalar.name != name) continue;
        curves.push_back({.name = fmt::format("{} {}", split, name), .steps = scalar.steps, .values = scalar.values});
      }
    }
  }
  return curves;
}

/// A figure of a head over the steps at which heads were measured.
class Measured {
 public:
  Measured(const ViewHeadStats& stats, std::size_t column) : stats_(stats), column_(column) {}

  double at(std::size_t step, std::size_t head) const {
    return static_cast<double>(stats_.values[(step * stats_.heads.size() + head) * stats_.columns.size() + column_]);
  }

  /// The head with the highest figure in the end; none where it applies to no head.
  std::optional<std::size_t> best() const {
    std::optional<std::size_t> best;
    const std::size_t last = stats_.steps.size() - 1;
    for (std::size_t head = 0; head < stats_.heads.size(); ++head) {
      if (std::isnan(at(last, head)) || (best && at(last, head) <= at(last, *best))) continue;
      best = head;
    }
    return best;
  }

 private:
  const ViewHeadStats& stats_;
  std::size_t column_;
};

std::vector<Curve> pattern_curves(const ViewRun& run) {
  std::vector<Curve> curves;
  if (!run.head_stats || run.head_stats->steps.empty()) return curves;
  const ViewHeadStats& stats = *run.head_stats;
  constexpr std::string_view kBegin = "pattern.";
  constexpr std::string_view kEnd = ".score";
  for (std::size_t column = 0; column < stats.columns.size(); ++column) {
    const std::string_view name = stats.columns[column];
    if (!name.starts_with(kBegin) || !name.ends_with(kEnd)) continue;
    const Measured measured(stats, column);
    const std::optional<std::size_t> head = measured.best();
    if (!head) continue;
    const ViewHead& place = stats.heads[*head];
    const ViewBlock& block = run.blocks[place.block];
    Curve curve{.name = fmt::format("{} ({} layer {} head {})",
                                    name.substr(kBegin.size(), name.size() - kBegin.size() - kEnd.size()), block.kind,
                                    block.layer_numbers.at(place.layer), place.head)};
    for (std::size_t step = 0; step < stats.steps.size(); ++step) {
      curve.steps.push_back(static_cast<double>(stats.steps[step]));
      curve.values.push_back(measured.at(step, *head));
    }
    curves.push_back(std::move(curve));
  }
  return curves;
}

}  // namespace

Chart run_chart(const ViewRun& run) {
  Chart chart{.title = "How it learned", .subtitle = fmt::format("run {}", run.name), .panels = {}};
  const auto add = [&chart](std::string title, std::vector<Curve> curves, bool shares) {
    if (curves.empty()) return;
    chart.panels.push_back({.title = std::move(title), .curves = std::move(curves), .shares = shares});
  };
  add("loss", curves_of(run, {"loss"}), false);
  add("accuracy", curves_of(run, {"tok_acc", "seq_acc"}), true);
  add("weight on the right keys", pattern_curves(run), true);
  if (chart.panels.empty()) {
    raise<ConfigError>(run.name, "the run has logged nothing that could be drawn", {}, "train it for some updates");
  }
  return chart;
}

}  // namespace headlight
