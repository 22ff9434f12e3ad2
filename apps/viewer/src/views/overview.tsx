// The head grid: a small map of every head of every layer, with what combines the heads of a layer behind them.

import { computed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { max_pool, type HeadMap } from "../format/head_map.ts";
import type { Loaded } from "../format/lazy.ts";
import type { Aggregate } from "../state/address.ts";
import { at, block_index, cursor, data, go, probe, run, snapshot, step } from "../state/app.ts";
import { filter_trouble, parse_filter, passes, type Condition } from "../state/filter.ts";
import { weight_look } from "../state/look.ts";
import { place_now } from "../state/current.ts";
import { combinations, map_of, rollout_trouble } from "../state/shown.ts";
import { layer_number, REPLACEMENTS, stats_of, type Stats } from "../state/stats.ts";
import { ColourBar, MarkLegend } from "../parts/colour_bar.tsx";
import { MapCanvas } from "../parts/map_canvas.tsx";
import { Trouble } from "../parts/trouble.tsx";
import { percent, short_number } from "../text/number.ts";
import { FilterBox } from "../parts/filter_box.tsx";
import { MeasuredAt } from "../parts/measured_at.tsx";
import { Nothing } from "../parts/nothing.tsx";
import { useRoom, type Room } from "../parts/room.ts";
import { useMeasured } from "../parts/use_measured.ts";

/// Thumbnails larger than this on a side are pooled.
const THUMB_CELLS = 128;
const SMALLEST = 72;
/// Between thumbnails, and what the names of layers take, as in style/views.css.
const [GAP, NAMES] = [8, 36];

export const filter_state = computed(() => parse_filter(at.value.f));

export function stats_now(): Stats | undefined {
  const loaded = stats_of(data.value);
  return loaded?.status === "ready" ? loaded.value : undefined;
}

/// How many cells on a side are one of a thumbnail.
function thumb_factor(map: HeadMap): number {
  return Math.ceil(Math.max(map.rows, map.cols) / THUMB_CELLS);
}

const small = new WeakMap<HeadMap, HeadMap>();

function thumb_map(map: HeadMap): HeadMap {
  let found = small.get(map);
  if (!found) small.set(map, (found = max_pool(map, thumb_factor(map))));
  return found;
}

interface ThumbProps {
  block: number;
  layer: number;
  head: number;
  aggregate: Aggregate;
  map: HeadMap;
  stats: Stats | undefined;
  conditions: Condition[];
  largest_effect: number;
}

/// What a screen reader hears of a thumbnail.
function thumb_name(props: ThumbProps, tag: string): string {
  const block = run.value.blocks[props.block]!;
  const layer = `${block.name} layer ${layer_number(block, props.layer)}`;
  if (props.aggregate !== "head") return `${layer} ${props.aggregate} over heads`;
  const name = `${layer} head ${props.head}`;
  const { stats } = props;
  if (!stats) return name;
  const nth = stats.head_index(props.block, props.layer, props.head);
  const when = stats.step_index(step.value);
  const role = stats.roles.find((entry) => entry.name === tag);
  const score = role ? ` ${short_number(stats.get(when, nth, `${role.prefix}.score`), 2)}` : "";
  const measured = stats.info.steps[when]!;
  return (
    `${name}, ${tag === "—" ? "no clear role" : tag + score}, ` +
    `entropy ${short_number(stats.get(when, nth, "entropy.bits"), 2)} bits` +
    (measured === step.value ? "" : `, measured at step ${measured}`)
  );
}

function Thumb(props: ThumbProps) {
  const { stats, map } = props;
  const single = props.aggregate === "head";
  const current =
    props.block === block_index.value &&
    props.layer === at.value.l &&
    (single ? at.value.agg === "head" && props.head === at.value.h : at.value.agg === props.aggregate);
  const nth = stats && single ? stats.head_index(props.block, props.layer, props.head) : -1;
  const when = stats?.step_index(step.value) ?? 0;
  const known = stats !== undefined && nth >= 0;
  const tag = known ? stats.tag(when, nth) : "";
  const dim = known && props.conditions.length > 0 && !passes(stats, when, nth, props.conditions);
  const share = known ? stats.get(when, nth, "entropy.share") : NaN;
  const effect = known ? stats.get(when, nth, `ablation.${stats.mode()}.loss`) : NaN;
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The focus follows the current head while it is in the grid.
    if (current && element.current!.closest("[role=grid]")?.contains(document.activeElement)) element.current!.focus();
  }, [current]);
  const place = { blk: run.value.blocks[props.block]!.name, l: props.layer, h: props.head, agg: props.aggregate };
  const point = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const { block, layer, head, aggregate } = props;
    const factor = thumb_factor(map);
    const share_of = (value: number, size: number, count: number) =>
      Math.max(0, Math.min(count - 1, Math.floor((value / size) * Math.ceil(count / factor)) * factor));
    cursor.value = {
      q: share_of(event.clientY - box.top, box.height, map.rows),
      k: share_of(event.clientX - box.left, box.width, map.cols),
      over: { block, layer, head, aggregate, factor },
    };
  };
  const label = single ? `H${props.head}` : props.aggregate;
  return (
    <div
      ref={element}
      role="gridcell"
      tabIndex={current ? 0 : -1}
      data-stop={current ? "" : undefined}
      class={`thumb${current ? " current" : ""}${dim ? " dim" : ""}${single ? "" : " extra"}`}
      aria-selected={current}
      title={props.aggregate === "rollout" ? "attention rollout, a heuristic" : undefined}
      onClick={() => go({ ...place, v: "head" })}
      onFocus={() => (current ? undefined : go(place))}
    >
      <span class="unseen">{thumb_name(props, tag)}</span>
      <span
        class="pic hatch"
        aria-hidden
        onPointerMove={point}
        onPointerLeave={() => (cursor.value = null)}
        data-place={`${props.block}/${props.layer}/${single ? props.head : props.aggregate}`}
      >
        <MapCanvas map={thumb_map(map)} look={weight_look.value} />
        <span class="cross-q" />
        <span class="cross-k" />
      </span>
      <span class="cap" aria-hidden>
        <span>{label}</span>
        <span class={tag === "—" || tag === "uniform" ? "tag" : "tag known"} title={tag}>
          {tag}
        </span>
      </span>
      {known && (
        <span aria-hidden>
          <span class="mini" style={{ display: "block" }} title={`entropy ${percent(share, 0)} of log₂ of the keys`}>
            <i style={{ width: `${100 * (share || 0)}%` }} />
          </span>
          {!Number.isNaN(effect) && (
            <span class="mini effect" style={{ display: "block" }} title={`ablation: loss ${short_number(effect)}`}>
              <i style={{ width: `${Math.max(0, (100 * effect) / props.largest_effect || 0)}%` }} />
            </span>
          )}
        </span>
      )}
    </div>
  );
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/// Width of the maps of a block: the heads of a layer and what combines them stand side by side where that leaves SMALLEST
/// pixels for each; few maps are larger, as long as the layers of all blocks are in view at once.
function thumb_size(nth: number, room: Room): number {
  const { blocks } = run.value;
  const info = blocks[nth]!;
  const layers = blocks.reduce((sum, other) => sum + other.layers, 0);
  const [rows, cols] = info.shapes[at.value.p]!;
  const beside = info.heads + combinations(info).length;
  const wide = Math.floor((room.width - NAMES + GAP) / beside) - GAP;
  const high = ((room.height - 90 - 40 * blocks.length) / layers - 48) * Math.min(1, cols / rows);
  return Math.round(Math.max(SMALLEST, Math.min(220, wide, Math.max(high, 110))));
}

