// Two strips of tokens, queries above and keys below, with the heaviest weights as lines.

import { useLayoutEffect, useRef } from "preact/hooks";
import { css_variable, sized } from "../draw/canvas.ts";
import type { HeadMap } from "../format/head_map.ts";
import type { Loaded } from "../format/lazy.ts";
import { at, block, cursor, dark, data, go, probe, run } from "../state/app.ts";
import { place_now, shown_name, token_view_maps } from "../state/current.ts";
import { axis_texts, produced, rows_produce, type Produced } from "../state/labels.ts";
import { LINE_COLOURS, parse_heads, top_lines, type Line } from "../state/lines.ts";
import { parse_selection, toggle_selection } from "../state/selection.ts";
import { Made } from "../parts/axis.tsx";
import { Slider } from "../parts/controls.tsx";
import { Nothing } from "../parts/nothing.tsx";
import { useRoom } from "../parts/room.ts";
import { Table } from "../parts/table.tsx";
import { When } from "../parts/trouble.tsx";
import { useMeasured } from "../parts/use_measured.ts";
import { cell_text, percent } from "../text/number.ts";
import { indexed, shortened } from "../text/token.ts";
import { HeadPicker } from "./head.tsx";

const LINES_HEIGHT = 190;
const LONGEST_TOKEN = 16;

/// The maps whose lines are drawn. The first that is not there speaks for all.
export function token_maps(): Loaded<HeadMap[]> {
  const out: HeadMap[] = [];
  for (const [, loaded] of token_view_maps()) {
    if (loaded.status !== "ready") return loaded;
    out.push(loaded.value);
  }
  return { status: "ready", value: out };
}

/// Queries whose lines are drawn: those selected, else the one under the cursor, else all.
export function line_rows(rows: number): number[] {
  const named = parse_selection(at.value.sel).flatMap((item) => (item.q === undefined ? [] : [item.q]));
  if (named.length > 0) return [...new Set(named)];
  return cursor.value ? [cursor.value.q] : Array.from({ length: rows }, (_, q) => q);
}

function Lines({ lines, width, total, single }: { lines: Line[]; width: number; total: number; single: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = sized(canvas.current!, total, LINES_HEIGHT);
    context.lineCap = "round";
    // The heaviest lines are drawn last and lie above.
    for (const line of [...lines].reverse()) {
      const [from, to] = [(line.q + 0.5) * width, (line.k + 0.5) * width];
      context.strokeStyle = css_variable(single ? "--series-1" : LINE_COLOURS[line.nth % LINE_COLOURS.length]!);
      context.globalAlpha = 0.15 + 0.8 * Math.min(1, line.weight);
      context.lineWidth = 1 + 4 * Math.min(1, line.weight);
      context.beginPath();
      context.moveTo(from, 2);
      context.bezierCurveTo(from, LINES_HEIGHT * 0.45, to, LINES_HEIGHT * 0.55, to, LINES_HEIGHT - 2);
      context.stroke();
    }
  }, [lines, width, total, single, dark.value]);
  return <canvas ref={canvas} aria-hidden style={{ width: `${total}px`, height: `${LINES_HEIGHT}px` }} />;
}

function Strip(props: { texts: string[]; width: number; on: Set<number>; name: string; pick: "q" | "k" }) {
  const spot = cursor.value ? cursor.value[props.pick] : 0;
  const list = useRef<HTMLDivElement>(null);
  const focus = (index: number) => {
    cursor.value = { q: cursor.peek()?.q ?? 0, k: cursor.peek()?.k ?? 0, [props.pick]: index };
    (list.current!.children[index] as HTMLElement | undefined)?.focus();
  };
  const turn = (event: KeyboardEvent) => {
    const now = [...list.current!.children].indexOf(event.target as Element);
    const next = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: props.texts.length - 1 }[event.key];
    if (next === undefined || now < 0) return;
    event.preventDefault();
    event.stopPropagation();
    focus(Math.max(0, Math.min(props.texts.length - 1, next)));
  };
  return (
    <div class="strip" role="group" aria-label={props.name} ref={list} onKeyDown={turn} data-arrows>
      {props.texts.map((text, i) => (
        <button
          key={i}
          style={{ width: `${props.width}px` }}
          aria-pressed={props.on.has(i)}
          title={text}
          tabIndex={i === Math.min(spot, props.texts.length - 1) ? 0 : -1}
          onClick={(event) => go({ sel: toggle_selection(at.peek().sel, { [props.pick]: i }, event.shiftKey) })}
          onPointerEnter={() => props.pick === "q" && (cursor.value = { q: i, k: cursor.peek()?.k ?? 0 })}
          onPointerLeave={() => (cursor.value = null)}
        >
          <bdi>{shortened(text, LONGEST_TOKEN)}</bdi>
          <span class="at">·{i}</span>
        </button>
      ))}
    </div>
  );
}

function HeadChoice() {
  const heads = block.value!.heads;
  const chosen = parse_heads(at.value.hs, heads);
  if (heads < 2 || at.value.agg !== "head") return null;
  const flip = (head: number) => {
    const next = chosen.includes(head)
      ? chosen.filter((other) => other !== head)
      : [...chosen, head].sort((a, b) => a - b);
    go({ hs: next.join(".") });
  };
  return (
    <div class="field">
      <span>Several heads</span>
      <div class="switch" role="group" aria-label="Chosen heads" style={{ flexWrap: "wrap" }}>
        {Array.from({ length: heads }, (_, head) => (
          <button
            key={head}
            aria-pressed={chosen.includes(head)}
            onClick={() => flip(head)}
            style={
              chosen.includes(head) ? { boxShadow: `inset 0 -4px var(${LINE_COLOURS[chosen.indexOf(head) % 4]})` } : {}
            }
          >
            H{head}
          </button>
        ))}
      </div>
    </div>
  );
}

