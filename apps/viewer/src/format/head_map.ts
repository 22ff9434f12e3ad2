// One attention map ready to be shown: a value and a mark for every cell; and what combines several maps.

/// What a cell shows. `weight` is the only one with a finite value.
export const MARK = { weight: 0, hidden: 1, padding: 2, nan: 3, inf: 4, minus_inf: 5 } as const;

export interface HeadMap {
  rows: number;
  cols: number;
  /// (rows, cols), row-major; 0 where the mark says that there is no value.
  values: Float32Array;
  /// Shared between maps of one mask: never to be written.
  marks: Uint8Array;
  /// Whether values are float32 as computed; else they are 8-bit codes.
  exact: boolean;
  /// How far values from codes may be from the true ones; absent where that is not known, or where they are exact.
  unsure?: number;
}

/// How far the values of any of some maps may be off at most.
function most_unsure(maps: HeadMap[]): number {
  return Math.max(...maps.map((map) => map.unsure ?? 0));
}

export type Combine = "mean" | "max";

/// Mean or maximum over heads or layers of one shape. A mark that is no weight wins over weights; hidden only where all
/// maps hide the cell.
export function combine(maps: HeadMap[], how: Combine): HeadMap {
  const { rows, cols } = maps[0]!;
  const values = new Float32Array(rows * cols);
  // Cells without a value hold 0: a head that hides a cell gives it nothing, and the mean is over all heads.
  for (const map of maps) {
    const from = map.values;
    if (how === "mean") for (let i = 0; i < values.length; ++i) values[i] = values[i]! + from[i]!;
    else for (let i = 0; i < values.length; ++i) if (from[i]! > values[i]!) values[i] = from[i]!;
  }
  if (how === "mean") for (let i = 0; i < values.length; ++i) values[i] = values[i]! / maps.length;
  const marks = combined_marks(maps);
  for (let i = 0; i < values.length; ++i) if (marks[i] !== MARK.weight) values[i] = 0;
  return { rows, cols, values, marks, exact: maps.every((map) => map.exact), unsure: most_unsure(maps) };
}

function combined_marks(maps: HeadMap[]): Uint8Array {
  const first = maps[0]!.marks;
  // Heads of one mask share their marks.
  if (maps.every((map) => map.marks === first)) return first;
  const marks = first.slice();
  for (const { marks: own } of maps) {
    for (let i = 0; i < marks.length; ++i) {
      if (own[i]! > MARK.padding) marks[i] = own[i]!;
      else if (own[i] === MARK.weight && marks[i] === MARK.hidden) marks[i] = MARK.weight;
    }
  }
  return marks;
}

/// Where the values of a row end, the zeros behind them left out.
function row_end(map: HeadMap, q: number): number {
  let end = (q + 1) * map.cols;
  while (end > q * map.cols && map.values[end - 1] === 0) --end;
  return end - q * map.cols;
}

/// One more layer of rollout: R = 1/2 (A + I) R_before, rows normalised to 1, A the mean over heads of a self-attention
/// layer; without `before` it is the first layer. Source: Abnar & Zuidema 2020, arXiv:2005.00928, "Attention Rollout".
export function rollout(mean: HeadMap, before?: HeadMap): HeadMap {
  const n = mean.rows;
  const values = new Float32Array(n * n);
  // Rows of a causal layer end at the diagonal, and so do those of its rollout: a sixth of the work of full ones.
  const ends = Int32Array.from({ length: n }, (_, m) => (before ? row_end(before, m) : m + 1));
  for (let q = 0; q < n; ++q) {
    const row = q * n;
    const mean_end = Math.max(q + 1, row_end(mean, q));
    let total = 0.5;
    for (let k = 0; k < mean_end; ++k) total += 0.5 * mean.values[row + k]!;
    for (let m = 0; m < mean_end; ++m) {
      const share = (0.5 * mean.values[row + m]! + (m === q ? 0.5 : 0)) / total;
      if (share === 0) continue;
      if (!before) {
        values[row + m] = share;
        continue;
      }
      const from = before.values;
      const start = m * n;
      const end = ends[m]!;
      for (let k = 0; k < end; ++k) values[row + k] = values[row + k]! + share * from[start + k]!;
    }
  }
  return { rows: n, cols: n, values, marks: mean.marks, exact: mean.exact && (before?.exact ?? true) };
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
  return { rows: map.rows, cols: map.cols, values, marks, exact: map.exact };
}

