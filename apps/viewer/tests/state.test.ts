// Addresses, selection, filter, roles, lines, curves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { INITIAL, KEYS, parse_address, print_address, type Address } from "../src/state/address.ts";
import { best_curve, ema, figures, last_row, value_at, type Curve } from "../src/state/curves.ts";
import { filter_trouble, parse_filter, passes } from "../src/state/filter.ts";
import { parse_heads, top_lines } from "../src/state/lines.ts";
import { sorted_rows, type RoleRow } from "../src/state/role_table.ts";
import { parse_selection, print_selection, selected_rows, toggle_selection } from "../src/state/selection.ts";
import { combinations, map_of } from "../src/state/shown.ts";
import { layer_name, related, Stats } from "../src/state/stats.ts";
import { correct } from "../src/state/correct.ts";
import type { Block, Manifest } from "../src/format/manifest.ts";
import { RunData } from "../src/format/run_data.ts";
import { noise } from "./fixture.ts";
import { empty_run } from "./writer.ts";

/// A possible address made from a number.
function random_address(seed: number): Address {
  const words = ["", "a", "dec.cross", "q5.k3", "induction>0.5, entropy<1", "a&b=c#d", "é 🦊 %", "@512"];
  const out: Record<string, unknown> = {};
  KEYS.forEach((key, i) => {
    const chance = noise(seed, i);
    if (chance < 0.3) out[key.key] = key.initial;
    else if (typeof key.initial === "boolean") out[key.key] = chance > 0.6;
    else if (key.words) out[key.key] = key.words[Math.floor(noise(seed, i, 1) * key.words.length)];
    else if (typeof key.initial === "string") out[key.key] = words[Math.floor(noise(seed, i, 2) * words.length)];
    else if (key.key === "thr" || key.key === "ema") out[key.key] = Math.round(noise(seed, i, 3) * 99) / 100;
    else out[key.key] = Math.floor(key.least! + noise(seed, i, 4) * Math.min(10_000, key.most! - key.least! + 1));
  });
  return out as unknown as Address;
}

test("200 random states come back from their addresses, in the fixed order of keys", () => {
  const order = KEYS.map((key) => key.key as string);
  for (let seed = 0; seed < 200; ++seed) {
    const address = random_address(seed);
    const unknown: [string, string][] =
      seed % 3 === 0
        ? [
            ["future", "x y"],
            ["utm", "1"],
          ]
        : [];
    const text = print_address(address, unknown);
    const back = parse_address(`#${text}`);
    assert.deepEqual(back.address, address, text);
    assert.deepEqual(back.unknown, unknown);
    assert.deepEqual(back.notes, []);
    assert.equal(print_address(back.address, back.unknown), text);
    const keys = text
      .split("&")
      .filter(Boolean)
      .map((part) => order.indexOf(part.split("=")[0]!))
      .filter((at) => at >= 0);
    assert.deepEqual(
      keys,
      [...keys].sort((a, b) => a - b),
    );
  }
  assert.equal(print_address(INITIAL), "");
});

test("impossible values are a sentence and the default; nothing throws", () => {
  for (const hash of [
    "#v=nowhere",
    "#l=-1",
    "#l=1.5",
    "#k=99",
    "#t=soon",
    "#thr=",
    "#num=yes",
    "#%E0%A4%A",
    "#=&&=x&v",
    "#ema=NaN",
  ]) {
    const parsed = parse_address(hash);
    assert.deepEqual(parsed.address, INITIAL, hash);
    assert.ok(parsed.notes.length + parsed.unknown.length > 0, hash);
  }
  assert.match(parse_address("#sc=loud").notes[0]!, /sc=loud, but it is one of lin, row/);
});

test("selections", () => {
  assert.equal(print_selection(parse_selection("q5.k3.q1k2.bad.")), "q5.k3.q1k2");
  assert.equal(toggle_selection("", { q: 5 }, false), "q5");
  assert.equal(toggle_selection("q5", { q: 5 }, false), "");
  assert.equal(toggle_selection("q5", { k: 1 }, true), "q5.k1");
  assert.equal(toggle_selection("q5.k1", { q: 5 }, true), "k1");
  assert.equal(toggle_selection("q5.k1", { q: 2, k: 0 }, false), "q2k0");
  assert.deepEqual(selected_rows(parse_selection("q2.q0.q9"), 4), [0, 2]);
  assert.deepEqual(selected_rows([], 3), [0, 1, 2]);
});

