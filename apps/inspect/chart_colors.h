#pragma once

#include <array>
#include <cstddef>

#include "apps/inspect/colormap.h"

namespace headlight {

/// The colour of curve number `index`: those of Okabe & Ito 2008 (Color Universal Design), of which the ones that are
/// too light for white paper, or too dark for black, are left out. They come again behind the last one.
inline Rgb curve_color(std::size_t index, Theme theme) {
  constexpr std::array<Rgb, 5> kOnLight = {{{0, 114, 178}, {213, 94, 0}, {0, 158, 115}, {204, 121, 167}, {0, 0, 0}}};
  constexpr std::array<Rgb, 5> kOnDark = {
      {{86, 180, 233}, {230, 159, 0}, {0, 158, 115}, {204, 121, 167}, {240, 228, 66}}};
  return (theme == Theme::kLight ? kOnLight : kOnDark)[index % kOnLight.size()];
}

}  // namespace headlight
