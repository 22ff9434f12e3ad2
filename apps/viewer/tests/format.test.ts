// Sections and packing: what is written is read back, and damage is a sentence.

import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync, crc32 as node_crc32 } from "node:zlib";
import { BrokenCells } from "../src/format/broken.ts";
import { code_of, make_delta, packed_size, tril_start, undo_delta, weight_of_code } from "../src/format/codes.ts";
import { crc32, crc_text } from "../src/format/crc32.ts";
import { MARK, max_pool, pooled_cell, drop_first, combine, entropy, rollout, difference, type HeadMap } from "../src/format/head_map.ts";
import type { Invalid } from "../src/format/manifest.ts";
import { decode_section, SectionError } from "../src/format/sections.ts";
import { FormatError, parse_manifest } from "../src/format/validate.ts";
import { cell_text } from "../src/text/number.ts";
import { noise } from "./fixture.ts";

function map_of(rows: number, cols: number, value: (q: number, k: number) => number): HeadMap {
  const values = Float32Array.from({ length: rows * cols }, (_, i) => value(Math.floor(i / cols), i % cols));
  return { rows, cols, values, marks: new Uint8Array(rows * cols), exact: true };
}

test("row q of a triangle starts behind the q(q+1)/2 values of the rows before it", () => {
  let counted = 0;
  for (let q = 0; q < 50; ++q) {
    assert.equal(tril_start(q), counted);
    counted += q + 1;
  }
  assert.equal(packed_size("tril", 50, 50), counted);
  assert.equal(packed_size("full", 5, 7), 35);
});

test("codes are floor(255 a + 1/2), clamped, and off by at most 1/510", () => {
  assert.deepEqual([0, 1, 0.5, -1, 2, NaN].map(code_of), [0, 255, 128, 0, 255, 0]);
  for (let i = 0; i <= 5100; ++i) {
    const weight = i / 5100;
    // float32 rounds code / 255 by at most 2^-25.
    assert.ok(Math.abs(weight_of_code[code_of(weight)]! - weight) <= 1 / 510 + 2 ** -25);
  }
});

test("differences between snapshots are modulo 256 and undone exactly", () => {
  const size = 7;
  const bytes = Uint8Array.from({ length: 5 * size }, (_, i) => Math.floor(256 * noise(i)));
  const packed = bytes.slice();
  make_delta(packed, size);
  assert.deepEqual(packed.subarray(0, size), bytes.subarray(0, size));
  for (let i = size; i < bytes.length; ++i) assert.equal(packed[i], (bytes[i]! - bytes[i - size]! + 256) % 256);
  undo_delta(packed, size);
  assert.deepEqual(packed, bytes);
});

test("the checksum is that of zlib: 0xcbf43926 of the digits 1 to 9 (RFC 3720 appendix and others)", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  assert.equal(crc_text(0xab), "000000ab");
  if (!node_crc32) return;
  for (const length of [0, 1, 3, 4, 5, 1000, 1023]) {
    const bytes = Uint8Array.from({ length }, (_, i) => Math.floor(256 * noise(i, length)));
    assert.equal(crc32(bytes), node_crc32(bytes));
  }
});

const raw = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) % 251);
const good = { text: deflateSync(raw).toString("base64"), enc: "deflate", raw: 1000, crc: crc_text(crc32(raw)) };

test("a section is read back; white space in its text does not matter", async () => {
  assert.deepEqual(await decode_section(0, "x", good), raw);
  const spaced = { ...good, text: good.text.replace(/(.{40})/g, "$1\n") };
  assert.deepEqual(await decode_section(0, "x", spaced), raw);
  assert.deepEqual(
    await decode_section(0, "x", { ...good, enc: "none", text: Buffer.from(raw).toString("base64") }),
    raw,
  );
});

test("a damaged section is a sentence that names it", async () => {
  const damaged = [
    { ...good, crc: "00000000" },
    { ...good, raw: 999 },
    { ...good, raw: 1001 },
    { ...good, text: good.text.slice(0, 40) },
    { ...good, text: "!" + good.text.slice(1) },
    { ...good, text: "" },
  ];
  for (const section of damaged) {
    await assert.rejects(
      decode_section(3, "dec.cross, probe 2", section),
      (error: Error) =>
        error instanceof SectionError &&
        /^Section 3 \(dec\.cross, probe 2\) cannot be read: .+headlight view\.$/s.test(error.message),
    );
  }
});