/// a − b, cell by cell; both must have one shape. A mark of either stays.
export function difference(a: HeadMap, b: HeadMap): HeadMap {
  const values = new Float32Array(a.values.length);
  const marks = new Uint8Array(a.values.length);
  for (let i = 0; i < values.length; ++i) {
    marks[i] = a.marks[i]! === MARK.weight ? b.marks[i]! : a.marks[i]!;
    if (marks[i] === MARK.weight) values[i] = a.values[i]! - b.values[i]!;
  }
  const unsure = (a.unsure ?? 0) + (b.unsure ?? 0);
  return { rows: a.rows, cols: a.cols, values, marks, exact: a.exact && b.exact, unsure };
}

/// Entropy in bits and as a share of log2 of the visible keys, both means over the rows that see at least two; NaN where
/// no row does, or where a row has a weight that is no number.
export function entropy(map: HeadMap): { bits: number; share: number } {
  const sum = { bits: 0, share: 0 };
  let rows = 0;
  for (let q = 0; q < map.rows; ++q) {
    let keys = 0;
    let bits = 0;
    for (let i = q * map.cols; i < (q + 1) * map.cols; ++i) {
      const mark = map.marks[i]!;
      if (mark === MARK.hidden || mark === MARK.padding) continue;
      ++keys;
      if (mark !== MARK.weight) bits = NaN;
      else if (map.values[i]! > 0) bits -= map.values[i]! * Math.log2(map.values[i]!);
    }
    if (keys < 2) continue;
    ++rows;
    sum.bits += bits;
    sum.share += bits / Math.log2(keys);
  }
  return { bits: sum.bits / rows, share: sum.share / rows };
}

/// Blocks of factor x factor cells replaced by their maximum: a maximum and not a mean, so that a sharp head stays
/// visible. What is no number wins; a block is hidden or padding when all of it is. `signed` values may be below 0.
export function max_pool(map: HeadMap, factor: number, signed = false): HeadMap {
  if (factor <= 1) return map;
  const rows = Math.ceil(map.rows / factor);
  const cols = Math.ceil(map.cols / factor);
  const values = new Float32Array(rows * cols);
  if (signed) values.fill(-Infinity);
  for (let q = 0; q < map.rows; ++q) {
    let at = q * map.cols;
    const to = Math.floor(q / factor) * cols;
    for (let k = 0; k < cols; ++k) {
      let most = values[to + k]!;
      // Cells without a value hold 0, which is no maximum but of values that may be below it.
      for (const end = Math.min(at + factor, (q + 1) * map.cols); at < end; ++at) {
        const value = map.values[at]!;
        if (value > most && (!signed || map.marks[at] === MARK.weight)) most = value;
      }
      values[to + k] = most;
    }
  }
  const marks = pooled_marks(map, factor, rows, cols);
  if (signed) for (let i = 0; i < values.length; ++i) if (marks[i] !== MARK.weight) values[i] = 0;
  return { rows, cols, values, marks, exact: map.exact };
}

/// The cell that a block of max_pool shows: the first that is no number, else the first of the largest weight, else the
/// first of all.
export function pooled_cell(map: HeadMap, factor: number, row: number, col: number): { q: number; k: number } {
  let shown = { q: row * factor, k: col * factor };
  let most = -Infinity;
  for (let q = row * factor; q < Math.min(map.rows, (row + 1) * factor); ++q) {
    for (let k = col * factor; k < Math.min(map.cols, (col + 1) * factor); ++k) {
      const at = q * map.cols + k;
      const mark = map.marks[at]!;
      const value = mark === MARK.weight ? map.values[at]! : mark > MARK.padding ? Infinity : -Infinity;
      if (value <= most) continue;
      most = value;
      shown = { q, k };
    }
  }
  return shown;
}

// Maps of one mask share their marks, so their pooled marks are made once.
const pooled = new WeakMap<Uint8Array, Map<number, Uint8Array>>();

function pooled_marks(map: HeadMap, factor: number, rows: number, cols: number): Uint8Array {
  let by_factor = pooled.get(map.marks);
  if (!by_factor) pooled.set(map.marks, (by_factor = new Map()));
  const known = by_factor.get(factor);
  if (known) return known;
  const marks = new Uint8Array(rows * cols);
  const seen = new Uint8Array(rows * cols);
  for (let q = 0; q < map.rows; ++q) {
    for (let k = 0; k < map.cols; ++k) {
      const at = Math.floor(q / factor) * cols + Math.floor(k / factor);
      const mark = map.marks[q * map.cols + k]!;
      // Of several that are no numbers the first is shown.
      const stronger = marks[at]! <= MARK.padding && (mark > MARK.padding || mark === MARK.weight);
      if (seen[at] === 0 || stronger) marks[at] = mark;
      seen[at] = 1;
    }
  }
  by_factor.set(factor, marks);
  return marks;
}