function TopFive({ made, title, text }: { made: Produced; title: string; text: string }) {
  return (
    <div class="card">
      <h2>
        {title} <bdi class="mono">{text}</bdi>
      </h2>
      <p>
        <Made made={made} />
      </p>
      <Table box="wide" label="Predictions" heads={["prediction", "probability"]}>
        {made.top.map((entry, i) => (
          <tr key={i}>
            <td>
              <bdi class="mono">{entry.text}</bdi>
              {entry.text === made.target && <span class="good"> ✓ target</span>}
            </td>
            <td>
              <span class="cell-bar" style={{ width: `${80 * (entry.probability || 0)}px` }} />{" "}
              {percent(entry.probability, 2)}
            </td>
          </tr>
        ))}
      </Table>
      {made.target !== "" && (
        <p class="soft small">
          The target <bdi>{made.target}</bdi> has {percent(made.target_probability, 2)}.
        </p>
      )}
    </div>
  );
}

function LineTable({ lines, maps, rows, cols }: { lines: Line[]; maps: HeadMap[]; rows: string[]; cols: string[] }) {
  return (
    <div class="card">
      <h2>Lines</h2>
      <Table box="scroll" label="Lines" heads={["query", "key", "weight"]} words={2}>
        {lines.slice(0, 200).map((line) => (
          <tr key={`${line.nth}/${line.q}/${line.k}`}>
            <td>
              <bdi class="mono">{indexed(rows[line.q], line.q)}</bdi>
            </td>
            <td class="text">
              <bdi class="mono">{indexed(cols[line.k], line.k)}</bdi>
            </td>
            <td>{cell_text(maps[line.nth]!, line.q, line.k)}</td>
          </tr>
        ))}
      </Table>
      {lines.length > 200 && <p class="soft small">The first 200 of {lines.length}; select a token for its own.</p>}
    </div>
  );
}

function Body({ maps }: { maps: HeadMap[] }) {
  const texts = axis_texts(run.value, block.value!, probe.value!);
  const count = { rows: maps[0]!.rows, cols: maps[0]!.cols };
  const fill = (list: string[], n: number) => Array.from({ length: n }, (_, i) => list[i] ?? "");
  const [rows, cols] = [fill(texts.rows, count.rows), fill(texts.cols, count.cols)];
  const longest = Math.max(...[...rows, ...cols].map((text) => Math.min(LONGEST_TOKEN, Array.from(text).length)));
  const frame = useRef<HTMLDivElement>(null);
  const room = useRoom(frame, 0);
  const most = Math.max(count.rows, count.cols);
  // Tokens share the width where there is some to spare.
  const width = Math.max(44, longest * 8.2 + 26, Math.min(104, Math.floor((room.width - 34) / most)));
  const wanted = line_rows(count.rows);
  const lines = top_lines(maps, wanted, at.value.k, at.value.thr);
  const selected = parse_selection(at.value.sel).find((item) => item.q !== undefined)?.q ?? cursor.value?.q;
  // A model that answers once for the whole sequence has one row of predictions.
  const once = run.value.preds?.rows === "all";
  const asked = once || rows_produce(run.value, block.value!);
  const made = asked ? produced(data.value, at.value.p, place_now().snapshot) : undefined;
  const nth = once ? 0 : (selected ?? 0);
  const total = width * most;
  // A selection that came with the address may lie beyond the edge.
  useLayoutEffect(
    () => frame.current!.querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest" }),
    [at.value.sel],
  );
  const on = (key: "q" | "k") => new Set(parse_selection(at.value.sel).flatMap((item) => item[key] ?? []));
  return (
    <>
      <p class="soft small">
        {shown_name()} · queries above, keys below
        {at.value.sel === "" && !cursor.value ? " · choose a token to see its lines alone" : ""} · {lines.length} lines
      </p>
      <div class="tokens card" ref={frame}>
        <div class="strips" style={{ width: `${total}px` }}>
          <Strip texts={rows} width={width} on={on("q")} name="Queries" pick="q" />
          <Lines lines={lines} width={width} total={total} single={maps.length === 1} />
          <Strip texts={cols} width={width} on={on("k")} name="Keys" pick="k" />
        </div>
      </div>
      <div class="split" style={{ marginTop: "14px" }}>
        {made?.status === "ready" && made.value[nth] && (
          <TopFive
            made={made.value[nth]!}
            title={once ? "The answer" : `Position ${nth} reads`}
            text={once ? "" : rows[nth]!}
          />
        )}
        <LineTable lines={lines} maps={maps} rows={rows} cols={cols} />
      </div>
    </>
  );
}

export function Tokens() {
  useMeasured("tokens");
  if (!probe.value || !block.value || place_now().snapshot < 0) return <Nothing />;
  return (
    <div>
      <div class="tools">
        <HeadPicker />
        <HeadChoice />
        <Slider
          label={`Lines per token: ${at.value.k}`}
          least={1}
          most={10}
          value={at.value.k}
          on_change={(k) => go({ k })}
        />
        <Slider
          label={`Weight at least ${at.value.thr.toFixed(2)}`}
          most={1}
          step={0.01}
          value={at.value.thr}
          on_change={(thr) => go({ thr })}
        />
        {at.value.sel !== "" && <button onClick={() => go({ sel: "" })}>Clear selection</button>}
      </div>
      <When of={token_maps()}>{(maps) => <Body maps={maps} />}</When>
    </div>
  );
}
