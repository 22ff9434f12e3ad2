// Head statistics: numbers by column name, and the tag that follows from them.

import type { Block, HeadStats, Run } from "../format/manifest.ts";
import { count_up_to } from "./curves.ts";
import type { Loaded } from "../format/lazy.ts";
import type { RunData } from "../format/run_data.ts";

export interface Role {
  /// "induction"; the task's own pattern keeps its name.
  name: string;
  /// Prefix of its columns: "role.induction".
  prefix: string;
  about: string;
}

const ABOUT: Record<string, string> = {
  previous: "mean weight on the key before the query",
  self: "mean weight on the query's own position",
  first: "mean weight on the first key (sink)",
  duplicate: "mean weight on earlier copies of the query token",
  induction: "mean weight on what stood behind earlier copies of the query token",
  next_symbol: "mean weight on source tokens equal to the one being produced",
};

/// What a head is replaced by, in words.
export const REPLACEMENTS: Record<string, string> = {
  mean: "its mean",
  zero: "zero",
  uniform: "uniform attention",
};

export class Stats {
  private readonly column: Map<string, number>;
  private readonly profiles = new Map<string, [number, number][]>();
  readonly roles: Role[];
  /// What heads were replaced by in ablations: "mean", "zero" or "uniform", in this order.
  readonly modes: string[];

  constructor(
    readonly info: HeadStats,
    private readonly values: Float32Array,
  ) {
    this.column = new Map(info.columns.map((name, i) => [name, i]));
    this.roles = info.columns.flatMap((column) => {
      const match = /^(role|pattern)\.(.+)\.score$/.exec(column);
      if (!match) return [];
      const own = match[2]!;
      // A task may need what is a role as well, such as the previous token: both stand side by side.
      const name = match[1] === "pattern" && this.column.has(`role.${own}.score`) ? `task_${own}` : own;
      const about = match[1] === "pattern" ? "mean weight on the keys that the task needs" : (ABOUT[own] ?? own);
      return [{ name, prefix: `${match[1]}.${own}`, about }];
    });
    this.modes = Object.keys(REPLACEMENTS).filter((mode) => this.has(`ablation.${mode}.loss`));
  }

  /// The ablation that is wanted where there is one, else the first that there is.
  mode(wanted = "mean"): string {
    return this.modes.includes(wanted) ? wanted : (this.modes[0] ?? wanted);
  }

  has(column: string): boolean {
    return this.column.has(column);
  }

  /// NaN where there is no such number.
  get(step: number, head: number, column: string): number {
    const at = this.column.get(column);
    if (at === undefined) return NaN;
    return this.values[(step * this.info.heads.length + head) * this.info.columns.length + at] ?? NaN;
  }

  /// A number over the evaluated steps as a line of at most `most` points: place from 0 to 1, and value. Of many steps that
  /// fall together the least and the largest value are kept. Made once.
  profile(head: number, column: string, most: number): [number, number][] {
    const key = `${head}/${column}/${most}`;
    const known = this.profiles.get(key);
    if (known) return known;
    const { steps, heads, columns } = this.info;
    const at = this.column.get(column)!;
    const value = (step: number) => this.values[(step * heads.length + head) * columns.length + at]!;
    const out: [number, number][] = [];
    const add = (step: number) => out.push([step / (steps.length - 1), value(step)]);
    const wide = Math.max(1, Math.ceil((2 * steps.length) / most));
    for (let from = 0; from < steps.length; from += wide) {
      let [low, high] = [from, from];
      for (let step = from + 1; step < Math.min(steps.length, from + wide); ++step) {
        // What is no number gives way to one.
        if (value(step) < value(low) || Number.isNaN(value(low))) low = step;
        if (value(step) > value(high) || Number.isNaN(value(high))) high = step;
      }
      add(Math.min(low, high));
      if (low !== high) add(Math.max(low, high));
    }
    this.profiles.set(key, out);
    return out;
  }

  lift(step: number, head: number, role: Role): number {
    return this.get(step, head, `${role.prefix}.score`) / this.get(step, head, `${role.prefix}.chance`);
  }

  /// The role of highest lift among those with enough score and lift; else "uniform" or "—".
  tag(step: number, head: number): string {
    const { score, lift, uniform } = this.info.thresholds;
    let best: Role | undefined;
    let highest = -Infinity;
    for (const role of this.roles) {
      const found = this.lift(step, head, role);
      if (!(this.get(step, head, `${role.prefix}.score`) >= score && found >= lift && found > highest)) continue;
      highest = found;
      best = role;
    }
    return best?.name ?? (this.get(step, head, "entropy.share") > uniform ? "uniform" : "—");
  }

  head_index(block: number, layer: number, head: number): number {
    return this.info.heads.findIndex((entry) => entry[0] === block && entry[1] === layer && entry[2] === head);
  }

  /// Index of the last evaluated step that is not after `step`; the first where all are.
  step_index(step: number): number {
    return Math.max(0, count_up_to(this.info.steps, step) - 1);
  }
}

const made = new WeakMap<Float32Array, Stats>();

/// The statistics of a run; undefined where it has none.
export function stats_of(data: RunData): Loaded<Stats> | undefined {
  const info = data.run.head_stats;
  if (!info?.steps.length) return undefined;
  const count = info.steps.length * info.heads.length * info.columns.length;
  const values = data.values(info.section, count, "head statistics");
  if (values.status !== "ready") return values;
  let stats = made.get(values.value);
  if (!stats) made.set(values.value, (stats = new Stats(info, values.value)));
  return { status: "ready", value: stats };
}

/// The number of a layer in its stack, of which the block may hold some only.
export function layer_number(block: Block | undefined, layer: number): number {
  return block?.layer_numbers?.[layer] ?? layer;
}

/// "dec.cross L1".
export function layer_name(block: Block | undefined, layer: number): string {
  return `${block?.name ?? "?"} L${layer_number(block, layer)}`;
}

/// "dec.cross L1 H2".
export function head_name(run: Run, block: number, layer: number, head: number): string {
  return `${layer_name(run.blocks[block], layer)} H${head}`;
}

/// Heads in the order of greatest similarity to `from`: the most alike first; itself leads.
export function related(matrix: Float32Array, heads: number, from: number): number[] {
  const of = (head: number) => (head === from ? Infinity : matrix[from * heads + head]!);
  return Array.from({ length: heads }, (_, i) => i).sort((a, b) => {
    const [x, y] = [of(a), of(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
    return y - x || a - b;
  });
}
