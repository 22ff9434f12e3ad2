// The keyboard. Keys with Ctrl, Alt or Meta belong to the browser; character keys are ignored while somebody types, and
// a setting turns them off (WCAG 2.1.4).

import { SCALES } from "../colour/scale.ts";
import { at, block, block_index, cursor, dark, go, go_snapshot, letter_keys, pooled, probe, run, snapshot } from "./app.ts";
import { VIEWS, type Aggregate } from "./address.ts";
import { pointed } from "./current.ts";
import { dialog, open_dialog } from "./dialogs.ts";
import { toggle_play } from "./player.ts";
import { toggle_selection } from "./selection.ts";
import { combinations } from "./shown.ts";

export const KEY_HELP: [string, string][] = [
  ["1 – 6", "view"],
  ["Space", "play or pause"],
  ["← → ↑ ↓", "grid: head and layer; matrix: key and query"],
  ["[ ]", "previous, next snapshot; with Shift ten"],
  ["Home End", "ends of the row; on the slider first and last step"],
  ["p P", "next, previous probe"],
  ["b", "next block"],
  ["m", "single head, mean, maximum"],
  ["Enter", "lock the cell; in the grid open the head"],
  ["Esc", "clear the selection"],
  ["s", "scale"],
  ["n", "numbers in the cells"],
  ["t", "light or dark"],
  ["c", "compare"],
  ["x", "export"],
  ["/", "filter"],
  ["?", "this help"],
];

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true;
  return target instanceof HTMLInputElement && target.type !== "range" && target.type !== "checkbox";
}

/// Controls that have a use of their own for arrows, Home and End.
function takes_arrows(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target instanceof HTMLInputElement || target.closest("[role=tablist], .scroll, [data-arrows]") !== null)
  );
}

/// Controls that Enter and Space press.
function takes_press(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.closest("button, a, summary, input[type=checkbox], [role=tab]") !== null
  );
}

/// The stops of a row of the grid: its heads, then what combines them.
function row_stops(nth: number): { h: number; agg: Aggregate }[] {
  const info = run.peek().blocks[nth]!;
  return [
    ...Array.from({ length: info.heads }, (_, h) => ({ h, agg: "head" as Aggregate })),
    ...combinations(info).map((agg) => ({ h: 0, agg })),
  ];
}

function move_in_grid(columns: number, rows: number): void {
  const { l, h, agg } = at.peek();
  const blocks = run.peek().blocks;
  const layers = blocks.flatMap((info, b) => Array.from({ length: info.layers }, (_, layer) => ({ b, layer })));
  const from = layers.findIndex((entry) => entry.b === block_index.peek() && entry.layer === l);
  const to = layers[Math.max(0, Math.min(layers.length - 1, from + rows))];
  if (!to) return;
  const here = row_stops(block_index.peek()).findIndex((stop) => stop.agg === agg && (agg !== "head" || stop.h === h));
  const stops = row_stops(to.b);
  const stop = stops[Math.max(0, Math.min(stops.length - 1, here + columns))]!;
  go({ blk: blocks[to.b]!.name, l: to.layer, ...stop, sel: to.b === block_index.peek() ? at.peek().sel : "" });
}

function move_in_matrix(columns: number, rows: number): void {
  const [most_q, most_k] = block.peek()?.shapes[at.peek().p] ?? [0, 0];
  if (!most_q || !most_k) return;
  const clamp = (value: number, count: number) => Math.max(0, Math.min(count - 1, value));
  // What is drawn as one cell is one step.
  const by = pooled.peek();
  const here = cursor.peek() ?? { q: 0, k: -Math.max(0, columns) * by };
  cursor.value = { q: clamp(here.q + rows * by, most_q), k: clamp(here.k + columns * by, most_k) };
}

function move(columns: number, rows: number): boolean {
  const view = at.peek().v;
  if (view === "overview") move_in_grid(columns, rows);
  else if (view === "head" || view === "compare" || view === "tokens") move_in_matrix(columns, rows);
  else return false;
  return true;
}

