// Cells that are no finite number, packed. A run that broke may have a million of them: as the objects of the manifest each
// takes over a hundred bytes, here 17.

import { MARK, type HeadMap } from "./head_map.ts";
import type { Invalid } from "./manifest.ts";
import type { Place } from "./run_data.ts";

const BAD_MARK = { nan: MARK.nan, inf: MARK.inf, "-inf": MARK.minus_inf };

export class BrokenCells {
  /// Block, step, probe, layer and head as one number each, rising. What holds for all probes, layers or heads comes first.
  private readonly keys: Float64Array;
  /// q and k by turns; -1 is all of them.
  private readonly cells: Int32Array;
  private readonly marks: Uint8Array;
  /// One more than the largest index of each part of a key.
  private readonly sizes = [1, 1, 1, 1, 1];

  constructor(
    entries: Invalid[],
    steps: number[],
  ) {
    const step_index = new Map(steps.map((step, i) => [step, i]));
    const parts = (entry: Invalid) => [
      entry.block,
      step_index.get(entry.step) ?? -1,
      entry.probe ?? -1,
      entry.layer ?? -1,
      entry.head ?? -1,
    ];
    for (const entry of entries) {
      parts(entry).forEach((part, i) => (this.sizes[i] = Math.max(this.sizes[i]!, part + 1)));
    }
    const keys = Float64Array.from(entries, (entry) => this.key(parts(entry)));
    const order = Uint32Array.from(entries, (_, i) => i).sort((a, b) => keys[a]! - keys[b]! || a - b);
    this.keys = keys.slice().sort();
    this.cells = new Int32Array(2 * entries.length);
    this.marks = new Uint8Array(entries.length);
    order.forEach((from, to) => {
      const { q, k, value } = entries[from]!;
      this.cells.set([q ?? -1, k ?? -1], 2 * to);
      this.marks[to] = BAD_MARK[value];
    });
  }

  get count(): number {
    return this.marks.length;
  }

  private key(parts: number[]): number {
    return parts.reduce((sum, part, i) => sum * (this.sizes[i]! + 1) + part + 1, 0);
  }

  /// Index of the first entry whose key is not below `key`.
  private first(key: number): number {
    let [low, high] = [0, this.keys.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /// Marks the broken cells of a map of a place. Its marks may be shared, so they are copied before the first change.
  mark(map: HeadMap, place: Place): void {
    if (this.count === 0) return;
    let own = false;
    const { block, snapshot, probe, layer, head } = place;
    for (const p of [-1, probe]) {
      for (const l of [-1, layer]) {
        for (const h of [-1, head]) {
          const parts = [block, snapshot, p, l, h];
          // An index beyond all those of the list would be read as another one.
          if (parts.some((part, i) => part >= this.sizes[i]!)) continue;
          const key = this.key(parts);
          for (let i = this.first(key); this.keys[i] === key; ++i) {
            if (!own) map.marks = map.marks.slice();
            own = true;
            this.mark_cells(map, i);
          }
        }
      }
    }
  }

  private mark_cells(map: HeadMap, entry: number): void {
    const [q, k] = [this.cells[2 * entry]!, this.cells[2 * entry + 1]!];
    for (let row = Math.max(0, q); row < (q < 0 ? map.rows : q + 1); ++row) {
      for (let col = Math.max(0, k); col < (k < 0 ? map.cols : k + 1); ++col) {
        const at = row * map.cols + col;
        if (map.marks[at] !== MARK.hidden && map.marks[at] !== MARK.padding) map.marks[at] = this.marks[entry]!;
        map.values[at] = 0;
      }
    }
  }
}
