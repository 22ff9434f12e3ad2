// Tables as text: RFC 4180, so that a token may be a comma, a quote or a line break.

import { MARK, type HeadMap } from "../format/head_map.ts";
import type { Run } from "../format/manifest.ts";
import { FIGURES, role_rows } from "../state/role_table.ts";
import { layer_number, type Stats } from "../state/stats.ts";

export function csv_field(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csv(rows: (string | number)[][]): string {
  return rows.map((row) => row.map(csv_field).join(",") + "\r\n").join("");
}

/// A value that reads back as the same float32; empty where there is none.
function value_text(map: HeadMap, at: number): string {
  switch (map.marks[at]) {
    case MARK.weight:
      return String(Math.fround(map.values[at]!));
    case MARK.nan:
      return "nan";
    case MARK.inf:
      return "inf";
    case MARK.minus_inf:
      return "-inf";
    default:
      return "";
  }
}

/// The matrix with its tokens: keys along the top, queries down the side. Hidden cells are empty.
export function matrix_csv(map: HeadMap, rows: string[], cols: string[]): string {
  const name = (texts: string[], i: number) => `${i}:${texts[i] ?? ""}`;
  const out: string[][] = [["query\\key", ...Array.from({ length: map.cols }, (_, k) => name(cols, k))]];
  for (let q = 0; q < map.rows; ++q) {
    out.push([name(rows, q), ...Array.from({ length: map.cols }, (_, k) => value_text(map, q * map.cols + k))]);
  }
  return csv(out);
}

/// The values as an array has them: NaN for what is hidden, padding or no number.
export function matrix_values(map: HeadMap): Float32Array {
  return map.values.map((value, i) => {
    switch (map.marks[i]) {
      case MARK.weight:
        return value;
      case MARK.inf:
        return Infinity;
      case MARK.minus_inf:
        return -Infinity;
      default:
        return NaN;
    }
  });
}

export function roles_csv(run: Run, stats: Stats, step: number, mode: string): string {
  const number = (value: number | undefined) =>
    value === undefined || Number.isNaN(value) ? "" : String(Math.fround(value));
  const header = [
    "block",
    "layer",
    "head",
    "tag",
    ...stats.roles.flatMap((role) => [role.name, `${role.name} chance`, `${role.name} n`]),
    "entropy bits",
    "entropy share",
    "confidence",
    ...FIGURES.flatMap(([figure]) => [`${mode} ablation ${figure}`, `${mode} ablation ${figure} se`]),
  ];
  const rows = role_rows(run, stats, step, mode).map((row) => {
    const get = (column: string) => number(stats.get(step, row.nth, column));
    return [
      run.blocks[row.block]?.name ?? "",
      layer_number(run.blocks[row.block], row.layer),
      row.head,
      row.tag,
      ...stats.roles.flatMap((role) => ["score", "chance", "n"].map((part) => get(`${role.prefix}.${part}`))),
      get("entropy.bits"),
      get("entropy.share"),
      get("confidence.mean"),
      ...FIGURES.flatMap(([figure]) => [get(`ablation.${mode}.${figure}`), get(`ablation.${mode}.${figure}.se`)]),
    ];
  });
  return csv([header, ...rows]);
}
