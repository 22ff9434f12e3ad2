#include "apps/inspect/colormap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace headlight {

/// The text of colormaps.json, compiled in by CMake.
extern const char* const kColormapsJson;

namespace {

double linear_light(std::uint8_t code) {
  const double value = code / 255.0;
  return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
}

double luminance(Rgb color) {
  return 0.2126 * linear_light(color.red) + 0.7152 * linear_light(color.green) + 0.0722 * linear_light(color.blue);
}

/// The cube root of L*a*b* with the straight piece that replaces it near black.
double lab_curve(double ratio) {
  constexpr double kKnee = 216.0 / 24389.0;
  constexpr double kSlope = 24389.0 / 27.0;
  return ratio > kKnee ? std::cbrt(ratio) : (kSlope * ratio + 16.0) / 116.0;
}

Rgb parse_hex(const std::string& text) {
  const unsigned long code = std::stoul(text.substr(1), nullptr, 16);
  return {static_cast<std::uint8_t>(code >> 16U), static_cast<std::uint8_t>((code >> 8U) & 0xFFU),
          static_cast<std::uint8_t>(code & 0xFFU)};
}

/// Entries over which a reversed map comes out of the paper. With as many, cividis goes on in steps of the size that it has
/// everywhere, and its lightness falls all the way.
constexpr std::size_t kFade = 64;

Colormap on_light(const Colormap& map) {
  std::array<Rgb, Colormap::kEntries> colors;
  for (std::size_t index = 0; index < colors.size(); ++index) {
    colors[index] = map.entry(colors.size() - 1 - index);
  }
  if (colors.front() == paper(Theme::kLight)) return Colormap(colors);
  for (std::size_t index = 0; index < kFade; ++index) {
    colors[index] = mix(paper(Theme::kLight), colors[index], static_cast<double>(index) / kFade);
  }
  return Colormap(colors);
}

using Table = std::map<std::string, std::array<Rgb, Colormap::kEntries>, std::less<>>;

const Table& tables() {
  static const Table loaded = [] {
    Table table;
    const nlohmann::json document = nlohmann::json::parse(kColormapsJson);
    for (const auto& [name, entries] : document.at("maps").items()) {
      std::array<Rgb, Colormap::kEntries>& colors = table[name];
      for (std::size_t index = 0; index < colors.size(); ++index) {
        colors[index] = parse_hex(entries.at(index).get<std::string>());
      }
    }
    return table;
  }();
  return loaded;
}

}  // namespace

Lab to_lab(Rgb color) {
  const double red = linear_light(color.red);
  const double green = linear_light(color.green);
  const double blue = linear_light(color.blue);
  const double x = lab_curve((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505);
  const double y = lab_curve(0.2126 * red + 0.7152 * green + 0.0722 * blue);
  const double z = lab_curve((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.0890);
  return {116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)};
}

Rgb mix(Rgb from, Rgb to, double amount) {
  const auto channel = [amount](std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(std::lround(a + (b - a) * amount));
  };
  return {channel(from.red, to.red), channel(from.green, to.green), channel(from.blue, to.blue)};
}

Rgb ink_on(Rgb background) {
  // White's ratio is 1.05 / (Y + 0.05), black's is (Y + 0.05) / 0.05.
  const double level = luminance(background) + 0.05;
  return 1.05 / level >= level / 0.05 ? Rgb{255, 255, 255} : Rgb{0, 0, 0};
}

Rgb Colormap::at(float position) const {
  const float clamped = std::clamp(position, 0.0F, 1.0F);
  return colors_[static_cast<std::size_t>(std::lround(clamped * static_cast<float>(kEntries - 1)))];
}

std::vector<std::string> colormap_names() {
  std::vector<std::string> names;
  for (const auto& [name, colors] : tables()) names.push_back(name);
  return names;
}

Colormap colormap(std::string_view name, Theme theme) {
  const auto found = tables().find(name);
  if (found == tables().end()) {
    raise<ConfigError>("colormap", "is not a known map", fmt::format("'{}'", name),
                       fmt::format("choose one of {}", fmt::join(colormap_names(), ", ")));
  }
  const Colormap map(found->second);
  return theme == Theme::kDark ? map : on_light(map);
}

}  // namespace headlight
