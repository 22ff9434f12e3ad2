// The lines of the token view: for each query the largest weights, over the heads that are chosen.

import { MARK, type HeadMap } from "../format/head_map.ts";

export interface Line {
  q: number;
  k: number;
  weight: number;
  /// Which of the maps it comes from.
  nth: number;
}

/// At most `most` lines of each query in `rows`, the heaviest first (of equal ones the first map, then the first key);
/// none below the threshold and none of weight 0. So there are never more than rows times `most`.
export function top_lines(maps: HeadMap[], rows: number[], most: number, threshold: number): Line[] {
  const out: Line[] = [];
  for (const q of rows) {
    const found: Line[] = [];
    maps.forEach((map, nth) => {
      if (q >= map.rows) return;
      for (let k = 0; k < map.cols; ++k) {
        const at = q * map.cols + k;
        const weight = map.values[at]!;
        if (map.marks[at] === MARK.weight && weight > 0 && weight >= threshold) found.push({ q, k, weight, nth });
      }
    });
    found.sort((a, b) => b.weight - a.weight || a.nth - b.nth || a.k - b.k);
    out.push(...found.slice(0, most));
  }
  return out;
}

/// "0.2.5" to [0, 2, 5], without heads that there are not.
export function parse_heads(text: string, heads: number): number[] {
  const found = text
    .split(".")
    .filter((part) => /^\d{1,4}$/.test(part))
    .map(Number)
    .filter((head) => head < heads);
  return [...new Set(found)].sort((a, b) => a - b);
}

/// Colours of chosen heads, by their place in the list; names of colour variables.
export const LINE_COLOURS = ["--series-1", "--series-2", "--series-3", "--series-4"];
