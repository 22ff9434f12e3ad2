// The state of the page: the manifest, the address, and what follows from them. Views read it and call go().

import { batch, computed, signal, type ReadonlySignal } from "@preact/signals";
import { RunData } from "../format/run_data.ts";
import type { Block, Manifest, Probe, Run } from "../format/manifest.ts";
import { page_sections, server_sections, type ReadSection } from "../format/sections.ts";
import { INITIAL, parse_address, print_address, type Address, type Aggregate } from "./address.ts";
import { correct, find_run, nearest_snapshot } from "./correct.ts";
import { curves_of, last_row } from "./curves.ts";

/// A cell under the pointer or the keyboard.
export interface Cursor {
  q: number;
  k: number;
  /// Of two maps side by side the second.
  second?: boolean;
  /// Where the pointer is over a map of the grid: which, and how many of its cells on a side are drawn as one.
  over?: { block: number; layer: number; head: number; aggregate: Aggregate; factor: number };
}

const EMPTY_RUN: Run = {
  id: "",
  name: "no run",
  config: { resolved: {}, overrides: [], changed: [] },
  env: {},
  steps: [],
  scalars: [],
  probes: [],
  blocks: [],
  exact: [],
  invalid: [],
  notes: [],
};

export const manifest = signal<Manifest | null>(null);
export const at = signal<Address>({ ...INITIAL });
export const cursor = signal<Cursor | null>(null);
/// How many cells on a side the matrix of the view draws as one.
export const pooled = signal(1);
/// Sentences about what was corrected or could not be done; a person dismisses them.
export const notes = signal<string[]>([]);
/// What the last action said, for the status line ("Link copied"); empty shows the cell under the cursor.
export const said = signal("");
export const playing = signal(false);
export const system_dark = signal(false);
/// Single-letter keys may be turned off (WCAG 2.1.4).
export const letter_keys = signal(true);

let unknown: [string, string][] = [];
let read_section: ReadSection = page_sections(document);
let run_data = new Map<string, RunData>();

export const run: ReadonlySignal<Run> = computed(
  () => (manifest.value && find_run(manifest.value, at.value.run)) ?? manifest.value?.runs[0] ?? EMPTY_RUN,
);
export const data: ReadonlySignal<RunData> = computed(() => data_of(run.value));
export const block_index = computed(() =>
  Math.max(
    0,
    run.value.blocks.findIndex((block) => block.name === at.value.blk),
  ),
);
export const block: ReadonlySignal<Block | undefined> = computed(() => run.value.blocks[block_index.value]);
export const probe: ReadonlySignal<Probe | undefined> = computed(() => run.value.probes[at.value.p]);
/// Index of the snapshot that is shown; -1 where there is none.
export const snapshot = computed(() => nearest_snapshot(run.value.steps, at.value.t));
/// Its step. Without snapshots time stands at the last row of the curves, or at the last head statistics; -1 without any.
export const step = computed(
  () =>
    run.value.steps[snapshot.value] ??
    Math.max(last_row(curves_of(data.value).curves), run.value.head_stats?.steps.at(-1) ?? -1),
);
export const dark = computed(() => (at.value.th === "auto" ? system_dark.value : at.value.th === "dark"));

export function data_of(of: Run): RunData {
  let found = run_data.get(of.id);
  if (!found || found.run !== of) run_data.set(of.id, (found = new RunData(of, read_section)));
  return found;
}

export function note(text: string): void {
  if (!notes.peek().includes(text)) notes.value = [...notes.peek(), text];
}

/// Changes what is shown. Values that the file does not have are corrected, silently where they follow from the change
/// (a block with fewer heads), with a note where `told`.
export function go(change: Partial<Address>, told = false): void {
  if (!manifest.peek()) return;
  const found: string[] = [];
  const next = correct({ ...at.peek(), ...change }, manifest.peek()!, found);
  batch(() => {
    at.value = next;
    said.value = "";
    if (told) found.forEach(note);
  });
  write_hash_soon();
}

/// Goes to a snapshot by index.
export function go_snapshot(index: number): void {
  const steps = run.peek().steps;
  if (steps.length === 0) return;
  const wanted = Math.max(0, Math.min(steps.length - 1, index));
  go({ t: wanted === steps.length - 1 ? -1 : steps[wanted]! });
}

/// What is shown, as the hash of an address; empty where everything is as at the start.
export function hash_now(): string {
  const text = print_address(at.peek(), unknown);
  return text === "" ? "" : `#${text}`;
}

// Browsers refuse more than a few changes of the address per second, and each costs milliseconds; playing and dragging
// make many.
const HASH_MS = 250;
let hash_due = 0;
let hash_timer = 0;

function write_hash_soon(): void {
  window.clearTimeout(hash_timer);
  const wait = hash_due - performance.now();
  if (wait <= 0) write_hash();
  else hash_timer = window.setTimeout(write_hash, wait);
}

function write_hash(): void {
  hash_due = performance.now() + HASH_MS;
  const wanted = hash_now();
  if (location.hash !== wanted) {
    history.replaceState(null, "", wanted === "" ? location.href.replace(/#.*$/, "") : wanted);
  }
}

/// Shows what the address of the page says.
export function read_hash(): void {
  window.clearTimeout(hash_timer);
  const parsed = parse_address(location.hash);
  unknown = parsed.unknown;
  const found = parsed.notes;
  const next = manifest.peek() ? correct(parsed.address, manifest.peek()!, found) : parsed.address;
  batch(() => {
    at.value = next;
    found.forEach(note);
  });
  write_hash();
}

/// Takes a manifest and shows it, at first or again when a live run has more.
export function show_manifest(next: Manifest): void {
  if (next.live) read_section = server_sections(next.live.sections);
  run_data = new Map();
  manifest.value = next;
}

/// The address of this page with what is shown now.
export function link(): string {
  return location.href.replace(/#.*$/, "") + hash_now();
}
