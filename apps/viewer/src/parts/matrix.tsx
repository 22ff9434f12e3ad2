// One attention map with tokens on both axes: pixels on a canvas, labels as text, a cell under the cursor, locked rows,
// columns and cells, and sums along both sides. Longer inputs are pooled to at most 256 cells a side and can be zoomed.

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { max_pool, pooled_cell, type HeadMap } from "../format/head_map.ts";
import { draw_bars, draw_overlay } from "../draw/overlay.ts";
import { css_variable } from "../draw/canvas.ts";
import type { Look } from "../draw/paint.ts";
import { at, cursor, go, pooled } from "../state/app.ts";
import type { Produced } from "../state/labels.ts";
import { parse_selection, selected_cols, selected_rows, toggle_selection } from "../state/selection.ts";
import { cell_name, cell_text, short_number } from "../text/number.ts";
import { ColAxis, LABEL, label_room, made_room, RowAxis } from "./axis.tsx";
import { MapCanvas } from "./map_canvas.tsx";
import { useTouch } from "./touch.ts";
import { useRoom } from "./room.ts";

export const POOLED = 256;
const BAR = 46;

export interface MatrixProps {
  map: HeadMap;
  look: Look;
  rows: string[];
  cols: string[];
  made?: Produced[] | undefined;
  label: string;
  sums?: boolean;
  /// The second of two: only one matrix of a view takes the keyboard.
  second?: boolean;
  /// Width to leave for what stands beside it where there is room for both.
  beside?: number;
  zoom: number;
  on_zoom?: (zoom: number) => void;
}

/// Sums over the locked queries of each key, and over the locked keys of each query.
function side_sums(map: HeadMap, sel: string): { by_row: number[]; by_col: number[] } {
  const items = parse_selection(sel);
  const by_row = new Array<number>(map.rows).fill(0);
  const by_col = new Array<number>(map.cols).fill(0);
  for (const q of selected_rows(items, map.rows)) {
    for (let k = 0; k < map.cols; ++k) by_col[k] = by_col[k]! + map.values[q * map.cols + k]!;
  }
  const cols = selected_cols(items, map.cols);
  for (let q = 0; q < map.rows; ++q) for (const k of cols) by_row[q] = by_row[q]! + map.values[q * map.cols + k]!;
  return { by_row, by_col };
}

/// What bars show, and what the longest possible one stands for.
function BarHead({ what, most }: { what: string; most: number }) {
  return (
    <div class="bar-head">
      {what && (
        <>
          Σ {what}
          <br />
          0–{short_number(most, 2)}
        </>
      )}
    </div>
  );
}

