#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headlight {

/// An sRGB colour, 8 bits per channel.
struct Rgb {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
  bool operator==(const Rgb&) const = default;
};

/// A colour in CIE 1976 L*a*b* under D65: lightness in [0, 100] and two signed opponent axes. Equal distances look
/// about equally different.
struct Lab {
  double lightness = 0;
  double green_red = 0;
  double blue_yellow = 0;
};

/// sRGB (IEC 61966-2-1) to L*a*b* (CIE 15, white point D65).
Lab to_lab(Rgb color);

/// The colour `amount` of the way from `from` to `to`, amount in [0, 1], mixed channel by channel.
Rgb mix(Rgb from, Rgb to, double amount);

/// Black or white, whichever stands out more on `background` (larger contrast ratio of WCAG 2.1).
Rgb ink_on(Rgb background);

/// What surrounds a picture. Zero meets the background: on dark a map runs from its dark end, on light it is reversed and
/// comes out of the paper.
enum class Theme { kDark, kLight };

/// The background of a theme's pictures.
constexpr Rgb paper(Theme theme) { return theme == Theme::kLight ? Rgb{255, 255, 255} : Rgb{16, 19, 24}; }

/// A sequential colour map of 256 entries.
class Colormap {
 public:
  static constexpr std::size_t kEntries = 256;

  /// `colors[0]` is the colour of position 0.
  explicit Colormap(const std::array<Rgb, kEntries>& colors) : colors_(colors) {}

  /// The entry nearest to `position`; positions outside [0, 1] take the end colours.
  Rgb at(float position) const;
  Rgb entry(std::size_t index) const { return colors_[index]; }

 private:
  std::array<Rgb, kEntries> colors_;
};

/// The names of the maps in colormaps.json, in alphabetical order.
std::vector<std::string> colormap_names();

/// The named map as a theme wants it, on light with its first 64 entries faded into the paper: `cividis` (made for readers with and without colour blindness: Nunez, Anderton &
/// Renslow 2018, PLoS ONE 13(7) e0199239), `viridis`, `magma` or `grey`. Throws ConfigError on any other name.
Colormap colormap(std::string_view name, Theme theme);

}  // namespace headlight
