// The maps that views show: exact where the file has exact weights, else from 8-bit codes; single, combined, rolled out,
// or scores. Made once per snapshot and kept for a while.

import { combine, drop_first, rollout, type HeadMap } from "../format/head_map.ts";
import type { Loaded } from "../format/lazy.ts";
import type { Block } from "../format/manifest.ts";
import type { Place, RunData } from "../format/run_data.ts";
import type { Aggregate, Stage } from "./address.ts";

/// Cells that are kept, 4 bytes each: a frame of 96 heads of 64 x 64, or the layer of a model with 256 tokens.
const KEPT_CELLS = 1_000_000;

const kept = new Map<string, HeadMap>();
let kept_cells = 0;
let owners = 0;
const owner_ids = new WeakMap<RunData, number>();

function ready<T>(value: T): Loaded<T> {
  return { status: "ready", value };
}

function keep(key: string, map: HeadMap): void {
  for (const [old, other] of kept) {
    if (kept_cells + map.values.length <= KEPT_CELLS) break;
    kept.delete(old);
    kept_cells -= other.values.length;
  }
  kept.set(key, map);
  kept_cells += map.values.length;
}

/// A map by place and name: looked up before anything that it is made of is asked for, because that may be gone.
function cached(data: RunData, place: Place, what: string, make: () => Loaded<HeadMap>): Loaded<HeadMap> {
  let owner = owner_ids.get(data);
  if (owner === undefined) owner_ids.set(data, (owner = owners++));
  // All heads of a snapshot become exact together, when its section has been decoded.
  const exact = data.exact(place)?.status === "ready";
  const key = `${owner}/${place.block}/${place.probe}/${place.snapshot}/${place.layer}/${what}/${exact}`;
  const found = kept.get(key);
  if (found) return ready(found);
  const made = make();
  if (made.status === "ready") keep(key, made.value);
  return made;
}

/// One head.
export function head_map(data: RunData, place: Place): Loaded<HeadMap> {
  return cached(data, place, String(place.head), () => {
    const block = data.block(place.block, place.probe);
    if (block.status !== "ready") return block;
    const exact = data.exact(place);
    return ready(data.map(block.value, place, exact?.status === "ready" ? exact.value : undefined));
  });
}

/// Why exact weights that the file announces cannot be shown; else empty.
export function exact_trouble(data: RunData, place: Place): string {
  const exact = data.exact(place);
  return exact?.status === "error" ? exact.message : "";
}

function layer_map(data: RunData, place: Place, how: "mean" | "max"): Loaded<HeadMap> {
  return cached(data, place, how, () => {
    const maps: HeadMap[] = [];
    for (let head = 0; head < data.run.blocks[place.block]!.heads; ++head) {
      const map = head_map(data, { ...place, head });
      if (map.status !== "ready") return map;
      maps.push(map.value);
    }
    return ready(combine(maps, how));
  });
}

/// Why there is no rollout over a block, as a sentence without its end; else empty.
export function rollout_trouble(block: Block): string {
  if (block.kind === "dec.cross") return "There is no rollout over cross-attention";
  return block.layer_numbers ? `There is no rollout over ${block.name}: layers of other sizes lie between its own` : "";
}

/// What the heads of a layer of a block can be combined to.
export function combinations(block: Block): Aggregate[] {
  return rollout_trouble(block) ? ["mean", "max"] : ["mean", "max", "rollout"];
}

function rollout_map(data: RunData, place: Place): Loaded<HeadMap> {
  return cached(data, place, "rollout", () => {
    const trouble = rollout_trouble(data.run.blocks[place.block]!);
    if (trouble) return { status: "error", message: `${trouble}.` };
    const mean = layer_map(data, place, "mean");
    if (mean.status !== "ready") return mean;
    const before = place.layer > 0 ? rollout_map(data, { ...place, layer: place.layer - 1 }) : undefined;
    if (before && before.status !== "ready") return before;
    return ready(rollout(mean.value, before?.value));
  });
}

/// One head, or what combines the heads of its layer.
export function map_of(data: RunData, place: Place, aggregate: Aggregate): Loaded<HeadMap> {
  if (aggregate === "head") return head_map(data, place);
  return aggregate === "rollout" ? rollout_map(data, place) : layer_map(data, place, aggregate);
}

/// The map that the head view shows: stages before the softmax exist for single heads of exact snapshots only.
export function staged_map(
  data: RunData,
  place: Place,
  aggregate: Aggregate,
  stage: Stage,
  without_first: boolean,
): Loaded<HeadMap> {
  const block = data.block(place.block, place.probe);
  if (stage !== "softmax" && aggregate === "head") {
    const scores = data.scores(place);
    if (scores) {
      if (block.status !== "ready") return block;
      if (scores.status !== "ready") return scores;
      return ready(data.score_map(block.value, place, scores.value, stage === "masked"));
    }
  }
  const map = map_of(data, place, aggregate);
  return map.status === "ready" && without_first ? ready(drop_first(map.value)) : map;
}
