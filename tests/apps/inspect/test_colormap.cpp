#include <cmath>

#include <catch2/catch.hpp>

#include "apps/inspect/colormap.h"
#include "core/error.h"

using namespace headlight;

TEST_CASE("L*a*b* of the primaries agrees with published values") {
  struct Case {
    Rgb color;
    Lab lab;
  };
  // sRGB primaries under D65 as tabulated by B. Lindbloom (brucelindbloom.com, colour calculator), two decimals; the
  // four-digit matrix of IEC 61966-2-1 used here differs from his in the second decimal, times at most 500 / 3.
  const std::vector<Case> cases = {{{0, 0, 0}, {0, 0, 0}},
                                   {{255, 255, 255}, {100, 0, 0}},
                                   {{255, 0, 0}, {53.24, 80.09, 67.20}},
                                   {{0, 255, 0}, {87.73, -86.18, 83.18}},
                                   {{0, 0, 255}, {32.30, 79.19, -107.86}}};
  for (const Case& each : cases) {
    const Lab lab = to_lab(each.color);
    CHECK(lab.lightness == Approx(each.lab.lightness).margin(0.05));
    CHECK(lab.green_red == Approx(each.lab.green_red).margin(0.05));
    CHECK(lab.blue_yellow == Approx(each.lab.blue_yellow).margin(0.05));
  }
}

TEST_CASE("The lightness of every colour map rises from the first entry to the last") {
  CHECK(colormap_names() == std::vector<std::string>{"cividis", "grey", "magma", "viridis"});
  for (const std::string& name : colormap_names()) {
    const Colormap map = colormap(name, Theme::kDark);
    for (std::size_t i = 0; i + 1 < Colormap::kEntries; ++i) {
      INFO(name << " entry " << i);
      // Entries are rounded to 8 bits: a step may fall by no more than half a code of each channel in both entries, of
      // which one whole code of blue is the smallest part.
      const Rgb color = map.entry(i);
      const Rgb bluer = {color.red, color.green, static_cast<std::uint8_t>(std::min(255, color.blue + 1))};
      const double code = to_lab(bluer).lightness - to_lab(color).lightness;
      CHECK(to_lab(map.entry(i + 1)).lightness >= to_lab(color).lightness - code);
      // Over four entries the rise is larger than any rounding.
      if (i + 4 < Colormap::kEntries) CHECK(to_lab(map.entry(i + 4)).lightness > to_lab(color).lightness);
    }
    CHECK(to_lab(map.entry(255)).lightness - to_lab(map.entry(0)).lightness > 70);
  }
}

TEST_CASE("Cividis has its published ends, and the light theme reverses it and begins at the paper") {
  // matplotlib 3.6.3: cm.get_cmap("cividis")(0), (128) and (255), times 255.
  const Colormap dark = colormap("cividis", Theme::kDark);
  CHECK(dark.at(0.0F) == Rgb{0, 34, 78});
  CHECK(dark.entry(128) == Rgb{125, 124, 120});
  CHECK(dark.at(1.0F) == Rgb{254, 232, 56});
  const Colormap light = colormap("cividis", Theme::kLight);
  for (std::size_t i = 64; i < Colormap::kEntries; ++i) CHECK(light.entry(i) == dark.entry(255 - i));
  CHECK(light.entry(0) == paper(Theme::kLight));
  CHECK(light.entry(32) == mix(paper(Theme::kLight), dark.entry(223), 0.5));
}

TEST_CASE("On light the lightness of every colour map falls from the paper to the last entry") {
  for (const std::string& name : colormap_names()) {
    const Colormap map = colormap(name, Theme::kLight);
    CHECK(map.entry(0) == paper(Theme::kLight));
    for (std::size_t i = 0; i + 4 < Colormap::kEntries; ++i) {
      INFO(name << " entry " << i);
      CHECK(to_lab(map.entry(i + 4)).lightness < to_lab(map.entry(i)).lightness);
    }
  }
}

TEST_CASE("Positions outside the scale take the end colours") {
  const Colormap map = colormap("grey", Theme::kDark);
  CHECK(map.at(-1.0F) == Rgb{0, 0, 0});
  CHECK(map.at(2.0F) == Rgb{255, 255, 255});
  CHECK(map.at(0.5F) == Rgb{128, 128, 128});  // round(127.5)
}

TEST_CASE("An unknown colour map is answered with the known ones") {
  CHECK_THROWS_AS(colormap("jet", Theme::kDark), ConfigError);
  CHECK_THROWS_WITH(colormap("jet", Theme::kDark),
                    "colormap: is not a known map; 'jet'; choose one of cividis, grey, magma, viridis");
}

TEST_CASE("Ink on every colour of every map has a contrast ratio of at least 4.5") {
  // Between black and white the better ratio is never below sqrt(21) = 4.58 (WCAG 2.1: (L1 + 0.05) / (L2 + 0.05)).
  const auto luminance = [](Rgb color) { return std::pow((to_lab(color).lightness + 16) / 116, 3); };
  for (const std::string& name : colormap_names()) {
    const Colormap map = colormap(name, Theme::kDark);
    for (std::size_t i = 0; i < Colormap::kEntries; ++i) {
      const bool white = ink_on(map.entry(i)) == Rgb{255, 255, 255};
      // Below L* = 8 the cube overstates the straight piece by less than 0.003; white ink is far from the limit there.
      const double level = luminance(map.entry(i)) + 0.05;
      CHECK((white ? 1.05 / level : level / 0.05) >= 4.5);
    }
  }
}