const columns = [
  "role.previous.score",
  "role.previous.n",
  "role.previous.chance",
  "role.induction.score",
  "role.induction.n",
  "role.induction.chance",
  "entropy.bits",
  "entropy.share",
  "confidence.mean",
];
const stats = new Stats(
  {
    steps: [0, 10],
    heads: [
      [0, 0, 0],
      [0, 0, 1],
      [0, 1, 0],
    ],
    columns,
    section: 0,
    evaluated: "x",
    thresholds: { score: 0.4, lift: 3, uniform: 0.9 },
  },
  Float32Array.from([
    ...[0.1, 9, 0.1, 0.1, 9, 0.1, 3, 0.95, 0.2],
    ...[0.1, 9, 0.1, 0.1, 9, 0.1, 3, 0.5, 0.2],
    ...[NaN, 0, NaN, NaN, 0, NaN, 3, 0.5, 0.2],
    ...[0.9, 9, 0.1, 0.5, 9, 0.01, 1, 0.2, 0.9],
    ...[0.9, 9, 0.1, 0.39, 9, 0.01, 1, 0.2, 0.9],
    ...[0.5, 9, 0.4, NaN, 0, NaN, 3, 0.91, 0.2],
  ]),
);

test("the tag is the role of highest lift that has enough score and lift", () => {
  assert.deepEqual(
    [0, 1, 2].map((head) => stats.tag(0, head)),
    ["uniform", "—", "—"],
  );
  // Induction has lift 50 against 9; with a score below 0.4 it does not count; previous has a lift of 1.25 only.
  assert.deepEqual(
    [0, 1, 2].map((head) => stats.tag(1, head)),
    ["induction", "previous", "uniform"],
  );
  assert.deepEqual(
    [-5, 0, 9, 10, 99].map((step) => stats.step_index(step)),
    [0, 0, 0, 1, 1],
  );
  assert.equal(stats.head_index(0, 1, 0), 2);
});

test("filters", () => {
  const of = (text: string) => {
    const parsed = parse_filter(text);
    assert.ok("conditions" in parsed, text);
    return [0, 1, 2].map((head) => passes(stats, 1, head, parsed.conditions));
  };
  assert.deepEqual(of("induction>0.4"), [true, false, false]);
  assert.deepEqual(of("previous>=0.5, entropy<2"), [true, true, false]);
  assert.deepEqual(of("tag=uniform"), [false, false, true]);
  assert.deepEqual(of("lift>10"), [true, true, false]);
  assert.deepEqual(of(""), [true, true, true]);
  assert.match((parse_filter("induction") as { error: string }).error, /no condition/);
  assert.match((parse_filter("entropy<much") as { error: string }).error, /no number/);
  const strange = parse_filter("charm>1") as { conditions: [] };
  assert.match(filter_trouble(stats, strange.conditions), /nothing is called “charm”; there are previous, induction/);
});

test("the ablation that a run has stands where its mean is not", () => {
  const of = (...names: string[]) =>
    new Stats({ ...stats.info, columns: names.map((name) => `ablation.${name}.loss`) }, new Float32Array(0));
  assert.deepEqual([of("zero", "mean").mode(), of("zero", "mean").mode("zero")], ["mean", "zero"]);
  assert.deepEqual([of("zero").mode(), of("uniform").mode("mean"), of("uniform", "zero").mode()], ["zero", "uniform", "zero"]);
  assert.deepEqual(of().modes, []);
  const zero = new Stats(
    { ...stats.info, columns: ["ablation.zero.loss"], steps: [0], heads: [[0, 0, 0], [0, 0, 1]] },
    Float32Array.of(0.5, 0.01),
  );
  const { conditions } = parse_filter("ablation>0.1") as { conditions: [] };
  assert.equal(filter_trouble(zero, conditions), "");
  assert.deepEqual([0, 1].map((head) => passes(zero, 0, head, conditions)), [true, false]);
});

test("layers have the numbers of their stack where a block holds some of it only", () => {
  const block = { name: "enc.self", kind: "enc.self", layer_numbers: [0, 2] } as Block;
  assert.deepEqual([layer_name(block, 1), layer_name({ ...block, layer_numbers: undefined }, 1)], ["enc.self L2", "enc.self L1"]);
});

test("there is no rollout through layers that lie in another block", () => {
  const whole = { name: "enc.self", kind: "enc.self" } as Block;
  assert.deepEqual(combinations(whole), ["mean", "max", "rollout"]);
  assert.deepEqual(combinations({ ...whole, kind: "dec.cross" }), ["mean", "max"]);
  const part = { ...whole, layer_numbers: [0, 2] };
  assert.deepEqual(combinations(part), ["mean", "max"]);
  const run = { ...empty_run("a", "a"), blocks: [{ ...part, layers: 2, heads: 2, shapes: [] as [] } as unknown as Block] };
  const notes: string[] = [];
  const manifest = { runs: [run] } as unknown as Manifest;
  assert.equal(correct({ ...INITIAL, agg: "rollout" }, manifest, notes).agg, "head");
  assert.match(notes[0]!, /no rollout over enc\.self: layers of other sizes lie between/);
  const reads = () => assert.fail("a rollout that there is not must read nothing");
  const loaded = map_of(new RunData(run, reads), { block: 0, probe: 0, snapshot: 0, layer: 1, head: 0 }, "rollout");
  assert.match(loaded.status === "error" ? loaded.message : "", /layers of other sizes/);
});

