// Colour tables as the pixels of a canvas want them: 32-bit words, alpha highest.

import colormaps from "../../../inspect/colormaps.json";

export const MAP_NAMES = Object.keys(colormaps.maps) as (keyof typeof colormaps.maps)[];

export type Table = Uint32Array;

/// The word of "#rrggbb".
export function word(hex: string): number {
  const rgb = parseInt(hex.slice(1), 16);
  return (0xff000000 | ((rgb & 0xff) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0;
}

/// "#rrggbb" of a word.
export function css_colour(value: number): string {
  const rgb = ((value & 0xff) << 16) | (value & 0xff00) | ((value >> 16) & 0xff);
  return `#${rgb.toString(16).padStart(6, "0")}`;
}

/// The background of the light theme, --bg in style/theme.css.
const LIGHT_PAPER = word("#fbfaf7");
/// Entries over which a map turned round comes out of that background. With as many, cividis goes on in steps of the size
/// that it has everywhere (at most 1.6 in CIE 1976 L*a*b*, 0.7 on average, both as without), and its lightness still falls
/// all the way.
const FADE = 64;

/// The colour `part` of the way from one word to another.
export function mixed(from: number, to: number, part: number): number {
  const mix = (shift: number) => {
    const [a, b] = [(from >>> shift) & 0xff, (to >>> shift) & 0xff];
    return Math.round(a + (b - a) * part) << shift;
  };
  return (0xff000000 | mix(0) | mix(8) | mix(16)) >>> 0;
}

/// 256 entries from weight 0 to weight 1. In a light theme the map is turned round, and its first quarter fades into the
/// background, so that zero meets it there as the dark end of a map does on dark; unless `same` asks for one map in both.
export function weight_table(name: string, dark: boolean, same: boolean): Table {
  const hexes = colormaps.maps[name as keyof typeof colormaps.maps] ?? colormaps.maps.cividis;
  const table = Uint32Array.from(hexes, word);
  return dark || same
    ? table
    : table.reverse().map((colour, i) => (i < FADE ? mixed(LIGHT_PAPER, colour, i / FADE) : colour));
}

// RdBu, 11 classes, of ColorBrewer (Cynthia Brewer, Mark Harrower, Pennsylvania State University; Apache-2.0), from -1
// (blue) to 1 (red).
const RD_BU = [
  "#053061",
  "#2166ac",
  "#4393c3",
  "#92c5de",
  "#d1e5f0",
  "#f7f7f7",
  "#fddbc7",
  "#f4a582",
  "#d6604d",
  "#b2182b",
  "#67001f",
];
// The same halves, each turned round, about a dark middle: zero meets a dark background too.
const RD_BU_DARK = [
  "#d1e5f0",
  "#92c5de",
  "#4393c3",
  "#2166ac",
  "#053061",
  "#14171d",
  "#67001f",
  "#b2182b",
  "#d6604d",
  "#f4a582",
  "#fddbc7",
];

/// 255 entries from -1 to 1; the middle one, 127, is zero.
export function difference_table(dark: boolean, same: boolean): Table {
  const anchors = (dark && !same ? RD_BU_DARK : RD_BU).map((hex) => word(hex));
  return Uint32Array.from({ length: 255 }, (_, i) => {
    const place = (i / 254) * (anchors.length - 1);
    const low = Math.min(anchors.length - 2, Math.floor(place));
    return mixed(anchors[low]!, anchors[low + 1]!, place - low);
  });
}

/// Black or white, whichever reads better on the colour.
export function ink_on(value: number): string {
  const linear = (c: number) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const luminance =
    0.2126 * linear(value & 0xff) + 0.7152 * linear((value >> 8) & 0xff) + 0.0722 * linear((value >> 16) & 0xff);
  return luminance > 0.18 ? "#000" : "#fff";
}
