// Curves over training as shapes: the same for the screen and for exported pictures.

import { ema, type Curve } from "../state/curves.ts";
import { different_numbers, grouped } from "../text/number.ts";
import { text_width, type Palette, type Shape } from "../export/scene.ts";
import { log_ticks, round_ticks } from "./ticks.ts";

export interface ChartLine {
  curve: Curve;
  label: string;
  /// Index into the palette's series.
  colour: number;
  /// "share" runs from 0 to 1; beside a line of its own range it has its axis on the right.
  scale: "own" | "share";
}

export interface ChartBox {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface ChartOptions {
  axis: "lin" | "log";
  smooth: number;
  /// Current step; below 0: none.
  step: number;
  snapshots: number[];
  last: number;
}

/// Place of a step on the axis. A logarithmic axis begins at step 0, so it is of step + 1.
export function axis_place(step: number, axis: "lin" | "log"): number {
  return axis === "lin" ? step : Math.log10(step + 1);
}

export function axis_step(place: number, axis: "lin" | "log"): number {
  return axis === "lin" ? place : 10 ** place - 1;
}

/// The part of a chart that curves are drawn in; the rest is for the numbers along its sides.
export function plot_box(lines: ChartLine[], box: ChartBox): ChartBox {
  const own = lines.some((line) => line.scale === "own");
  const right = own && lines.some((line) => line.scale === "share") ? 40 : 24;
  return { x: box.x + 46, y: box.y + 6, width: Math.max(20, box.width - 46 - right), height: box.height - 26 };
}

interface Range {
  low: number;
  high: number;
}

function range_of(lines: ChartLine[]): Range {
  let low = Infinity;
  let high = -Infinity;
  for (const { curve } of lines) {
    for (const value of curve.values) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (!(high >= low)) return { low: 0, high: 1 };
  // What is positive and comes near 0 is shown from 0.
  if (low >= 0 && low < 0.4 * high) low = 0;
  if (high > low) return { low, high: high + 0.04 * (high - low) };
  // One value stands in the middle between 0 and its double.
  return low === 0 ? { low: 0, high: 1 } : { low: Math.min(0, 2 * low), high: Math.max(0, 2 * low) };
}

const SHARE: Range = { low: 0, high: 1.03 };

/// Points of a curve in pixels, in pieces without interruption. Where several points share a column of pixels only the
/// first, the least, the largest and the last are kept, so that 100,000 points are drawn as fast as 1,000 and no spike is
/// lost.
function pieces(
  curve: Curve,
  values: ArrayLike<number>,
  x: (step: number) => number,
  y: (value: number) => number,
): [number, number][][] {
  const out: [number, number][][] = [];
  let piece: [number, number][] = [];
  let column = NaN;
  let [first, low, high, last] = [-1, -1, -1, -1];
  const close_column = () => {
    if (first < 0) return;
    for (const i of new Set([first, low, high, last].sort((a, b) => a - b))) {
      piece.push([x(curve.steps[i]!), y(values[i]!)]);
    }
    first = -1;
  };
  const close_piece = () => {
    close_column();
    if (piece.length > 0) out.push(piece);
    piece = [];
  };
  for (let i = 0; i < values.length; ++i) {
    const value = values[i]!;
    if (curve.gaps.has(i) || !Number.isFinite(value)) close_piece();
    if (!Number.isFinite(value)) continue;
    const here = Math.floor(x(curve.steps[i]!));
    if (here !== column) close_column();
    column = here;
    if (first < 0) first = low = high = i;
    if (value < values[low]!) low = i;
    if (value > values[high]!) high = i;
    last = i;
  }
  close_piece();
  return out;
}

function cross(x: number, y: number, stroke: string): Shape[] {
  return [
    [-4, 4],
    [4, -4],
  ].map(([a, b]) => ({
    kind: "path",
    points: [
      [x + a!, y - 4],
      [x + b!, y + 4],
    ],
    stroke,
    line: 1.6,
  }));
}

function axis_shapes(
  lines: ChartLine[],
  box: ChartBox,
  plot: ChartBox,
  own: Range,
  options: ChartOptions,
  palette: Palette,
  x: (step: number) => number,
): Shape[] {
  const out: Shape[] = [];
  const has_own = lines.some((line) => line.scale === "own");
  const has_share = lines.some((line) => line.scale === "share");
  const bottom = plot.y + plot.height;
  const side = (range: Range, left: boolean, grid: boolean, texts: (values: number[]) => string[]) => {
    const values = round_ticks(range.low, range.high, Math.max(2, plot.height / 34));
    const words = texts(values);
    for (const [i, value] of values.entries()) {
      const y = bottom - ((value - range.low) / (range.high - range.low)) * plot.height;
      if (grid)
        out.push({
          kind: "path",
          points: [
            [plot.x, y],
            [plot.x + plot.width, y],
          ],
          stroke: palette.line,
          line: 1,
        });
      out.push({
        kind: "text",
        x: left ? plot.x - 5 : plot.x + plot.width + 5,
        y: y + 4,
        text: words[i]!,
        size: 10.5,
        fill: palette.soft,
        anchor: left ? "end" : "start",
      });
    }
  };
  if (has_own) side(own, true, true, different_numbers);
  if (has_share) side(SHARE, !has_own, !has_own, (values) => values.map((value) => `${Math.round(100 * value)}%`));
  const ticks = options.axis === "log" ? log_ticks(options.last) : round_ticks(0, options.last, plot.width / 90);
  // Neither labels nor marks of snapshots stand in each other's way.
  let free = -Infinity;
  for (const step of ticks) {
    const text = grouped(step);
    const half = text_width(text, 10.5) / 2;
    const middle = Math.min(x(step), box.x + box.width - half);
    if (middle - half < free) continue;
    free = middle + half + 6;
    out.push({ kind: "text", x: middle, y: bottom + 15, text, size: 10.5, fill: palette.soft, anchor: "middle" });
  }
  free = -Infinity;
  for (const step of options.snapshots) {
    if (step > options.last || x(step) < free) continue;
    free = x(step) + 3;
    out.push({
      kind: "path",
      points: [
        [x(step), bottom],
        [x(step), bottom - 4],
      ],
      stroke: palette.edge,
      line: 1,
    });
  }
  return out;
}

export function curve_shapes(lines: ChartLine[], box: ChartBox, options: ChartOptions, palette: Palette): Shape[] {
  const plot = plot_box(lines, box);
  const own = range_of(lines.filter((line) => line.scale === "own"));
  const x = (step: number) => step_x(plot, options, step);
  const shapes = axis_shapes(lines, box, plot, own, options, palette, x);
  for (const line of lines) {
    const range = line.scale === "share" ? SHARE : own;
    const y = (value: number) => plot.y + plot.height - ((value - range.low) / (range.high - range.low)) * plot.height;
    const stroke = palette.series[line.colour]!;
    const draw = (values: ArrayLike<number>, width: number, opacity: number) => {
      for (const points of pieces(line.curve, values, x, y)) {
        shapes.push({ kind: "path", points, stroke, line: width, opacity });
      }
    };
    draw(line.curve.values, options.smooth > 0 ? 1 : 1.7, options.smooth > 0 ? 0.35 : 1);
    if (options.smooth > 0) draw(ema(line.curve.values, options.smooth), 1.8, 1);
    let free = -Infinity;
    line.curve.values.forEach((value, i) => {
      if (Number.isFinite(value) || x(line.curve.steps[i]!) < free) return;
      free = x(line.curve.steps[i]!) + 4;
      shapes.push(...cross(free - 4, plot.y + 7, palette.bad));
    });
  }
  if (options.step >= 0) {
    shapes.push({
      kind: "path",
      points: [
        [x(options.step), plot.y - 4],
        [x(options.step), plot.y + plot.height],
      ],
      stroke: palette.accent,
      line: 2,
    });
  }
  return shapes;
}

/// Where a step stands in a plot.
export function step_x(plot: ChartBox, options: ChartOptions, step: number): number {
  const end = axis_place(options.last, options.axis) || 1;
  return plot.x + (axis_place(step, options.axis) / end) * plot.width;
}

/// The step at a place of the chart, for clicks.
export function step_at(lines: ChartLine[], box: ChartBox, options: ChartOptions, x: number): number {
  const plot = plot_box(lines, box);
  const share = Math.max(0, Math.min(1, (x - plot.x) / plot.width));
  return axis_step(share * axis_place(options.last, options.axis), options.axis);
}

/// The last step of the curves and snapshots.
export function last_step(lines: ChartLine[], snapshots: number[]): number {
  return Math.max(1, snapshots.at(-1) ?? 0, ...lines.map((line) => line.curve.steps.at(-1) ?? 0));
}