test("a manifest that cannot be shown is refused with its place", () => {
  const refused = (value: unknown, pattern: RegExp) =>
    assert.throws(
      () => parse_manifest(typeof value === "string" ? value : JSON.stringify(value)),
      (error: Error) => error instanceof FormatError && pattern.test(error.message),
    );
  const whole = { format: "headlight.view/1", generator: "x", created: "x", vocab: [], notes: [] };
  refused("{", /no JSON/);
  refused([], /no object but array/);
  refused({ ...whole, format: "headlight.view/2" }, /headlight\.view\/2, but this page reads headlight\.view\/1/);
  refused({ ...whole, runs: [] }, /runs is empty/);
  refused({ ...whole, runs: [{ id: "a" }] }, /runs\[0\]\.name is missing/);
});

test("pooling keeps the maximum, and what is no number wins", () => {
  const map = map_of(5, 5, (q, k) => (q * 5 + k) / 25);
  map.marks[0] = MARK.hidden;
  map.marks[24] = MARK.nan;
  const pooled = max_pool(map, 2);
  assert.deepEqual([pooled.rows, pooled.cols], [3, 3]);
  assert.equal(pooled.values[0], Math.fround(6 / 25));
  assert.equal(pooled.marks[0], MARK.weight);
  assert.equal(pooled.marks[8], MARK.nan);
  assert.equal(max_pool(map, 1), map);
});

test("the cell of a pooled block is the one that gives its colour", () => {
  const map = map_of(600, 600, (q, k) => noise(q, k));
  map.marks.set([MARK.hidden, MARK.hidden, MARK.hidden], 0);
  const pooled = max_pool(map, 3);
  for (let q = 0; q < pooled.rows; ++q) {
    for (let k = 0; k < pooled.cols; ++k) {
      const cell = pooled_cell(map, 3, q, k);
      assert.deepEqual([Math.floor(cell.q / 3), Math.floor(cell.k / 3)], [q, k]);
      assert.equal(map.values[600 * cell.q + cell.k], pooled.values[200 * q + k]);
    }
  }
});

test("of equal cells of a block the first is meant, of hidden ones the first, of what is no number the first", () => {
  const map = map_of(2, 6, () => 0.5);
  map.marks.set([0, 0, 1, 1, 0, 0, 0, 0, 1, 1, MARK.inf, MARK.nan]);
  const found = [0, 1, 2].map((k) => pooled_cell(map, 2, 0, k));
  assert.deepEqual(found, [{ q: 0, k: 0 }, { q: 0, k: 2 }, { q: 1, k: 4 }]);
  assert.deepEqual([...max_pool(map, 2).marks], [MARK.weight, MARK.hidden, MARK.inf]);
  // At the edge a block has fewer cells; below 0 the largest is the one nearest to it.
  const signed = map_of(3, 3, (q, k) => -1 - q - k);
  signed.marks[4] = MARK.hidden;
  assert.deepEqual([pooled_cell(signed, 2, 1, 1), pooled_cell(signed, 2, 0, 0)], [{ q: 2, k: 2 }, { q: 0, k: 0 }]);
});

test("values that follow from codes say how far they may be off, where that is known", () => {
  const [a, b] = [map_of(2, 2, () => 0.5), map_of(2, 2, () => 0.25)].map(
    (map): HeadMap => ({ ...map, exact: false, unsure: 1 / 510 }),
  ) as [HeadMap, HeadMap];
  assert.equal(combine([a, b], "mean").unsure, 1 / 510);
  assert.equal(difference(a, b).unsure, 2 / 510);
  assert.equal(difference(a, { ...b, exact: true, unsure: undefined }).unsure, 1 / 510);
  assert.equal(cell_text(difference(a, a), 0, 0), "<0.004 (8-bit)");
  // Divided by what the first key leaves they may be off by any factor.
  assert.equal(drop_first(a).unsure, undefined);
});

test("mean and maximum over heads; a hidden cell counts as 0 in the mean", () => {
  const [a, b] = [map_of(1, 2, () => 0.5), map_of(1, 2, () => 0.25)];
  b.marks[1] = MARK.hidden;
  b.values[1] = 0;
  assert.deepEqual([...combine([a, b], "mean").values], [0.375, 0.25]);
  assert.deepEqual([...combine([a, b], "max").values], [0.5, 0.5]);
});

