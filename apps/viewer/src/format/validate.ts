// Checks a manifest before anything reads it, so that a file of another version or a damaged one is a sentence and not a
// crash somewhere in the page.

import { BrokenCells } from "./broken.ts";
import { FORMAT, type Invalid, type Manifest } from "./manifest.ts";

export class FormatError extends Error {}

type Kind = "string" | "number" | "boolean" | "object" | "array";

function kind_of(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/// Checks that `value` is an object with keys of these kinds, written `{ string: "id name", array: "steps" }`.
function need(place: string, value: unknown, keys: Partial<Record<Kind, string>>): void {
  if (kind_of(value) !== "object") throw new FormatError(`manifest: ${place} is no object but ${kind_of(value)}`);
  for (const [kind, names] of Object.entries(keys)) {
    for (const key of names.split(" ")) {
      const found = kind_of((value as Record<string, unknown>)[key]);
      if (found === kind) continue;
      const what = found === "undefined" ? "is missing" : `is ${found}, not ${kind}`;
      throw new FormatError(`manifest: ${place}.${key} ${what}; make the file again with headlight view`);
    }
  }
}

function rising(place: string, steps: number[]): void {
  for (let i = 1; i < steps.length; ++i) {
    if (!(steps[i]! > steps[i - 1]!)) throw new FormatError(`manifest: ${place} must rise, but [${i}] does not`);
  }
}

function same(place: string, what: string, found: number, wanted: number): void {
  if (found !== wanted) throw new FormatError(`manifest: ${place} has ${found} ${what}, not ${wanted}`);
}

function check_run(place: string, run: Manifest["runs"][number]): void {
  need(place, run, { string: "id name", object: "config env", array: "steps scalars probes blocks exact invalid notes" });
  need(`${place}.config`, run.config, { object: "resolved", array: "overrides changed" });
  rising(`${place}.steps`, run.steps);
  run.scalars.forEach((scalar, i) =>
    need(`${place}.scalars[${i}]`, scalar, { string: "split name", number: "n section" }),
  );
  run.probes.forEach((probe, i) =>
    need(`${place}.probes[${i}]`, probe, { string: "label", array: "src tgt_in tgt_out" }),
  );
  run.blocks.forEach((block, i) => {
    const where = `${place}.blocks[${i}]`;
    need(where, block, { string: "name kind mask pack", number: "layers heads", array: "shapes sections", boolean: "delta" });
    same(`${where}.shapes`, "shapes", block.shapes.length, run.probes.length);
    same(`${where}.sections`, "sections", block.sections.length, run.probes.length);
    if (block.layer_numbers) same(`${where}.layer_numbers`, "numbers", block.layer_numbers.length, block.layers);
    if ((block.pack === "tril") !== (block.mask === "causal")) {
      throw new FormatError(`manifest: ${where} is packed as ${block.pack} but its mask is ${block.mask}`);
    }
  });
  for (const list of [run.exact, run.scores ?? []]) {
    list.forEach((exact, i) => {
      need(`${place}.exact[${i}]`, exact, { number: "block probe step section" });
    });
  }
  if (run.head_stats) {
    need(`${place}.head_stats`, run.head_stats, { array: "steps heads columns", number: "section", object: "thresholds", string: "evaluated" });
    rising(`${place}.head_stats.steps`, run.head_stats.steps);
  }
  if (run.preds) need(`${place}.preds`, run.preds, { string: "rows", number: "top", array: "probes" });
}

/// The manifest in `text`. Throws FormatError, whose message names the place.
export function parse_manifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`manifest: no JSON (${(error as Error).message}); the file was cut or changed`);
  }
  need("(top)", value, { string: "format" });
  const manifest = value as Manifest;
  if (manifest.format !== FORMAT) {
    throw new FormatError(
      `manifest: the data are ${manifest.format}, but this page reads ${FORMAT}; ` +
        "use the page of the headlight that wrote them",
    );
  }
  need("(top)", value, { string: "generator created", array: "vocab runs notes" });
  if (manifest.runs.length === 0) throw new FormatError("manifest: runs is empty; name a run for headlight view");
  manifest.runs.forEach((run, i) => {
    check_run(`runs[${i}]`, run);
    run.invalid = new BrokenCells(run.invalid as Invalid[], run.steps);
  });
  const ids = new Set(manifest.runs.map((run) => run.id));
  same("runs", "different ids", ids.size, manifest.runs.length);
  return manifest;
}
