// window.__headlight: what the page shows, to be read by tests. Nothing can be changed through it.

import { at, block, block_index, cursor, dark, link, playing, probe, run, snapshot, step } from "./app.ts";
import { head_view_map } from "./current.ts";
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
  if (snapshot.peek() < 0 || !block.peek() || !probe.peek()) return null;
  const loaded = head_view_map();
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
