// What is compared: the current map with that of another run or another step.

import { difference, type HeadMap } from "../format/head_map.ts";
import type { Probe, Run } from "../format/manifest.ts";
import { at, block, manifest, run, snapshot, step } from "./app.ts";
import { find_run, nearest_snapshot } from "./correct.ts";
import { target_vocab_of, vocab_of } from "./labels.ts";
import { layer_name, layer_number } from "./stats.ts";

export interface Other {
  run: Run;
  /// Index of its block of the same name.
  block: number;
  snapshot: number;
  step: number;
  name: string;
}

function same_list(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

/// Whether the file says all that a probe reads: vectors have no ids, and texts only where the file has them.
function is_named({ src, tgt_in, src_text }: Probe): boolean {
  return src_text !== undefined || [...src, ...tgt_in].every((id) => id >= 0);
}

/// All that tells a probe from another.
function content(probe: Probe): unknown[] {
  return [probe.src, probe.src_text, probe.tgt_in, probe.tgt_out];
}

/// Why two runs cannot be compared, as a sentence; empty where they can.
export function mismatch(a: Run, b: Run, probe: number, block_name: string): string {
  if (a === b) return "";
  const names = `“${a.name}” and “${b.name}”`;
  for (const vocabulary of [vocab_of, target_vocab_of]) {
    const [left, right] = [vocabulary(a), vocabulary(b)];
    if (!same_list(left, right)) {
      return (
        `${names} have different vocabularies (${left.length} and ${right.length} tokens, not the same), ` +
        "so a cell of one means something else in the other."
      );
    }
  }
  const [x, y] = [a.probes[probe], b.probes[probe]];
  if (!x || !y) return `${names} do not both have probe ${probe}.`;
  if (JSON.stringify(content(x)) !== JSON.stringify(content(y))) {
    return `Probe ${probe} is another example in ${names}; record both runs with the same probes to compare them.`;
  }
  if (!is_named(x)) return `Probe ${probe} has vectors that this file does not hold, so they may differ in ${names}.`;
  const [left, right] = [a.blocks.find((i) => i.name === block_name), b.blocks.find((i) => i.name === block_name)];
  if (!left || !right) return `${b.name} has no block ${block_name}.`;
  if (!same_list(left.shapes[probe]!, right.shapes[probe]!)) {
    return `The maps of ${block_name} have different shapes in ${names}.`;
  }
  const { l, h } = at.peek();
  if (l >= right.layers || h >= right.heads || layer_number(left, l) !== layer_number(right, l)) {
    const layers = Array.from({ length: right.layers }, (_, i) => `L${layer_number(right, i)}`).join(", ");
    return `${b.name} has ${layers} of ${right.heads} heads in ${block_name}, and no ${layer_name(left, l)} H${h}.`;
  }
  return "";
}

/// The other side, or a sentence that says why there is none.
export function other_side(): Other | string {
  const { cmp, p } = at.value;
  if (cmp === "") return "Choose another run, or another step of this one, under “Compare with”.";
  if (cmp.startsWith("@")) {
    const at_snapshot = nearest_snapshot(run.value.steps, Number(cmp.slice(1)));
    const found = run.value.steps[at_snapshot]!;
    return {
      run: run.value,
      block: run.value.blocks.indexOf(block.value!),
      snapshot: at_snapshot,
      step: found,
      name: `${run.value.name}, step ${found}`,
    };
  }
  const other = find_run(manifest.value!, cmp)!;
  const why = mismatch(run.value, other, p, block.value?.name ?? "");
  if (why !== "") return `These cannot be compared. ${why}`;
  const at_snapshot = nearest_snapshot(other.steps, snapshot.value < 0 ? -1 : step.value);
  if (at_snapshot < 0) return `${other.name} has no snapshots.`;
  const found = other.steps[at_snapshot]!;
  return {
    run: other,
    block: other.blocks.findIndex((b) => b.name === block.value!.name),
    snapshot: at_snapshot,
    step: found,
    name: `${other.name}, step ${found}`,
  };
}

let last: { a: HeadMap; b: HeadMap; map: HeadMap } | undefined;

/// a − b, made once for all that show it.
export function difference_of(a: HeadMap, b: HeadMap): HeadMap {
  if (last?.a !== a || last.b !== b) last = { a, b, map: difference(a, b) };
  return last.map;
}

/// Keys of two settings that differ, with both values, sorted: "optimizer.lr".
export function config_difference(a: unknown, b: unknown): { key: string; a: unknown; b: unknown }[] {
  const flat = (value: unknown, path: string, out: Map<string, unknown>): Map<string, unknown> => {
    if (typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
      for (const [key, inner] of Object.entries(value)) flat(inner, path === "" ? key : `${path}.${key}`, out);
    } else {
      out.set(path, value);
    }
    return out;
  };
  const [x, y] = [flat(a, "", new Map()), flat(b, "", new Map())];
  const keys = [...new Set([...x.keys(), ...y.keys()])].sort();
  return keys
    .filter((key) => JSON.stringify(x.get(key)) !== JSON.stringify(y.get(key)))
    .map((key) => ({ key, a: x.get(key), b: y.get(key) }));
}
