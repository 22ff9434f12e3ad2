// window.__headlight: what the page shows, to be read by tests. Nothing can be changed through it.

import { at, block_index, cursor, data, dark, playing, run, snapshot, step } from "./app.ts";
import { link } from "./app.ts";
import { staged_map } from "./shown.ts";
import { timings } from "./timing.ts";

export interface Shown {
  address: Record<string, unknown>;
  run: string;
  block: number;
  snapshot: number;
  step: number;
  playing: boolean;
  dark: boolean;
  cursor: { q: number; k: number } | null;
  link: string;
  /// The map that the head view shows, or null while it is not there.
  map: { rows: number; cols: number; values: number[]; marks: number[]; exact: boolean } | null;
  timings: (what: string) => readonly number[];
}

function shown_map(): Shown["map"] {
  if (snapshot.peek() < 0 || !run.peek().blocks[block_index.peek()] || !run.peek().probes[at.peek().p]) return null;
  const { l, h, p, agg, st, df } = at.peek();
  const place = { block: block_index.peek(), probe: p, snapshot: snapshot.peek(), layer: l, head: h };
  const loaded = staged_map(data.peek(), place, agg, st, df);
  if (loaded.status !== "ready") return null;
  const { rows, cols, values, marks, exact } = loaded.value;
  return { rows, cols, values: [...values], marks: [...marks], exact };
}

export function expose(): void {
  const shown: Shown = {
    get address() {
      return { ...at.peek() };
    },
    get run() {
      return run.peek().id;
    },
    get block() {
      return block_index.peek();
    },
    get snapshot() {
      return snapshot.peek();
    },
    get step() {
      return step.peek();
    },
    get playing() {
      return playing.peek();
    },
    get dark() {
      return dark.peek();
    },
    get cursor() {
      return cursor.peek() && { q: cursor.peek()!.q, k: cursor.peek()!.k };
    },
    get link() {
      return link();
    },
    get map() {
      return shown_map();
    },
    timings,
  };
  Object.defineProperty(window, "__headlight", { value: Object.freeze(shown) });
}