test("rollout of one layer is (A + I)/2, of two their product; rows sum to 1", () => {
  const a = map_of(2, 2, (q, k) => (q === 0 ? Number(k === 0) : 0.5));
  const first = rollout(a);
  const second = rollout(a, first);
  assert.deepEqual([...first.values], [1, 0, 0.25, 0.75]);
  // (0.25, 0.75) of the second layer times the first: 0.25 * 1 + 0.75 * 0.25 and 0.75 * 0.75.
  assert.deepEqual([...second.values], [1, 0, 0.4375, 0.5625]);
});

test("without the first key rows are normalised again; a row that gave all to it is zero", () => {
  const map = drop_first(map_of(2, 3, (q, k) => (q === 0 ? [0.5, 0.25, 0.25][k]! : [1, 0, 0][k]!)));
  assert.deepEqual([...map.values], [0, 0.5, 0.5, 0, 0, 0]);
  assert.equal(map.marks[0], MARK.hidden);
});

test("the difference of a map and itself is zero everywhere", () => {
  const map = map_of(4, 4, (q, k) => noise(q, k));
  assert.ok(difference(map, map).values.every((value) => value === 0));
});

test("broken cells are marked where they are, and nowhere else", () => {
  const at = { block: 1, probe: 0, step: 30, layer: 1, head: 2, q: 1, k: 2, value: "nan" } satisfies Invalid;
  const entries: Invalid[] = [
    { ...at, k: null, value: "inf" },
    at,
    { ...at, step: 10, probe: null, layer: null, head: null, q: null, k: 0, value: "-inf" },
    { ...at, step: 7 },
  ];
  const cells = new BrokenCells(entries, [10, 20, 30]);
  const marks = (snapshot: number, change = {}) => {
    const map = map_of(3, 3, () => 0.5);
    const before = map.marks;
    cells.mark(map, { block: 1, probe: 0, layer: 1, head: 2, snapshot, ...change });
    assert.ok(before.every((mark) => mark === 0), "marks are shared and must not be written");
    return [...map.marks].join("");
  };
  assert.equal(marks(2), "000443000");
  assert.equal(marks(1), "000000000");
  assert.equal(marks(0), "500500500");
  assert.equal(marks(0, { probe: 3, layer: 0, head: 7 }), "500500500");
  for (const other of [{ block: 0 }, { probe: 1 }, { layer: 0 }, { head: 1 }, { layer: 5 }, { block: 9 }]) {
    assert.equal(marks(2, other), "000000000", JSON.stringify(other));
  }
});

test("a list of broken cells takes 17 bytes a cell once it has been read", () => {
  const count = 200_000;
  const entries = Array.from({ length: count }, (_, i): Invalid => {
    const [q, k, head] = [Math.floor(noise(i) * 100), i % 100, Math.floor(noise(i, 1) * 8)];
    return { block: 0, probe: 0, step: 5, layer: 0, head, q, k, value: "nan" };
  });
  const cells = new BrokenCells(entries, [5]);
  const bytes = Object.values(cells).reduce((sum, part) => sum + (ArrayBuffer.isView(part) ? part.byteLength : 0), 0);
  assert.equal(bytes, 17 * count);
  const wanted = new Set(entries.filter((entry) => entry.head === 3).map((entry) => 100 * entry.q! + entry.k!));
  const map = map_of(100, 100, () => 0);
  cells.mark(map, { block: 0, probe: 0, layer: 0, head: 3, snapshot: 0 });
  map.marks.forEach((mark, i) => assert.equal(mark === MARK.nan, wanted.has(i)));
});

test("entropy in bits, and as a share of the logarithm of the visible keys", () => {
  const even = entropy(map_of(2, 4, () => 0.25));
  assert.deepEqual(even, { bits: 2, share: 1 });
  // Causal, all weight on two of the keys: row 0 sees one key and does not count; rows 1 and 2 have one bit each, of
  // log2(2) and log2(3).
  const causal = map_of(3, 3, (q, k) => (k <= Math.min(q, 1) ? (q === 0 ? 1 : 0.5) : 0));
  causal.marks.set([0, 1, 1, 0, 0, 1, 0, 0, 0]);
  const found = entropy(causal);
  assert.equal(found.bits, 1);
  assert.ok(Math.abs(found.share - (1 + 1 / Math.log2(3)) / 2) < 1e-12);
  assert.ok(Number.isNaN(entropy(map_of(1, 1, () => 1)).bits));
  causal.marks[4] = MARK.nan;
  assert.ok(Number.isNaN(entropy(causal).bits));
});
