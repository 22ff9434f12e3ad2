#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/inspect/chart.h"
#include "apps/inspect/chart_colors.h"
#include "apps/inspect/picture_parts.h"
#include "apps/inspect/svg.h"
#include "apps/inspect/token_text.h"

namespace headlight {
namespace {

constexpr int kChartWidth = 960;  // of the whole picture
constexpr int kPlotHeight = 220;
constexpr int kNamesGap = 16;  // from the names of the curves to the plot
constexpr int kPanelGap = 30;
constexpr int kTickLabelGap = 8;
constexpr int kCurveThickness = 2;
constexpr int kSwatchLength = 22;
constexpr int kBetweenNames = 26;

/// A curve's name with its place.
struct PlacedName {
  std::size_t curve = 0;
  std::string text{};
  int x = 0;
  int line = 0;
};

/// Sizes that follow from the chart; all in pixels.
class ChartLayout {
 public:
  explicit ChartLayout(const Chart& chart) : steps(step_range(chart, "draw_chart")) {
    int widest = 0;
    for (const ChartPanel& panel : chart.panels) {
      for (const double tick : axis_ticks(value_range(panel), 5)) {
        widest = std::max(widest, text_width(small, fmt::format("{:g}", tick)));
      }
    }
    left = kMargin + widest + kTickLabelGap;
    plot_width = kChartWidth - kMargin - left;
    heading = make_heading(chart.title, chart.subtitle, kChartWidth - 2 * kMargin);
    int y = kMargin + heading.height + (heading.height > 0 ? kPanelGap : 0);
    for (const ChartPanel& panel : chart.panels) {
      names.push_back(place_names(panel));
      name_tops.push_back(y);
      y += (names.back().empty() ? 1 : names.back().back().line + 1) * line_height() + kNamesGap;
      plots.push_back({left, y, plot_width, kPlotHeight});
      y += kPlotHeight + kTickLabelGap + small.cap_height + kPanelGap;
    }
    height = y - kPanelGap + kTickLabelGap + small.cap_height + small.descent + kMargin / 2;
  }

  int line_height() const { return text.cap_height + text.descent + 4; }

  const Font& text = font(FontName::kText);
  const Font& small = font(FontName::kSmall);
  AxisRange steps;
  Heading heading{};
  int left = 0;
  int plot_width = 0;
  int height = 0;
  std::vector<std::vector<PlacedName>> names{};
  std::vector<int> name_tops{};
  std::vector<Rect> plots{};

 private:
  /// The title of a panel, then the names of its curves, in lines.
  std::vector<PlacedName> place_names(const ChartPanel& panel) const {
    std::vector<PlacedName> placed;
    int x = left + text_width(text, panel.title) + kBetweenNames;
    int line = 0;
    for (std::size_t i = 0; i < panel.curves.size(); ++i) {
      const std::string name =
          fit_text(small, visible_line(panel.curves[i].name, Charset::kUtf8), plot_width - kSwatchLength - 8);
      const int width = kSwatchLength + 8 + text_width(small, name);
      if (x + width > left + plot_width && x > left) {
        x = left;
        ++line;
      }
      placed.push_back({.curve = i, .text = name, .x = x, .line = line});
      x += width + kBetweenNames;
    }
    return placed;
  }
};

void draw_names(Surface& surface, const ChartPanel& panel, const std::vector<PlacedName>& names, int top,
                const ChartLayout& layout, const PictureStyle& style) {
  const Inks& colors = inks(style.theme);
  surface.text(layout.text, layout.left, top + layout.text.cap_height, visible_line(panel.title, Charset::kUtf8),
               colors.ink);
  for (const PlacedName& name : names) {
    const int baseline = top + name.line * layout.line_height() + layout.text.cap_height;
    surface.fill({name.x, baseline - 7, kSwatchLength, 2 * kCurveThickness}, curve_color(name.curve, style.theme));
    surface.text(layout.small, name.x + kSwatchLength + 8, baseline, name.text, colors.muted);
  }
}

void draw_axes(Surface& surface, const AxisRange& values, const Rect& plot, const ChartLayout& layout,
               const Inks& colors) {
  for (const double tick : axis_ticks(values, 5)) {
    const int y = plot.bottom() - static_cast<int>(std::lround(values.position(tick) * plot.height));
    surface.fill({plot.x, y, plot.width, 1}, colors.hairline);
    surface.text(layout.small, plot.x - kTickLabelGap, y + layout.small.cap_height / 2, fmt::format("{:g}", tick),
                 colors.muted, TextAlign::kRight);
  }
  for (const double tick : axis_ticks(layout.steps, 8)) {
    const int x = plot.x + static_cast<int>(std::lround(layout.steps.position(tick) * plot.width));
    surface.fill({x, plot.bottom(), 1, 4}, colors.muted);
    surface.text(layout.small, x, plot.bottom() + kTickLabelGap + layout.small.cap_height, fmt::format("{:.15g}", tick),
                 colors.muted, TextAlign::kCenter);
  }
}

void draw_panel(Surface& surface, const ChartPanel& panel, const Rect& plot, const ChartLayout& layout,
                const PictureStyle& style) {
  const AxisRange values = value_range(panel);
  draw_axes(surface, values, plot, layout, inks(style.theme));
  // The first curve lies on top.
  for (std::size_t i = panel.curves.size(); i-- > 0;) {
    for (const Curve& line : lines_of(panel.curves[i], layout.steps, static_cast<std::size_t>(plot.width))) {
      std::vector<Surface::Point> points;
      for (std::size_t p = 0; p < line.steps.size(); ++p) {
        points.push_back({plot.x + layout.steps.position(line.steps[p]) * plot.width,
                          plot.bottom() - values.position(line.values[p]) * plot.height});
      }
      if (points.size() == 1) points.push_back({points[0].x + 1, points[0].y});
      surface.line(points, curve_color(i, style.theme), kCurveThickness);
    }
  }
}

void paint_chart(Surface& surface, const Chart& chart, const ChartLayout& layout, const PictureStyle& style) {
  draw_heading(surface, layout.heading, kMargin, kMargin, inks(style.theme));
  for (std::size_t p = 0; p < chart.panels.size(); ++p) {
    draw_names(surface, chart.panels[p], layout.names[p], layout.name_tops[p], layout, style);
    draw_panel(surface, chart.panels[p], layout.plots[p], layout, style);
  }
  surface.text(layout.small, layout.left + layout.plot_width, layout.height - kMargin / 2, "step",
               inks(style.theme).muted, TextAlign::kRight);
}

}  // namespace

Canvas draw_chart(const Chart& chart, const PictureStyle& style) {
  const ChartLayout layout(chart);
  Canvas canvas(kChartWidth, layout.height, inks(style.theme).paper);
  paint_chart(canvas, chart, layout, style);
  return canvas;
}

std::string render_png(const Chart& chart, const PictureStyle& style) {
  return encode_png(draw_chart(chart, style), picture_texts(chart.title, chart.subtitle));
}

std::string render_svg(const Chart& chart, const PictureStyle& style) {
  const ChartLayout layout(chart);
  SvgDrawing drawing(kChartWidth, layout.height, inks(style.theme).paper);
  paint_chart(drawing, chart, layout, style);
  return drawing.file(picture_texts(chart.title, chart.subtitle));
}

}  // namespace headlight
