// What the current view shows: which maps, of what name, and which of their cells the cursor means.

import { pooled_cell, type HeadMap } from "../format/head_map.ts";
import type { Loaded } from "../format/lazy.ts";
import type { Place } from "../format/run_data.ts";
import type { Aggregate, Stage } from "./address.ts";
import { at, block, block_index, cursor, data, data_of, pooled, run, snapshot, step } from "./app.ts";
import { difference_of, other_side, type Other } from "./compare.ts";
import { parse_heads } from "./lines.ts";
import { head_map, map_of, staged_map } from "./shown.ts";
import { layer_name } from "./stats.ts";
import { visible_name } from "../text/token.ts";

export function place_now(): Place {
  return {
    block: block_index.value,
    probe: at.value.p,
    snapshot: snapshot.value,
    layer: at.value.l,
    head: at.value.h,
  };
}

export function aggregate_words(aggregate: Aggregate): string {
  return aggregate === "rollout" ? "rollout (heuristic)" : `${aggregate} over heads`;
}

/// "dec.cross L1 H2", or "dec.cross L1 mean over heads".
function map_name(place: Place, aggregate: Aggregate): string {
  const what = aggregate === "head" ? `H${place.head}` : aggregate_words(aggregate);
  return `${layer_name(run.value.blocks[place.block], place.layer)} ${what}`;
}

export function shown_name(): string {
  return map_name(place_now(), at.value.agg);
}

/// "reverse-seed0, step 2048".
export function side_name(): string {
  return `${visible_name(run.value.name)}, step ${step.value}`;
}

/// The current head, or what combines those of its layer.
export function map_now(): Loaded<HeadMap> {
  return map_of(data.value, place_now(), at.value.agg);
}

/// The same of the other side of a comparison.
export function other_map(other: Other): Loaded<HeadMap> {
  return map_of(data_of(other.run), { ...place_now(), block: other.block, snapshot: other.snapshot }, at.value.agg);
}

/// The stage that the head view shows at a snapshot: others than the softmax exist for single heads with scores only.
export function stage_at(place: Place): Stage {
  return at.value.agg === "head" && data.value.scores(place) ? at.value.st : "softmax";
}

/// The map of the head view.
export function head_view_map(): Loaded<HeadMap> {
  const place = place_now();
  return staged_map(data.value, place, at.value.agg, stage_at(place), at.value.df);
}

/// The maps whose lines the token view draws, with their names: chosen heads, else what the head picker says.
export function token_view_maps(): [string, Loaded<HeadMap>][] {
  const chosen = at.value.agg === "head" ? parse_heads(at.value.hs, block.value!.heads) : [];
  if (chosen.length === 0) return [["", map_now()]];
  return chosen.map((head) => [`H${head}`, head_map(data.value, { ...place_now(), head })]);
}

function compared_maps(): [string, Loaded<HeadMap>][] {
  const other = other_side();
  if (typeof other === "string") return [];
  const [a, b] = [map_now(), other_map(other)];
  if (at.value.cv !== "diff") {
    return [
      [side_name(), a],
      [visible_name(other.name), b],
    ];
  }
  if (a.status !== "ready") return [["", a]];
  return [["difference", b.status === "ready" ? { status: "ready", value: difference_of(a.value, b.value) } : b]];
}

function maps_in_view(): [string, Loaded<HeadMap>][] {
  switch (at.value.v) {
    case "head":
      return [["", head_view_map()]];
    case "tokens":
      return token_view_maps();
    case "compare":
      return compared_maps();
    default:
      return [["", map_now()]];
  }
}

/// What the cursor means: the cell, and the maps in which it is, with names where there are several. Where a block of cells
/// is drawn as one it is the cell that gives the colour.
export interface Pointed {
  block: number;
  name: string;
  /// Absent while its map is not there.
  cell?: { q: number; k: number };
  maps: [string, HeadMap][];
}

export function pointed(): Pointed | undefined {
  const here = cursor.value;
  if (!here || !block.value || snapshot.value < 0) return undefined;
  const { over } = here;
  const place = over ? { ...place_now(), ...over } : place_now();
  const aggregate = over?.aggregate ?? at.value.agg;
  const found: Pointed = { block: place.block, name: map_name(place, aggregate), maps: [] };
  for (const [name, map] of over ? [["", map_of(data.value, place, aggregate)] as const] : maps_in_view()) {
    if (map.status === "ready" && here.q < map.value.rows && here.k < map.value.cols) found.maps.push([name, map.value]);
  }
  const map = found.maps[here.second ? 1 : 0]?.[1];
  const factor = over?.factor ?? pooled.value;
  if (map) found.cell = pooled_cell(map, factor, Math.floor(here.q / factor), Math.floor(here.k / factor));
  return found;
}