test("related heads: the most alike first, those of other shapes last", () => {
  const matrix = Float32Array.from([1, 0.2, 0.9, NaN, 0.2, 1, 0, NaN, 0.9, 0, 1, NaN, NaN, NaN, NaN, 1]);
  assert.deepEqual(related(matrix, 4, 0), [0, 2, 1, 3]);
  assert.deepEqual(related(matrix, 4, 3), [3, 0, 1, 2]);
});

test("role rows sort both ways; missing numbers are last either way", () => {
  const row = (nth: number, value: number, tag: string): RoleRow => ({
    nth,
    block: 0,
    layer: 0,
    head: nth,
    name: `H${nth}`,
    tag,
    numbers: { x: value },
  });
  const rows = [row(0, 0.5, "b"), row(1, NaN, "a"), row(2, 0.9, "b"), row(3, 0.5, "c")];
  const order = (by: string) => sorted_rows(rows, by).map((r) => r.nth);
  assert.deepEqual(order(""), [0, 1, 2, 3]);
  assert.deepEqual(order("x"), [2, 0, 3, 1]);
  assert.deepEqual(order("-x"), [0, 3, 2, 1]);
  assert.deepEqual(order("tag"), [1, 0, 2, 3]);
  assert.deepEqual(order("-head"), [3, 2, 1, 0]);
});

test("never more than k lines a query, the heaviest ones", () => {
  const map = (seed: number) => ({
    rows: 6,
    cols: 5,
    exact: true,
    marks: new Uint8Array(30),
    values: Float32Array.from({ length: 30 }, (_, i) => noise(seed, i)),
  });
  const rows = [0, 1, 2, 3, 4, 5];
  const lines = top_lines([map(1), map(2), map(3)], rows, 3, 0);
  assert.equal(lines.length, 18);
  for (const q of rows) {
    const all = [1, 2, 3].flatMap((seed) => [...map(seed).values.subarray(q * 5, q * 5 + 5)]).sort((a, b) => b - a);
    assert.deepEqual(
      lines.filter((line) => line.q === q).map((line) => line.weight),
      all.slice(0, 3),
    );
  }
  assert.ok(top_lines([map(1)], rows, 10, 0.8).every((line) => line.weight >= 0.8));
  assert.deepEqual(parse_heads("2.0.2.9.x", 4), [0, 2]);
});

test("the moving average is free of bias: exact on constants, and the weighted mean else", () => {
  for (const constant of [0.1, 1 / 3, 2.3e-7, -5]) {
    assert.ok(ema(new Array(1000).fill(constant), 0.98).every((value) => value === constant));
  }
  const values = [3, 1, 4, 1, 5];
  const beta = 0.9;
  const weights = values.map((_, i) => beta ** (values.length - 1 - i));
  const wanted = values.reduce((sum, value, i) => sum + value * weights[i]!, 0) / weights.reduce((a, b) => a + b);
  assert.ok(Math.abs(ema(values, beta).at(-1)! - wanted) < 1e-14);
  assert.deepEqual([...ema([1, NaN, 1], 0.5)], [1, NaN, 1]);
});

test("the value of a curve at a step is the last one up to it", () => {
  const curve = (name: string, split: "train" | "eval"): Curve => ({
    name,
    split,
    steps: Float64Array.of(0, 10, 20),
    values: Float64Array.of(0.5, 0.25, 0.987),
    gaps: new Set(),
  });
  assert.deepEqual(
    [-1, 0, 9, 10, 99].map((s) => value_at(curve("x", "eval"), s)),
    [undefined, 0.5, 0.5, 0.25, 0.987],
  );
  assert.deepEqual(figures([curve("loss", "train"), curve("tok_acc", "eval")], 20), [
    "loss 0.987",
    "token accuracy 98.7\u2009%",
  ]);
  // 99.97 % is not everything right.
  const nearly = { ...curve("seq_acc", "eval"), values: Float64Array.of(0, 0, 0.9997) };
  assert.deepEqual(figures([nearly], 20), ["sequence accuracy 99.9\u2009%"]);
  assert.deepEqual([last_row([nearly]), last_row([])], [20, -1]);
  assert.equal(best_curve([curve("loss", "train"), curve("loss", "eval")], "loss")!.split, "eval");
});
