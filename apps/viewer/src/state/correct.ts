// Brings an address into what a file holds, and says what it changed.

import type { Manifest, Run } from "../format/manifest.ts";
import type { Address } from "./address.ts";
import { rollout_trouble } from "./shown.ts";
import { parse_selection, print_selection } from "./selection.ts";

export function find_run(manifest: Manifest, id: string): Run | undefined {
  return id === "" ? manifest.runs[0] : manifest.runs.find((run) => run.id === id);
}

/// Index of the snapshot nearest to a step (of two equally near ones the earlier); -1 where there is none.
export function nearest_snapshot(steps: number[], step: number): number {
  if (step < 0) return steps.length - 1;
  let best = -1;
  steps.forEach((found, i) => {
    if (best < 0 || Math.abs(found - step) < Math.abs(steps[best]! - step)) best = i;
  });
  return best;
}

/// The address with every value possible; `notes` gets a sentence for each value that was not.
export function correct(address: Address, manifest: Manifest, notes: string[]): Address {
  const out = { ...address };
  let run = find_run(manifest, out.run);
  if (!run) {
    notes.push(`There is no run “${out.run}” in this file; “${manifest.runs[0]!.id}” is shown.`);
    run = manifest.runs[0]!;
    out.run = "";
  }
  if (out.run === manifest.runs[0]!.id) out.run = "";
  let block = run.blocks.find((b) => b.name === out.blk);
  if (!block && out.blk !== "") {
    notes.push(`Run ${run.name} has no block “${out.blk}”; ${run.blocks[0]?.name ?? "none"} is shown.`);
    out.blk = "";
  }
  block ??= run.blocks[0];
  if (block && out.blk === run.blocks[0]!.name) out.blk = "";
  const limit = (key: "l" | "h" | "p", what: string, count: number) => {
    const most = Math.max(0, count - 1);
    if (out[key] <= most) return;
    notes.push(`There is no ${what} ${key}=${out[key]}; ${key}=${most} is shown.`);
    out[key] = most;
  };
  limit("l", "layer", block?.layers ?? 1);
  limit("h", "head", block?.heads ?? 1);
  limit("p", "probe", run.probes.length);
  if (out.t >= 0 && run.steps.length > 0) {
    const at = nearest_snapshot(run.steps, out.t);
    const step = run.steps[at]!;
    if (step !== out.t) notes.push(`There is no snapshot of step ${out.t}; step ${step} is shown.`);
    out.t = at === run.steps.length - 1 ? -1 : step;
  }
  if (out.sel !== "") {
    const [rows, cols] = block?.shapes[out.p] ?? [0, 0];
    const fits = parse_selection(out.sel).filter((s) => (s.q ?? 0) < rows && (s.k ?? 0) < cols);
    const sel = print_selection(fits);
    if (sel !== out.sel) notes.push(`The selection ${out.sel} does not fit this map and was changed.`);
    out.sel = sel;
  }
  const other = out.cmp.startsWith("@") ? run : find_run(manifest, out.cmp);
  if (out.cmp !== "" && (!other || (out.cmp.startsWith("@") && !/^@\d{1,15}$/.test(out.cmp)))) {
    notes.push(`There is nothing “${out.cmp}” to compare with; it was left out.`);
    out.cmp = "";
  }
  if (out.agg === "rollout" && block && rollout_trouble(block)) {
    notes.push(`${rollout_trouble(block)}; the single head is shown.`);
    out.agg = "head";
  }
  return out;
}
