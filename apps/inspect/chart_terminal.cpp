#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/inspect/ansi.h"
#include "apps/inspect/chart.h"
#include "apps/inspect/chart_colors.h"
#include "apps/inspect/token_text.h"

namespace headlight {
namespace {

constexpr std::size_t kChartLines = 12;
constexpr std::string_view kCurveMarks = "*o+x#%@&";
constexpr std::size_t kNoCurve = static_cast<std::size_t>(-1);

char mark_of(std::size_t curve) { return kCurveMarks[curve % kCurveMarks.size()]; }

/// Which curve is seen in each place of a panel; the first one lies on top.
class Marks {
 public:
  explicit Marks(std::size_t columns) : columns_(columns), curves_(kChartLines * columns, kNoCurve) {}

  void draw(const Curve& line, std::size_t curve, const AxisRange& steps, const AxisRange& values) {
    for (std::size_t i = 0; i < line.steps.size(); ++i) {
      const Place to = place(line, i, steps, values);
      const Place from = i == 0 ? to : place(line, i - 1, steps, values);
      const auto length = std::lround(std::max({std::abs(to.x - from.x), std::abs(to.y - from.y), 1.0}));
      for (long at = 0; at <= length; ++at) {
        const double part = static_cast<double>(at) / static_cast<double>(length);
        mark(from.x + part * (to.x - from.x), from.y + part * (to.y - from.y), curve);
      }
    }
  }

  std::size_t at(std::size_t line, std::size_t column) const { return curves_[line * columns_ + column]; }

 private:
  struct Place {
    double x;
    double y;
  };

  Place place(const Curve& line, std::size_t i, const AxisRange& steps, const AxisRange& values) const {
    return {std::round(steps.position(line.steps[i]) * static_cast<double>(columns_ - 1)),
            std::round((1 - values.position(line.values[i])) * static_cast<double>(kChartLines - 1))};
  }

  void mark(double x, double y, std::size_t curve) {
    const double column = std::clamp(std::round(x), 0.0, static_cast<double>(columns_ - 1));
    const double line = std::clamp(std::round(y), 0.0, static_cast<double>(kChartLines - 1));
    std::size_t& seen = curves_[static_cast<std::size_t>(line) * columns_ + static_cast<std::size_t>(column)];
    seen = std::min(seen, curve);
  }

  std::size_t columns_;
  std::vector<std::size_t> curves_;
};

/// The label of each line: the ticks of the values where they lie.
std::vector<std::string> line_labels(const AxisRange& values) {
  std::vector<std::string> labels(kChartLines);
  for (const double tick : axis_ticks(values, 5)) {
    const double line = std::round((1 - values.position(tick)) * static_cast<double>(kChartLines - 1));
    labels[static_cast<std::size_t>(std::clamp(line, 0.0, static_cast<double>(kChartLines - 1)))] =
        fmt::format("{:g}", tick);
  }
  return labels;
}

/// The steps below a panel whose plot begins at column `left`.
std::string step_line(const AxisRange& steps, std::size_t left, std::size_t columns) {
  std::string text(left, ' ');
  for (const double tick : axis_ticks(steps, std::max<std::size_t>(columns / 12, 2))) {
    const std::string label = fmt::format("{:.15g}", tick);
    const auto column =
        left + static_cast<std::size_t>(std::lround(steps.position(tick) * static_cast<double>(columns - 1)));
    const std::size_t begin = std::min(column - std::min(column, label.size() / 2), left + columns - label.size());
    if (begin < text.size() && text.size() > left) continue;  // no room beside the last one
    text.resize(std::max(text.size(), begin), ' ');
    text += label + " ";
  }
  return text + "step";
}

}  // namespace

std::string render_terminal(const Chart& chart, const TerminalStyle& style) {
  const AxisRange steps = step_range(chart, "render_terminal");
  const bool colored = style.color != ColorMode::kNone;
  std::vector<std::vector<std::string>> labels;
  std::size_t gutter = 0;
  for (const ChartPanel& panel : chart.panels) {
    labels.push_back(line_labels(value_range(panel)));
    for (const std::string& label : labels.back()) gutter = std::max(gutter, label.size());
  }
  gutter += 2;
  const std::size_t columns = std::max<std::size_t>(style.width > gutter + 6 ? style.width - gutter - 5 : 0, 20);

  std::string text;
  const auto end_line = [&text](const StyledLine& line) { text += line.text() + "\n"; };
  StyledLine title(style.color);
  title.append(visible_line(chart.title, style.charset), {.bold = true});
  end_line(title);
  StyledLine subtitle(style.color);
  subtitle.append(visible_line(chart.subtitle, style.charset), {.dim = true});
  end_line(subtitle);
  for (std::size_t p = 0; p < chart.panels.size(); ++p) {
    const ChartPanel& panel = chart.panels[p];
    const AxisRange values = value_range(panel);
    Marks marks(columns);
    StyledLine names(style.color);
    names.append(visible_line(panel.title, style.charset));
    for (std::size_t i = 0; i < panel.curves.size(); ++i) {
      for (const Curve& line : lines_of(panel.curves[i], steps, columns)) marks.draw(line, i, steps, values);
      names.append("   ");
      names.append(std::string(1, mark_of(i)), {.foreground = curve_color(i, style.theme), .bold = true});
      names.append(" " + visible_line(panel.curves[i].name, style.charset));
    }
    text += "\n";
    end_line(names);
    for (std::size_t row = 0; row < kChartLines; ++row) {
      StyledLine line(style.color);
      line.append(pad_left(labels[p][row], gutter - 2, style.charset), {.dim = true});
      line.append(labels[p][row].empty() ? " |" : " +", {.dim = true});
      for (std::size_t column = 0; column < columns; ++column) {
        const std::size_t curve = marks.at(row, column);
        if (curve == kNoCurve) {
          line.append(" ");
        } else {
          line.append(std::string(1, mark_of(curve)),
                      colored ? TextStyle{.foreground = curve_color(curve, style.theme)} : TextStyle{});
        }
      }
      end_line(line);
    }
    StyledLine below(style.color);
    below.append(step_line(steps, gutter, columns), {.dim = true});
    end_line(below);
  }
  return text;
}

}  // namespace headlight
