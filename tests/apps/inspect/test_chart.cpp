// Curves over training: axes and points worked out by hand, and the places where they are drawn.
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/inspect/chart.h"
#include "apps/inspect/chart_colors.h"
#include "core/error.h"

using namespace headlight;
using Catch::Contains;

namespace {

constexpr double kGap = std::numeric_limits<double>::quiet_NaN();

Chart one_curve(std::vector<double> steps, std::vector<double> values) {
  return {.title = "T <1>",
          .subtitle = "run r",
          .panels = {{.title = "loss",
                      .curves = {{.name = "eval loss", .steps = std::move(steps), .values = std::move(values)}}}}};
}

std::string message_of(const Chart& chart) {
  try {
    step_range(chart, "draw_chart");
  } catch (const ShapeError& error) {
    return error.what();
  }
  return "";
}

std::size_t pixels_of(const Canvas& canvas, Rgb color) {
  std::size_t count = 0;
  for (int y = 0; y < canvas.height(); ++y) {
    for (int x = 0; x < canvas.width(); ++x) count += canvas.pixel(x, y) == color ? 1U : 0U;
  }
  return count;
}

}  // namespace

TEST_CASE("Ticks are round and stay within their axis") {
  using Ticks = std::vector<double>;
  CHECK(axis_ticks({.low = 0, .high = 1}, 5) == Ticks{0, 0.5, 1});  // in fifths there would be six
  CHECK(axis_ticks({.low = 0, .high = 3900}, 8) == Ticks{0, 500, 1000, 1500, 2000, 2500, 3000, 3500});
  CHECK(axis_ticks({.low = -1, .high = 2.5}, 5) == Ticks{-1, 0, 1, 2});
  CHECK(axis_ticks({.low = 0.25, .high = 0.26}, 3).size() >= 2);
  CHECK(axis_ticks({.low = 0, .high = 2e-7}, 3).size() == 3);
}

TEST_CASE("An axis of values begins at zero unless its curves stay far from it") {
  const auto range = [](std::vector<double> values) {
    std::vector<double> steps(values.size());
    return value_range({.title = "", .curves = {{.steps = std::move(steps), .values = std::move(values)}}});
  };
  CHECK(range({0.1, 4}).low == 0);
  CHECK(range({3, 4}).low == 3);
  CHECK(range({-2, 4}).low == -2);
  CHECK(range({kGap, 2, std::numeric_limits<double>::infinity()}).high > 2);  // one value lies in the middle
  CHECK(range({2}).position(2) == 0.5);
  CHECK(range({kGap}).high == 1);
  CHECK(value_range({.title = "", .curves = {}, .shares = true}).high == 1);
}

TEST_CASE("A curve breaks at gaps, and keeps its extremes when it is thinned") {
  const AxisRange steps{.low = 0, .high = 100};
  const std::vector<Curve> broken =
      lines_of({.name = "c", .steps = {0, 10, 20, 30}, .values = {1, kGap, 3, 4}}, steps, 1000);
  REQUIRE(broken.size() == 2);
  CHECK(broken[0].values == std::vector<double>{1});
  CHECK(broken[1].steps == std::vector<double>{20, 30});
  // 0 to 9 lie in the first of ten columns: of them the first, the least, the most and the last are kept.
  Curve dense{.name = "c", .steps = {}, .values = {}};
  for (int i = 0; i < 10; ++i) {
    dense.steps.push_back(i);
    dense.values.push_back(i == 4 ? -7 : i == 6 ? 9 : 1);
  }
  const std::vector<Curve> thinned = lines_of(dense, steps, 10);
  REQUIRE(thinned.size() == 1);
  CHECK(thinned[0].steps == std::vector<double>{0, 4, 6, 9});
  CHECK(thinned[0].values == std::vector<double>{1, -7, 9, 1});
}

TEST_CASE("A chart that cannot be drawn is refused") {
  CHECK_THAT(message_of({}), Contains("no panel"));
  CHECK_THAT(message_of({.title = "", .subtitle = "", .panels = {{.title = "loss"}}}), Contains("has no curve"));
  CHECK_THAT(message_of(one_curve({1, 2}, {1})), Contains("2 steps and 1 values"));
}

TEST_CASE("In a terminal a curve falls from the upper left to the lower right") {
  const std::string text = render_terminal(one_curve({0, 100}, {4, 0}), {.width = 40});
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  REQUIRE(lines.size() == 2 + 2 + 12 + 1);
  CHECK(lines[0] == "T <1>");
  CHECK(lines[3] == "loss   * eval loss");
  CHECK(lines[4].rfind("4 +*", 0) == 0);
  CHECK(lines[15].rfind("0 +", 0) == 0);
  CHECK(lines[15].back() == '*');
  CHECK_THAT(lines[16], Contains("100"));
  for (const std::string& line : lines) CHECK(line.size() <= 40);
  CHECK_THAT(render_terminal(one_curve({0, 100}, {4, 0}), {.color = ColorMode::kTrueColor, .width = 40}),
             Contains("\x1b["));
}

TEST_CASE("A picture has its curve in its colour, and as SVG its points") {
  for (const Theme theme : {Theme::kLight, Theme::kDark}) {
    const Chart chart = one_curve({0, 50, 100}, {4, 1, 0});
    const Canvas canvas = draw_chart(chart, {.theme = theme});
    // The line is at least as long as the plot is wide; besides it there is the swatch beside its name.
    CHECK(pixels_of(canvas, curve_color(0, theme)) > 700);
    CHECK(pixels_of(canvas, curve_color(1, theme)) == 0);
  }
  const std::string svg = render_svg(one_curve({0, 50, 100}, {4, 2, 0}), {});
  CHECK_THAT(svg, Contains("T &lt;1&gt;") && Contains("eval loss") && Contains("<polyline points=\""));
  // The middle point lies half way down and half way across between the others.
  const std::size_t at = svg.find("points=\"") + 8;
  double x[3];
  double y[3];
  REQUIRE(std::sscanf(svg.c_str() + at, "%lf,%lf %lf,%lf %lf,%lf", &x[0], &y[0], &x[1], &y[1], &x[2], &y[2]) == 6);
  CHECK(x[1] == Approx((x[0] + x[2]) / 2).margin(0.1));
  CHECK(y[1] == Approx((y[0] + y[2]) / 2).margin(0.1));
  CHECK(y[2] > y[0]);
  CHECK(render_png(one_curve({5}, {2}), {}).substr(1, 3) == "PNG");
}
