// One attention map ready to be shown: a value and a mark for every cell; and what combines several maps.

/// What a cell shows. `weight` is the only one with a finite value.
export const MARK = { weight: 0, hidden: 1, padding: 2, nan: 3, inf: 4, minus_inf: 5 } as const;

export interface HeadMap {
  rows: number;
  cols: number;
  /// (rows, cols), row-major; 0 where the mark says that there is no value.
  values: Float32Array;
  marks: Uint8Array;
  /// Whether values are float32 as computed; else they are 8-bit codes.
  exact: boolean;
}

export type Combine = "mean" | "max";

/// Mean or maximum over heads or layers of one shape. A mark that is no weight wins over weights; hidden only where all
/// maps hide the cell.
export function combine(maps: HeadMap[], how: Combine): HeadMap {
  const first = maps[0]!;
  const cells = first.rows * first.cols;
  const values = new Float32Array(cells);
  const marks = new Uint8Array(cells);
  for (let i = 0; i < cells; ++i) {
    let sum = 0;
    let largest = 0;
    let shown = 0;
    let mark: number = first.marks[i]!;
    for (const map of maps) {
      const own = map.marks[i]!;
      if (own === MARK.weight) {
        const value = map.values[i]!;
        sum += value;
        if (shown === 0 || value > largest) largest = value;
        ++shown;
        if (mark === MARK.hidden) mark = MARK.weight;
      } else if (own > MARK.padding) {
        mark = own;
      }
    }
    marks[i] = mark;
    // A head that hides the cell gives it nothing, so the mean is over all heads.
    if (mark === MARK.weight) values[i] = how === "mean" ? sum / maps.length : largest;
  }
  return { rows: first.rows, cols: first.cols, values, marks, exact: maps.every((map) => map.exact) };
}

/// Rollout over self-attention layers, first to last: R = 1/2 (A + I) R_before, rows normalised to 1, A the mean over
/// heads. Source: Abnar & Zuidema 2020, arXiv:2005.00928. Returns one map per layer; none where maps are not square.
export function rollout(means: HeadMap[]): HeadMap[] {
  const out: HeadMap[] = [];
  let before: Float32Array | undefined;
  for (const mean of means) {
    const n = mean.rows;
    if (mean.cols !== n) return [];
    const result = new Float32Array(n * n);
    const marks = new Uint8Array(n * n);
    for (let q = 0; q < n; ++q) {
      const mixed = new Float64Array(n);
      let total = 0;
      for (let k = 0; k < n; ++k) {
        mixed[k] = 0.5 * mean.values[q * n + k]! + (k === q ? 0.5 : 0);
        total += mixed[k]!;
        const mark = mean.marks[q * n + k]!;
        marks[q * n + k] = mark === MARK.weight ? MARK.weight : mark;
      }
      for (let m = 0; m < n; ++m) {
        const share = mixed[m]! / total;
        if (share === 0) continue;
        if (!before) {
          result[q * n + m] = share;
        } else {
          for (let k = 0; k < n; ++k) result[q * n + k] = result[q * n + k]! + share * before[m * n + k]!;
        }
      }
    }
    out.push({ rows: n, cols: n, values: result, marks, exact: mean.exact });
    before = result;
  }
  return out;
}

/// The map without its first key, rows normalised to what is left: what heads do apart from a sink. Rows that gave all
/// to the first key have zeros.
export function drop_first(map: HeadMap): HeadMap {
  const values = map.values.slice();
  const marks = map.marks.slice();
  for (let q = 0; q < map.rows; ++q) {
    const start = q * map.cols;
    let total = 0;
    for (let k = 1; k < map.cols; ++k) total += values[start + k]!;
    values[start] = 0;
    if (marks[start] === MARK.weight) marks[start] = MARK.hidden;
    for (let k = 1; k < map.cols; ++k) values[start + k] = total > 0 ? values[start + k]! / total : 0;
  }
  return { ...map, values, marks };
}

/// a − b, cell by cell; both must have one shape. A mark of either stays.
export function difference(a: HeadMap, b: HeadMap): HeadMap {
  const values = new Float32Array(a.values.length);
  const marks = new Uint8Array(a.values.length);
  for (let i = 0; i < values.length; ++i) {
    marks[i] = a.marks[i]! === MARK.weight ? b.marks[i]! : a.marks[i]!;
    if (marks[i] === MARK.weight) values[i] = a.values[i]! - b.values[i]!;
  }
  return { rows: a.rows, cols: a.cols, values, marks, exact: a.exact && b.exact };
}

/// Blocks of factor x factor cells replaced by their maximum: a maximum and not a mean, so that a sharp head stays
/// visible. What is no number wins; a block is hidden or padding when all of it is.
export function max_pool(map: HeadMap, factor: number): HeadMap {
  if (factor <= 1) return map;
  const rows = Math.ceil(map.rows / factor);
  const cols = Math.ceil(map.cols / factor);
  const values = new Float32Array(rows * cols);
  const marks = new Uint8Array(rows * cols);
  const seen = new Uint8Array(rows * cols);
  for (let q = 0; q < map.rows; ++q) {
    const to = Math.floor(q / factor) * cols;
    for (let k = 0; k < map.cols; ++k) {
      const at = to + Math.floor(k / factor);
      const mark = map.marks[q * map.cols + k]!;
      if (mark === MARK.weight) {
        const value = map.values[q * map.cols + k]!;
        if (seen[at] !== 2 || value > values[at]!) values[at] = value;
        if (marks[at]! <= MARK.padding) marks[at] = MARK.weight;
        seen[at] = 2;
      } else if (mark > MARK.padding || seen[at] === 0) {
        marks[at] = mark;
        if (seen[at] === 0) seen[at] = 1;
      }
    }
  }
  return { rows, cols, values, marks, exact: map.exact };
}
