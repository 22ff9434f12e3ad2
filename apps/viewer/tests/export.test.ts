// Files that the page writes, read back by rules that are not its own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gif_frames, unpacked } from "../../../tests/browser/gif.ts";
import { csv, csv_field, matrix_csv, matrix_values } from "../src/export/csv.ts";
import { file_name } from "../src/export/download.ts";
import { npy } from "../src/export/npy.ts";
import { Gif, lzw } from "../src/export/gif.ts";
import { scene_svg, xml_text } from "../src/export/scene_svg.ts";
import type { Scene } from "../src/export/scene.ts";
import { MARK, type HeadMap } from "../src/format/head_map.ts";
import { noise } from "./fixture.ts";

const map: HeadMap = {
  rows: 2,
  cols: 3,
  values: Float32Array.from([0.1, 0.2, 0, 0.3, 0, 0]),
  marks: Uint8Array.from([0, 0, MARK.hidden, 0, MARK.nan, MARK.inf]),
  exact: true,
};

test(".npy: magic, version, header of a multiple of 64, little-endian float32", () => {
  const bytes = npy(map.values, [2, 3]);
  assert.deepEqual([...bytes.subarray(0, 8)], [0x93, ...Buffer.from("NUMPY"), 1, 0]);
  const view = new DataView(bytes.buffer);
  const length = view.getUint16(8, true);
  assert.equal((10 + length) % 64, 0);
  const header = Buffer.from(bytes.subarray(10, 10 + length)).toString("latin1");
  assert.match(header, /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(2, 3\), \} *\n$/);
  assert.equal(bytes.length, 10 + length + 24);
  map.values.forEach((value, i) => assert.equal(view.getFloat32(10 + length + 4 * i, true), value));
});

test("CSV fields with commas, quotes and line breaks are quoted (RFC 4180)", () => {
  assert.deepEqual(["a", "a,b", 'a"b', "a\nb", 1.5].map(csv_field), ["a", '"a,b"', '"a""b"', '"a\nb"', "1.5"]);
  assert.equal(
    csv([
      ["x", 1],
      ["y", 2],
    ]),
    "x,1\r\ny,2\r\n",
  );
});

test("the matrix as CSV: float32 that reads back, hidden cells empty", () => {
  const lines = matrix_csv(map, ["a", ","], ["x", "y", "z"]).split("\r\n");
  assert.equal(lines[0], "query\\key,0:x,1:y,2:z");
  const cells = lines[1]!.split(",");
  assert.equal(Math.fround(Number(cells[1])), map.values[0]);
  assert.equal(cells[3], "");
  assert.equal(lines[2], `"1:,",${String(map.values[3])},nan,inf`);
  const values = matrix_values(map);
  assert.ok(Number.isNaN(values[2]!) && Number.isNaN(values[4]!) && values[5] === Infinity);
});

test("SVG is well formed whatever the text says, and small maps are rectangles", () => {
  const look = { kind: "weight", scale: "lin", map: "cividis", dark: true, same: false } as const;
  const palette = {
    paper: "#fff",
    ink: "#000",
    soft: "#333",
    line: "#ccc",
    edge: "#999",
    hatch: "#ccc",
    hatch_back: "#eee",
    accent: "#00f",
    good: "#0f0",
    bad: "#f00",
    series: ["#00f"],
  };
  const text = '</text><script>"&\u0007';
  const scene: Scene = {
    width: 100,
    height: 50,
    title: text,
    palette,
    shapes: [
      { kind: "text", x: 1, y: 2, text, size: 11, fill: "#000", turned: true },
      { kind: "map", x: 0, y: 0, width: 30, height: 20, map, look },
      { kind: "bar", x: 0, y: 0, width: 100, height: 5, look },
      {
        kind: "path",
        points: [
          [0, 0],
          [5, 5],
        ],
        curve: true,
        stroke: "#000",
        line: 1,
      },
    ],
  };
  const svg = scene_svg(scene, () => "data:,");
  assert.equal(xml_text(text), "&lt;/text&gt;&lt;script&gt;&quot;&amp;\ufffd");
  assert.ok(!svg.includes("<script") && !svg.includes("<image"));
  assert.ok(svg.includes('fill="url(#hatch)"'));
  // Every element that is opened is closed.
  const open: string[] = [];
  for (const [, close, name, self] of svg.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/gi)) {
    if (close) assert.equal(open.pop(), name);
    else if (!self) open.push(name!);
  }
  assert.deepEqual(open, []);
  const big = { ...map, rows: 70, cols: 70, values: new Float32Array(4900), marks: new Uint8Array(4900) };
  assert.match(
    scene_svg(
      { ...scene, shapes: [{ kind: "map", x: 0, y: 0, width: 9, height: 9, map: big, look }] },
      () => "data:,x",
    ),
    /<image [^>]*href="data:,x"/,
  );
});

test("names of files have no separators or spaces", () => {
  assert.equal(file_name(["a/b c", "", "é", 3], "png"), "a-b-c-é-3.png");
});

test("codes of a GIF are read back: long runs, noise that fills the table, and the sizes between", () => {
  for (const length of [1, 2, 300, 4000, 70_000]) {
    for (const colours of [1, 2, 16, 256]) {
      const indices = Uint8Array.from({ length }, (_, i) => Math.floor(colours * noise(i, colours)));
      assert.deepEqual(unpacked(Uint8Array.from(lzw(indices)), 8, length), [...indices], `${length} of ${colours}`);
    }
  }
  assert.deepEqual(unpacked(Uint8Array.from(lzw(new Uint8Array(200_000).fill(7))), 8, 200_000).length, 200_000);
});

test("frames of a GIF after the first have what changed alone", () => {
  const gif = new Gif(2, 1, [0xff0000ff, 0xff00ff00]);
  gif.frame(Uint8Array.of(0, 1), 25);
  gif.frame(Uint8Array.of(1, 1), 200);
  const { width, height, frames } = gif_frames(Buffer.from(gif.done()));
  assert.deepEqual([width, height], [2, 1]);
  assert.deepEqual([...frames[0]!.data], [255, 0, 0, 255, 0, 255, 0, 255]);
  assert.deepEqual([...frames[1]!.data], [0, 255, 0, 255, 0, 255, 0, 255]);
  assert.deepEqual([frames[0]!.hundredths, frames[1]!.hundredths], [25, 200]);
});