function largest_effect(stats: Stats | undefined): number {
  if (!stats) return 0;
  const when = stats.step_index(step.value);
  return Math.max(0, ...stats.info.heads.map((_, nth) => stats.get(when, nth, `ablation.${stats.mode()}.loss`) || 0));
}

/// The maps of a layer: its heads, then what combines them. The first that is not there speaks for all.
function layer_maps(block: number, layer: number): Loaded<[Aggregate, number, HeadMap][]> {
  const info = run.value.blocks[block]!;
  const wanted: [Aggregate, number][] = [
    ...Array.from({ length: info.heads }, (_, head): [Aggregate, number] => ["head", head]),
    ...combinations(info).map((name): [Aggregate, number] => [name, 0]),
  ];
  const out: [Aggregate, number, HeadMap][] = [];
  for (const [name, head] of wanted) {
    const map = map_of(data.value, { ...place_now(), block, layer, head }, name);
    if (map.status !== "ready") return map;
    out.push([name, head, map.value]);
  }
  return { status: "ready", value: out };
}

function Block(props: { block: number; stats: Stats | undefined; conditions: Condition[]; room: Room }) {
  const { block, stats, conditions, room } = props;
  const info = run.value.blocks[block]!;
  const [rows, cols] = info.shapes[at.value.p]!;
  const largest = largest_effect(stats);
  const over = cursor.value;
  const crossed = over !== null && (over.over?.block ?? block_index.value) === block;
  const cross = crossed
    ? { "--cross-q": `${(100 * (over.q + 0.5)) / rows}%`, "--cross-k": `${(100 * (over.k + 0.5)) / cols}%` }
    : {};
  const size = thumb_size(block, room);
  return (
    <div role="rowgroup" class={`block${crossed ? " crossed" : ""}`} style={{ ...cross, "--thumb": `${size}px` }}>
      <h3 role="presentation">
        <span>{info.name}</span>
        <span class="soft small">
          {counted(info.layers, "layer")} of {counted(info.heads, "head")} · {rows} queries × {cols} keys
          {info.mask === "causal" && " · causal"}
          {info.layer_numbers && ` · ${rollout_trouble(info)}`}
        </span>
      </h3>
      {Array.from({ length: info.layers }, (_, layer) => {
        const maps = layer_maps(block, layer);
        if (maps.status === "loading")
          return (
            <p key={layer} role="presentation" class="loading">
              Decoding …
            </p>
          );
        if (maps.status === "error") {
          return (
            layer === 0 && (
              <div role="row" key={layer}>
                <div role="gridcell">
                  <Trouble title={`${info.name} cannot be shown`} message={maps.message} />
                </div>
              </div>
            )
          );
        }
        return (
          <div role="row" class="layer" key={layer} aria-label={`layer ${layer_number(info, layer)}`}>
            <span class="name" role="presentation" title={info.layer_names?.[layer]}>
              L{layer_number(info, layer)}
            </span>
            <div class="thumbs" role="presentation">
              {maps.value.map(([aggregate, head, map]) => (
                <Thumb
                  key={`${aggregate}${head}`}
                  {...{ block, layer, head, aggregate, map, stats, conditions }}
                  largest_effect={largest}
                />
              ))}
            </div>
          </div>
        );
      })}
    </div>
  );
}

