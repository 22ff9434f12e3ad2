#include "apps/inspect/ansi.h"

#include <fmt/format.h>

#include <array>
#include <limits>

namespace headlight {
namespace {

constexpr std::size_t kFirstFixed = 16;
constexpr std::size_t kFirstGrey = 232;
constexpr std::size_t kPaletteSize = 256;

Rgb palette_color(std::size_t index) {
  if (index >= kFirstGrey) {
    const auto level = static_cast<std::uint8_t>(8 + 10 * (index - kFirstGrey));
    return {level, level, level};
  }
  constexpr std::array<std::uint8_t, 6> kLevels = {0, 95, 135, 175, 215, 255};
  const std::size_t cube = index - kFirstFixed;
  return {kLevels[cube / 36], kLevels[cube / 6 % 6], kLevels[cube % 6]};
}

const std::array<Lab, kPaletteSize>& palette_lab() {
  static const std::array<Lab, kPaletteSize> table = [] {
    std::array<Lab, kPaletteSize> labs{};
    for (std::size_t index = kFirstFixed; index < kPaletteSize; ++index) labs[index] = to_lab(palette_color(index));
    return labs;
  }();
  return table;
}

// Lightness counts threefold: it carries the order of a sequential map, and by plain distance in Lab the dark blue that
// stands for 0 would become a greyer and much lighter entry than the one for 0.1.
constexpr double kLightnessWeight = 3;

double squared_distance(const Lab& a, const Lab& b) {
  const double lightness = kLightnessWeight * (a.lightness - b.lightness);
  const double green_red = a.green_red - b.green_red;
  const double blue_yellow = a.blue_yellow - b.blue_yellow;
  return lightness * lightness + green_red * green_red + blue_yellow * blue_yellow;
}

/// The part of an SGR sequence that sets one colour; `ground` is 38 for text and 48 for what is behind it.
std::string color_code(ColorMode mode, int ground, Rgb color) {
  if (mode == ColorMode::kTrueColor) return fmt::format(";{};2;{};{};{}", ground, color.red, color.green, color.blue);
  return fmt::format(";{};5;{}", ground, nearest_palette_entry(color));
}

}  // namespace

std::uint8_t nearest_palette_entry(Rgb color) {
  const Lab wanted = to_lab(color);
  std::size_t nearest = kFirstFixed;
  double nearest_distance = std::numeric_limits<double>::max();
  for (std::size_t index = kFirstFixed; index < kPaletteSize; ++index) {
    const double distance = squared_distance(wanted, palette_lab()[index]);
    if (distance < nearest_distance) {
      nearest = index;
      nearest_distance = distance;
    }
  }
  return static_cast<std::uint8_t>(nearest);
}

void StyledLine::switch_to(const TextStyle& style) {
  if (mode_ == ColorMode::kNone || style == current_) return;
  current_ = style;
  // Each sequence opens with a reset, so that it does not matter what stood before it.
  std::string codes = "0";
  if (style.bold) codes += ";1";
  if (style.dim) codes += ";2";
  if (style.foreground) codes += color_code(mode_, 38, *style.foreground);
  if (style.background) codes += color_code(mode_, 48, *style.background);
  text_ += fmt::format("\x1b[{}m", codes);
}

void StyledLine::append(std::string_view text, const TextStyle& style) {
  switch_to(style);
  text_ += text;
  width_ += display_width(text);
}

void StyledLine::append(const StyledLine& other) {
  switch_to({});
  text_ += other.text_;
  current_ = other.current_;
  width_ += other.width_;
}

void StyledLine::fill_to(std::size_t width) {
  if (width > width_) append(std::string(width - width_, ' '));
}

std::string StyledLine::text() const {
  if (current_ != TextStyle{}) return fmt::format("{}\x1b[0m", text_);
  return text_.substr(0, text_.find_last_not_of(' ') + 1);
}

}  // namespace headlight
