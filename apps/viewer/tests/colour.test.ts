// Colour tables and scales.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { scale_indices, signed_indices } from "../src/colour/scale.ts";
import { css_colour, difference_table, ink_on, MAP_NAMES, weight_table } from "../src/colour/tables.ts";
import { MARK, type HeadMap } from "../src/format/head_map.ts";

declare const VIEWER_DIR: string;
const source = JSON.parse(readFileSync(join(VIEWER_DIR, "..", "inspect", "colormaps.json"), "utf8"));

/// L* of CIELAB (CIE 1976) of a colour word.
function lightness(word: number): number {
  const linear = (c: number) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const y = 0.2126 * linear(word & 255) + 0.7152 * linear((word >> 8) & 255) + 0.0722 * linear((word >> 16) & 255);
  return y > 0.008856 ? 116 * Math.cbrt(y) - 16 : 903.3 * y;
}

test("the tables in the page are those of colormaps.json, which the program reads too", () => {
  assert.deepEqual(MAP_NAMES, Object.keys(source.maps));
  const hash = (text: string) => createHash("sha256").update(text).digest("hex");
  for (const name of MAP_NAMES) {
    const table = weight_table(name, true, false);
    assert.equal(table.length, 256);
    assert.equal(hash([...table].map(css_colour).join()), hash(source.maps[name].join()));
  }
});

test("lightness rises along every map, and falls along it in a light theme, up to the rounding to 8 bits", () => {
  for (const name of MAP_NAMES) {
    for (const dark of [true, false]) {
      const levels = [...weight_table(name, dark, false)].map(lightness);
      if (!dark) levels.reverse();
      for (let i = 1; i < 256; ++i) assert.ok(levels[i]! > levels[i - 1]! - 0.35, `${name} ${i}`);
      assert.ok(levels[255]! - levels[0]! > 60, name);
    }
  }
});

test("a light theme turns the map round and lets zero be the background, unless one map is asked for", () => {
  const dark = [...weight_table("cividis", true, false)];
  const light = [...weight_table("cividis", false, false)];
  assert.equal(css_colour(light[0]!), "#fbfaf7");
  assert.deepEqual(light.slice(64), dark.reverse().slice(64));
  // Half of the way from #fbfaf7 to the colour of entry 32, channel by channel.
  const paper = [0xfb, 0xfa, 0xf7];
  const half = paper.map((c, i) => Math.round((c + ((dark[32]! >>> (8 * i)) & 0xff)) / 2));
  assert.deepEqual([0, 8, 16].map((shift) => (light[32]! >>> shift) & 0xff), half);
  assert.deepEqual([...weight_table("cividis", false, true)], dark.reverse());
});

test("differences run from blue over the middle to red; the ends are those of ColorBrewer's RdBu", () => {
  const table = difference_table(false, false);
  assert.deepEqual(
    [0, 127, 254].map((i) => css_colour(table[i]!)),
    ["#053061", "#f7f7f7", "#67001f"],
  );
  assert.equal(css_colour(difference_table(true, false)[127]!), "#14171d");
});

test("ink is black on light and white on dark", () => {
  assert.equal(ink_on(0xffffffff), "#000");
  assert.equal(ink_on(0xff000000), "#fff");
});

const map: HeadMap = {
  rows: 2,
  cols: 3,
  values: Float32Array.from([0, 0.5, 1, 0.1, 0.2, 0]),
  marks: Uint8Array.from([0, 0, 0, 0, 0, MARK.hidden]),
  exact: true,
};

test("linear indices are the codes of the weights", () => {
  for (let code = 0; code < 256; ++code) {
    const one = { ...map, rows: 1, cols: 1, values: Float32Array.of(code / 255), marks: new Uint8Array(1) };
    assert.equal(scale_indices(one, "lin")[0], code);
  }
});

test("other scales at known places", () => {
  assert.deepEqual([...scale_indices(map, "row")], [0, 128, 255, 128, 255, 0]);
  assert.deepEqual([...scale_indices(map, "head")], [0, 128, 255, 26, 51, 0]);
  assert.deepEqual([...scale_indices(map, "sqrt")].slice(0, 3), [0, 180, 255]);
  // log10(0.1) is a third of the way down from 1 to 0.001.
  assert.equal(scale_indices(map, "log")[3], 170);
  assert.equal(scale_indices({ ...map, values: Float32Array.from([1e-3, 1e-9, 0, 1, 1, 1]) }, "log")[0], 0);
});

test("zero is the middle of a signed scale, and the limits its ends", () => {
  const signed = { ...map, values: Float32Array.from([-1, 0, 1, -5, 5, 0.5]) };
  assert.deepEqual([...signed_indices(signed, 1)], [0, 127, 254, 0, 254, 191]);
  assert.ok(signed_indices(signed, 0).every((index) => index === 127));
});