export function Overview() {
  useMeasured("overview");
  if (!probe.value || run.value.blocks.length === 0 || snapshot.value < 0) return <Nothing />;
  return <Grid />;
}

function Grid() {
  const frame = useRef<HTMLDivElement>(null);
  const room = useRoom(frame, 0);
  const stats = stats_now();
  const parsed = filter_state.value;
  const conditions = "conditions" in parsed ? parsed.conditions : [];
  const trouble = "error" in parsed ? parsed.error : stats ? filter_trouble(stats, conditions) : "";
  return (
    <div>
      <div class="tools">
        <FilterBox trouble={trouble} />
        {stats && <MeasuredAt stats={stats} what="roles and bars" />}
        <span class="push" style={{ minWidth: "220px" }}>
          <ColourBar look={weight_look.value} />
        </span>
      </div>
      <div role="grid" ref={frame} aria-label="Attention heads" aria-multiselectable="false">
        {run.value.blocks.map((info, block) => (
          <Block key={info.name} {...{ block, stats, conditions, room }} />
        ))}
      </div>
      <MarkLegend />
      <p class="soft small" style={{ marginTop: "8px" }}>
        {stats && (
          <>
            Bars under a map: entropy as a share of its most (grey)
            {stats.modes.length > 0 &&
              `, and the rise of the loss when the head is replaced by ${REPLACEMENTS[stats.mode()]} (red; the longest is ${short_number(largest_effect(stats))})`}
            , on {stats.info.evaluated}.{" "}
          </>
        )}
        Rollout is a heuristic. Weights are not explanations: see the ablation columns in Roles.
      </p>
    </div>
  );
}
