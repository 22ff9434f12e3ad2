// Curves of a run: points, smoothing, and the value at a step.

import type { Scalar } from "../format/manifest.ts";
import { LazyTable, type Loaded } from "../format/lazy.ts";
import type { RunData } from "../format/run_data.ts";
import { SectionError } from "../format/sections.ts";
import { percent } from "../text/number.ts";

export interface Curve {
  split: "train" | "eval";
  name: string;
  steps: Float64Array;
  values: Float64Array;
  /// Indices of points before which the line is interrupted.
  gaps: Set<number>;
}

const tables = new WeakMap<RunData, LazyTable<Curve>>();

export function curve_of(data: RunData, scalar: Scalar): Loaded<Curve> {
  let table = tables.get(data);
  if (!table) tables.set(data, (table = new LazyTable()));
  return table.get(String(scalar.section), async () => {
    const what = `curve ${scalar.split} ${scalar.name}`;
    const bytes = await data.bytes(scalar.section, what);
    if (bytes.byteLength !== 16 * scalar.n) {
      throw new SectionError(`${what} has ${bytes.byteLength} bytes, but ${scalar.n} points need ${16 * scalar.n}.`);
    }
    const all = new Float64Array(bytes.buffer, bytes.byteOffset, 2 * scalar.n);
    return {
      split: scalar.split,
      name: scalar.name,
      steps: all.subarray(0, scalar.n),
      values: all.subarray(scalar.n),
      gaps: new Set(scalar.gaps ?? []),
    };
  });
}

/// All curves that are there, and the first message of one that is not.
export function curves_of(data: RunData): { curves: Curve[]; trouble: string } {
  const curves: Curve[] = [];
  let trouble = "";
  for (const scalar of data.run.scalars) {
    const loaded = curve_of(data, scalar);
    if (loaded.status === "ready") curves.push(loaded.value);
    else if (loaded.status === "error") trouble ||= loaded.message;
  }
  return { curves, trouble };
}

/// Exponential moving average, free of the bias of its start: m_t = sum_i w_i x_i / sum_i w_i, w_i = beta^(t - i).
/// Written as a step towards each value, so that a constant stays exactly itself. What is not finite is passed over.
export function ema(values: ArrayLike<number>, beta: number): Float64Array {
  const out = new Float64Array(values.length);
  let mean = NaN;
  let weight = 0;
  for (let i = 0; i < values.length; ++i) {
    const value = values[i]!;
    if (Number.isFinite(value)) {
      weight = beta * weight + 1;
      mean = weight === 1 || Number.isNaN(mean) ? value : mean + (value - mean) / weight;
    }
    out[i] = Number.isFinite(value) ? mean : NaN;
  }
  return out;
}

/// How many of the rising `steps` are not after `step`.
export function count_up_to(steps: ArrayLike<number>, step: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle]! <= step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/// The value at the last point that is not after `step`; undefined before the first.
export function value_at(curve: Curve, step: number): number | undefined {
  return curve.values[count_up_to(curve.steps, step) - 1];
}

/// Every step at which a curve has a point, rising.
export function all_steps(curves: Curve[]): Float64Array {
  const all = new Float64Array(curves.reduce((sum, curve) => sum + curve.steps.length, 0));
  let at = 0;
  for (const { steps } of curves) {
    all.set(steps, at);
    at += steps.length;
  }
  return all.sort().filter((value, i, sorted) => i === 0 || value !== sorted[i - 1]);
}

/// Held-out figures where there are some, else those of training.
export function best_curve(curves: Curve[], name: string): Curve | undefined {
  return curves.find((c) => c.name === name && c.split === "eval") ?? curves.find((c) => c.name === name);
}

/// "loss 0.041", "token accuracy 98.7 %", "sequence accuracy 91.2 %": what is known at a step.
export function figures(curves: Curve[], step: number): string[] {
  return ["loss", "tok_acc", "seq_acc"].flatMap((name) => {
    const curve = best_curve(curves, name);
    const value = curve && value_at(curve, step);
    if (value === undefined) return [];
    return `${CURVE_WORDS[name]} ${name === "loss" ? value.toPrecision(3) : percent(value)}`;
  });
}

/// The last step of any curve; -1 where none has a point.
export function last_row(curves: Curve[]): number {
  return Math.max(-1, ...curves.map((curve) => curve.steps.at(-1) ?? -1));
}

export const CURVE_WORDS: Record<string, string> = {
  loss: "loss",
  tok_acc: "token accuracy",
  seq_acc: "sequence accuracy",
  lr: "learning rate",
  grad_norm: "gradient norm",
};