function press_enter(): boolean {
  const { v, sel } = at.peek();
  if (v === "overview") go({ v: "head" });
  else if (v === "head" || v === "compare") {
    const cell = pointed()?.cell;
    if (!cell) return false;
    go({ sel: toggle_selection(sel, cell, false) });
  } else if (v === "tokens" && cursor.peek()) go({ sel: toggle_selection(sel, { q: cursor.peek()!.q }, false) });
  else return false;
  return true;
}

function next_of<T>(list: readonly T[], now: T): T {
  return list[(list.indexOf(now) + 1) % list.length]!;
}

function probe_by(by: number): void {
  const count = run.peek().probes.length;
  if (count > 0) go({ p: (at.peek().p + by + count) % count, sel: "" });
}

function compare(): void {
  const steps = run.peek().steps;
  // The usual question is what changed since the beginning.
  go({ v: "compare", cmp: at.peek().cmp || (steps.length > 0 ? `@${steps[0]}` : "") });
}

const CHARACTERS: Record<string, () => void> = {
  "[": () => go_snapshot(snapshot.peek() - 1),
  "]": () => go_snapshot(snapshot.peek() + 1),
  "{": () => go_snapshot(snapshot.peek() - 10),
  "}": () => go_snapshot(snapshot.peek() + 10),
  p: () => probe_by(1),
  P: () => probe_by(-1),
  b: () => {
    const { blocks } = run.peek();
    if (blocks.length > 0) go({ blk: blocks[(block_index.peek() + 1) % blocks.length]!.name, sel: "" });
  },
  m: () => go({ agg: next_of<Aggregate>(["head", "mean", "max"], at.peek().agg) }),
  s: () =>
    go({
      sc: next_of(
        SCALES.map((entry) => entry.name),
        at.peek().sc,
      ),
    }),
  n: () => go({ num: !at.peek().num }),
  t: () => go({ th: dark.peek() ? "light" : "dark" }),
  c: compare,
  x: () => open_dialog("export"),
  "/": () => {
    go({ v: "overview" });
    // The box is there after the view has been drawn.
    setTimeout(() => document.getElementById("hl-filter")?.focus());
  },
  "?": () => open_dialog("help"),
};

/// Scrolls the view where that scrolls by itself and not with the page. What has its own bar scrolls when it has the focus.
function turn_page(by: number): boolean {
  const main = document.querySelector("main")!;
  if (main.scrollHeight <= main.clientHeight || document.activeElement?.closest(".plot, .wide, .scroll")) return false;
  main.scrollBy({ top: by * 0.85 * main.clientHeight });
  return true;
}

function handle(event: KeyboardEvent): boolean {
  const key = event.key;
  if (key === " " && !takes_press(event.target)) return (toggle_play(), true);
  if (key === "Escape") {
    if (at.peek().sel === "" && !cursor.peek()) return false;
    cursor.value = null;
    go({ sel: "" });
    return true;
  }
  if (key === "Enter") return !takes_press(event.target) && probe.peek() !== undefined && press_enter();
  if (!takes_arrows(event.target)) {
    const arrow = ARROWS[key];
    if (arrow) return move(...arrow);
    if (key === "Home" || key === "End") return move(key === "Home" ? -1e6 : 1e6, 0);
    if (key === "PageUp" || key === "PageDown") return turn_page(key === "PageUp" ? -1 : 1);
  }
  if (!letter_keys.peek() || key.length !== 1) return false;
  // Shift and the bracket keys give { and } on some keyboards only.
  if (event.shiftKey && (event.code === "BracketLeft" || event.code === "BracketRight")) {
    return (CHARACTERS[event.code === "BracketLeft" ? "{" : "}"]!(), true);
  }
  const view = VIEWS[Number(key) - 1];
  if (view) return (go({ v: view }), true);
  const action = CHARACTERS[key];
  if (!action) return false;
  action();
  return true;
}

export function on_key(event: KeyboardEvent): void {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || dialog.peek() !== "") return;
  if (document.querySelector("dialog[open]") || typing(event.target)) return;
  if (handle(event)) event.preventDefault();
}
