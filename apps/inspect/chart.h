#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "apps/inspect/canvas.h"
#include "apps/inspect/picture.h"
#include "apps/inspect/terminal.h"

namespace headlight {

/// A figure over the steps of training.
struct Curve {
  std::string name{};
  std::vector<double> steps{};   ///< rising
  std::vector<double> values{};  ///< one for each step; one that is not finite is a gap
};

/// Curves that share an axis of values.
struct ChartPanel {
  std::string title{};
  std::vector<Curve> curves{};
  bool shares = false;  ///< values are shares: the axis runs from 0 to 1
};

/// Panels below one another over the same steps.
struct Chart {
  std::string title{};
  std::string subtitle{};
  std::vector<ChartPanel> panels{};
};

/// From where to where an axis runs.
struct AxisRange {
  double low = 0;
  double high = 1;

  /// Where a value lies: 0 at the lower end, 1 at the upper one.
  double position(double value) const { return (value - low) / (high - low); }
};

/// All steps of a chart, from 0. Throws ShapeError, `where` first, when there is no panel, a panel has no curve, or a curve
/// has not as many steps as values.
AxisRange step_range(const Chart& chart, std::string_view where);

/// The values of a panel that are finite, or 0 to 1 of shares. Never empty.
AxisRange value_range(const ChartPanel& panel);

/// At most `most` round numbers (1, 2 or 5 times a power of ten apart) within the range, rising; at least two where
/// `most` is 3 or more.
std::vector<double> axis_ticks(const AxisRange& range, std::size_t most);

/// A curve as lines of points between gaps. `columns`: of several points in one of so many parts of the steps the first
/// and the last and the extremes are kept, so that the lines look the same.
std::vector<Curve> lines_of(const Curve& curve, const AxisRange& steps, std::size_t columns);

/// The chart as lines of text, each ended by a newline: every panel with the names of its curves, the axis of values and
/// twelve lines of marks, and the steps below. Without colour each curve has a mark of its own.
std::string render_terminal(const Chart& chart, const TerminalStyle& style);

/// The chart as a picture, in the colours of Okabe & Ito 2008 (Color Universal Design), which readers with and without
/// colour blindness tell apart. Of `style` the theme counts. Throws as step_range().
Canvas draw_chart(const Chart& chart, const PictureStyle& style);
std::string render_png(const Chart& chart, const PictureStyle& style);
std::string render_svg(const Chart& chart, const PictureStyle& style);

}  // namespace headlight