export function Matrix(props: MatrixProps) {
  const frame = useRef<HTMLDivElement>(null);
  const room = useRoom(frame, props.beside ?? 0);
  const full = props.map;
  const base = Math.max(1, Math.ceil(Math.max(full.rows, full.cols) / POOLED));
  const factor = Math.max(1, Math.ceil(base / props.zoom));
  const map = useMemo(() => max_pool(full, factor, props.look.kind === "signed"), [full, factor, props.look.kind]);
  const col_text = label_room(props.cols, map.cols, factor);
  const bar = props.sums ? BAR : 0;
  // Few rows keep the room for their labels, and scroll where the window is low.
  const least = props.rows.length > 32 ? 3 : LABEL;
  const enlarged = Math.max(1, (props.zoom * factor) / base);
  const high = (room.height - col_text - 10 - bar) / map.rows;
  const with_made = props.made && factor === 1 && Math.max(high, least) * enlarged >= LABEL;
  const row_room = label_room(props.rows, map.rows, factor) + (with_made ? made_room(props.made!) : 0);
  const fit = Math.min((room.width - row_room - bar - 10) / map.cols, high, 44);
  const cell = Math.max(1, Math.floor(Math.max(fit, least) * enlarged));
  const turned = col_text > cell;
  const head_room = turned ? col_text + 6 : 24;
  const [width, height] = [map.cols * cell, map.rows * cell];

  const plot = useRef<HTMLDivElement>(null);
  const cells = useRef<HTMLDivElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const right = useRef<HTMLCanvasElement>(null);
  const below = useRef<HTMLCanvasElement>(null);
  const [view, set_view] = useState({ x: 0, y: 0, width: 0, height: 0 });
  const look_at = () => {
    const box = plot.current!;
    const next = {
      x: Math.min(box.scrollLeft, width),
      y: Math.min(box.scrollTop, height),
      width: Math.min(width, Math.max(1, box.clientWidth - row_room)),
      height: Math.min(height, Math.max(1, box.clientHeight - head_room)),
    };
    next.x = Math.min(next.x, width - next.width);
    next.y = Math.min(next.y, height - next.height);
    set_view((old) =>
      old.x === next.x && old.y === next.y && old.width === next.width && old.height === next.height ? old : next,
    );
  };
  useLayoutEffect(() => {
    pooled.value = factor;
    return () => (pooled.value = 1);
  }, [factor]);
  useLayoutEffect(look_at, [width, height, room.width, room.height, row_room]);

  const here = cursor.value;
  const selection = parse_selection(at.value.sel);
  const scaled = (item: { q?: number; k?: number }) => ({
    ...(item.q === undefined ? {} : { q: Math.floor(item.q / factor) }),
    ...(item.k === undefined ? {} : { k: Math.floor(item.k / factor) }),
  });
  const small = here && { q: Math.floor(here.q / factor), k: Math.floor(here.k / factor) };
  useLayoutEffect(() => {
    draw_overlay(
      over.current!,
      {
        map,
        look: props.look,
        cell,
        numbers: at.value.num,
        cursor: small,
        selection: selection.map(scaled),
        ink: css_variable("--ink"),
        paper: css_variable("--panel"),
      },
      view,
    );
  });
  const sums = useMemo(() => side_sums(full, at.value.sel), [full, at.value.sel]);
  // A row of weights has the sum 1, so its bar does not grow with rounding.
  const longest = (of: number[]) => Math.max(1, ...of);
  const most = { row: longest(sums.by_row), col: longest(sums.by_col) };
  useLayoutEffect(() => {
    if (!props.sums) return;
    const longest_of = (of: number[], count: number) =>
      Array.from({ length: count }, (_, i) => Math.max(...of.slice(i * factor, (i + 1) * factor)));
    const colour = css_variable("--series-1");
    draw_bars(right.current!, longest_of(sums.by_row, map.rows), most.row, cell, BAR, false, colour);
    draw_bars(below.current!, longest_of(sums.by_col, map.cols), most.col, cell, BAR, true, colour);
  }, [sums, factor, cell, props.sums, props.look]);

  const cell_at = (event: PointerEvent | MouseEvent) => {
    const box = cells.current!.getBoundingClientRect();
    const q = Math.min(map.rows - 1, Math.max(0, Math.floor((event.clientY - box.top) / cell)));
    const k = Math.min(map.cols - 1, Math.max(0, Math.floor((event.clientX - box.left) / cell)));
    return { q, k };
  };
  /// A block of cells means the one that gives its colour.
  const meant = ({ q, k }: { q: number; k: number }) => pooled_cell(full, factor, q, k);
  const lock = (item: { q?: number; k?: number }, add: boolean) =>
    go({ sel: toggle_selection(at.peek().sel, item, add) });
  const point = ({ q, k }: { q: number; k: number }) =>
    (cursor.value = { q: q * factor, k: k * factor, second: props.second });
  const touch = useTouch({
    hover: (event) => point(cell_at(event)),
    lock: (event) => lock(meant(cell_at(event)), event.shiftKey),
    zoom: (by) => props.on_zoom?.(Math.max(1, Math.min(8, props.zoom * by))),
  });
  const named = (key: "q" | "k") =>
    new Set(selection.flatMap((item) => (item[key] === undefined ? [] : [Math.floor(item[key]! / factor)])));
  const axis = { cell, factor };
  const spot = small ?? { q: 0, k: 0 };
  const chosen = meant(spot);

  return (
    <div class="plot-wrap" ref={frame}>
      <div class="plot" ref={plot} onScroll={look_at} style={{ maxHeight: `${room.height}px` }}>
        <div class="plot-grid" style={{ gridTemplateColumns: `${row_room}px ${width}px ${bar}px` }}>
          <div class="corner" style={{ height: `${head_room}px` }}>
            {turned
              ? row_room > 66 && (
                  <span>
                    query ↓<br />
                    key →
                  </span>
                )
              : row_room > 104 && <span>query ↓ · key →</span>}
          </div>
          <div class="cols" style={{ height: `${head_room}px` }}>
            {here && <div class="band" style={{ left: `${spot.k * cell}px`, width: `${cell}px`, top: 0, bottom: 0 }} />}
            <ColAxis
              {...axis}
              texts={props.cols}
              count={map.cols}
              turned={turned}
              selected={named("k")}
              from={Math.floor(view.x / cell)}
              to={Math.ceil((view.x + view.width) / cell)}
              on_pick={(k, add) => lock({ k: k * factor }, add)}
              on_hover={(k) => point({ ...spot, k })}
            />
          </div>
          <BarHead what={props.sums ? "row" : ""} most={most.row} />
          <div class="rows" style={{ height: `${height}px` }}>
            {here && <div class="band" style={{ top: `${spot.q * cell}px`, height: `${cell}px`, left: 0, right: 0 }} />}
            <RowAxis
              {...axis}
              texts={props.rows}
              count={map.rows}
              made={with_made ? props.made : undefined}
              selected={named("q")}
              from={Math.floor(view.y / cell)}
              to={Math.ceil((view.y + view.height) / cell)}
              on_pick={(q, add) => lock({ q: q * factor }, add)}
              on_hover={(q) => point({ ...spot, q })}
            />
          </div>
          <div
            class="cells hatch"
            ref={cells}
            style={{ width: `${width}px`, height: `${height}px` }}
            {...touch}
            onPointerLeave={() => (cursor.value = null)}
            data-rows={map.rows}
            data-cols={map.cols}
            data-cell={cell}
          >
            <MapCanvas map={map} look={props.look} class="image" />
            <canvas
              ref={over}
              class="over"
              aria-hidden
              style={{
                left: `${row_room}px`,
                top: `${head_room}px`,
                width: `${view.width}px`,
                height: `${view.height}px`,
              }}
            />
            {!props.second && (
              <div role="grid" aria-label={props.label} aria-rowcount={full.rows} aria-colcount={full.cols}>
                <div role="row" aria-rowindex={chosen.q + 1}>
                  <div
                    role="gridcell"
                    tabIndex={0}
                    data-stop
                    aria-colindex={chosen.k + 1}
                    aria-label={`${cell_name(props, chosen.q, chosen.k)}, ${cell_text(full, chosen.q, chosen.k)}`}
                    onFocus={() => cursor.peek() ?? (cursor.value = { q: 0, k: 0 })}
                    style={{
                      left: `${spot.k * cell}px`,
                      top: `${spot.q * cell}px`,
                      width: `${cell}px`,
                      height: `${cell}px`,
                    }}
                  />
                </div>
              </div>
            )}
          </div>
          <canvas ref={right} class="bars" hidden={!props.sums} aria-hidden />
          <BarHead what={props.sums ? "col" : ""} most={most.col} />
          <canvas ref={below} class="bars" hidden={!props.sums} aria-hidden />
        </div>
      </div>
    </div>
  );
}
