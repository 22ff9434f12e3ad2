// The rows of the role table: numbers of every head at a step, sorted by any column.

import type { Run } from "../format/manifest.ts";
import type { Stats } from "./stats.ts";
import { head_name, REPLACEMENTS } from "./stats.ts";

export interface RoleRow {
  nth: number;
  block: number;
  layer: number;
  head: number;
  name: string;
  tag: string;
  /// By column key: role names, "entropy", "confidence", "loss", ...
  numbers: Record<string, number>;
}

export interface RoleColumn {
  key: string;
  label: string;
  about: string;
  /// Column of the statistics that its sparkline shows; none: no sparkline.
  column?: string;
}

export const FIGURES: [string, string][] = [
  ["loss", "Δ loss"],
  ["tok_acc", "Δ token acc"],
  ["seq_acc", "Δ sequence acc"],
];

export function role_columns(stats: Stats, mode: string): RoleColumn[] {
  return [
    ...stats.roles.map((role) => ({
      key: role.name,
      label: role.name.replace("_", " "),
      about: role.about,
      column: `${role.prefix}.score`,
    })),
    { key: "entropy", label: "entropy", about: "bits; small where a row reads few keys", column: "entropy.bits" },
    { key: "confidence", label: "confidence", about: "mean of the largest weight of a row", column: "confidence.mean" },
    ...FIGURES.filter(([figure]) => stats.has(`ablation.${mode}.${figure}`)).map(([figure, label]) => ({
      key: figure,
      label,
      about: `change when the head is replaced by ${REPLACEMENTS[mode]}, with standard error`,
    })),
  ];
}

export function role_rows(run: Run, stats: Stats, step: number, mode: string): RoleRow[] {
  return stats.info.heads.map(([block, layer, head], nth) => {
    const get = (column: string) => stats.get(step, nth, column);
    const numbers: Record<string, number> = {
      entropy: get("entropy.bits"),
      confidence: get("confidence.mean"),
    };
    for (const role of stats.roles) numbers[role.name] = get(`${role.prefix}.score`);
    for (const [figure] of FIGURES) numbers[figure] = get(`ablation.${mode}.${figure}`);
    return { nth, block, layer, head, name: head_name(run, block, layer, head), tag: stats.tag(step, nth), numbers };
  });
}

/// Sorted by "induction" (largest first), "-induction" (smallest first), "head" or "tag"; rows without the number are
/// last either way, and equal ones keep the order of heads.
export function sorted_rows(rows: RoleRow[], order: string): RoleRow[] {
  const turned = order.startsWith("-");
  const key = turned ? order.slice(1) : order;
  const sign = turned ? -1 : 1;
  if (key === "" || key === "head") return turned ? [...rows].reverse() : rows;
  if (key === "tag")
    return [...rows].sort((a, b) => sign * (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : 0) || a.nth - b.nth);
  return [...rows].sort((a, b) => {
    const [x, y] = [a.numbers[key] ?? NaN, b.numbers[key] ?? NaN];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a.nth - b.nth;
    return sign * (y - x) || a.nth - b.nth;
  });
}
