// Curves and lines of many points: what is drawn of them, and what tables have.

import assert from "node:assert/strict";
import { test } from "node:test";
import { curve_shapes, plot_box } from "../src/draw/curve_shapes.ts";
import type { Palette } from "../src/export/scene.ts";
import { all_steps, type Curve } from "../src/state/curves.ts";
import { Stats } from "../src/state/stats.ts";
import { noise } from "./fixture.ts";

const PALETTE = { line: "l", soft: "s", edge: "e", bad: "b", accent: "a", series: ["0", "1", "2", "3"] } as Palette;

function shapes_of(curve: Curve, snapshots: number[] = []) {
  const lines = [{ curve, label: "loss", colour: 1, scale: "own" as const }];
  const box = { x: 0, y: 0, width: 800, height: 170 };
  const options = { axis: "lin" as const, smooth: 0, step: -1, snapshots, last: curve.steps.at(-1)! };
  return { shapes: curve_shapes(lines, box, options, PALETTE), plot: plot_box(lines, box) };
}

test("100,000 points are drawn as a few in each column of pixels, and a single spike is among them", () => {
  const steps = Float64Array.from({ length: 100_000 }, (_, i) => i);
  const values = steps.map((i) => (i === 54_321 ? 9 : noise(i)));
  const { shapes, plot } = shapes_of({ split: "train", name: "loss", steps, values, gaps: new Set() });
  const points = shapes.flatMap((shape) => (shape.kind === "path" && shape.stroke === "1" ? shape.points : []));
  assert.ok(points.length <= 4 * (plot.width + 1), `${points.length} points`);
  const highest = points.reduce((best, point) => (point[1] < best[1] ? point : best));
  assert.ok(Math.abs(highest[0] - (plot.x + (54_321 / 99_999) * plot.width)) <= 1);
  assert.ok(points.every((point, i) => i === 0 || point[0] >= points[i - 1]![0]));
});

test("crosses, marks of snapshots and numbers along an axis do not stand in each other's way", () => {
  const steps = Float64Array.from({ length: 100_000 }, (_, i) => i);
  const values = steps.map(() => NaN);
  const snapshots = Array.from(steps.subarray(0, 5000));
  const { shapes } = shapes_of({ split: "train", name: "loss", steps, values, gaps: new Set() }, snapshots);
  const crosses = shapes.filter((shape) => shape.kind === "path" && shape.stroke === "b").length;
  assert.ok(crosses > 100 && crosses <= 2 * 200, `${crosses} strokes of crosses in 730 pixels`);
  const marks = shapes.flatMap((shape) => (shape.kind === "path" && shape.stroke === "e" ? [shape.points[0]![0]] : []));
  assert.ok(marks.length > 5);
  assert.ok(marks.every((x, i) => i === 0 || x >= marks[i - 1]! + 3));
});

test("the table of curves has every step once, rising", () => {
  const curve = (steps: number[]): Curve => ({
    split: "train",
    name: "loss",
    steps: Float64Array.from(steps),
    values: new Float64Array(steps.length),
    gaps: new Set(),
  });
  assert.deepEqual([...all_steps([curve([0, 10, 20]), curve([5, 10, 30]), curve([])])], [0, 5, 10, 20, 30]);
});

test("a profile of many steps keeps the least and the largest of those that fall together", () => {
  const count = 100_000;
  const info = {
    steps: Array.from({ length: count }, (_, i) => i),
    heads: [[0, 0, 0]] as [number, number, number][],
    columns: ["entropy.bits"],
    section: 0,
    thresholds: { score: 0.4, lift: 3, uniform: 0.9 },
    evaluated: "",
  };
  const values = Float32Array.from({ length: count }, (_, i) => (i === 777 ? 5 : i === 80_000 ? NaN : 1));
  const line = new Stats(info, values).profile(0, "entropy.bits", 68);
  assert.ok(line.length <= 68);
  assert.deepEqual(
    line.filter(([, value]) => value !== 1),
    [[777 / (count - 1), 5]],
  );
  // Where every step has room, all are there.
  assert.equal(new Stats({ ...info, steps: [1, 2, 3] }, values).profile(0, "entropy.bits", 68).length, 3);
});
