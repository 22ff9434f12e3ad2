// The time bar: one step for the whole page. Play, single steps, a slider over the snapshots, and the curves above which
// it stands.

import { useState } from "preact/hooks";
import type { ChartLine } from "../draw/curve_shapes.ts";
import { at, data, go, go_snapshot, playing, run, snapshot, step } from "../state/app.ts";
import { best_curve, curves_of, figures, type Curve } from "../state/curves.ts";
import { loop, speed, SPEEDS, stop, toggle_play } from "../state/player.ts";
import { grouped } from "../text/number.ts";
import { Chart, ChartKeys } from "./chart.tsx";
import { Check, Select } from "./controls.tsx";
import { CurveTable } from "./curve_table.tsx";
import { Status } from "./status.tsx";

function bar_lines(curves: Curve[]): ChartLine[] {
  const lines: ChartLine[] = [];
  const add = (curve: Curve | undefined, label: string, colour: number, scale: "own" | "share") =>
    curve && lines.push({ curve, label, colour, scale });
  const loss = curves.find((c) => c.name === "loss" && c.split === "train") ?? best_curve(curves, "loss");
  add(loss, `loss (${loss?.split})`, 1, "own");
  add(best_curve(curves, "tok_acc"), "token accuracy", 0, "share");
  add(best_curve(curves, "seq_acc"), "sequence accuracy", 2, "share");
  return lines;
}

function Controls({ curves, on_table }: { curves: Curve[]; on_table: () => void }) {
  const { steps } = run.value;
  const count = steps.length;
  const text = step.value < 0 ? "" : [`step ${step.value}`, ...figures(curves, step.value)].join(", ");
  return (
    <div class="controls">
      <button
        class="icon main"
        aria-label={playing.value ? "Pause" : "Play"}
        aria-keyshortcuts="Space"
        disabled={count < 2}
        onClick={toggle_play}
      >
        {playing.value ? "❚❚" : "▶"}
      </button>
      <button
        class="icon"
        aria-label="Previous snapshot"
        disabled={snapshot.value <= 0}
        onClick={() => go_snapshot(snapshot.value - 1)}
      >
        ◀▌
      </button>
      <button
        class="icon"
        aria-label="Next snapshot"
        disabled={snapshot.value >= count - 1}
        onClick={() => go_snapshot(snapshot.value + 1)}
      >
        ▐▶
      </button>
      <span class="step">
        step <b>{step.value < 0 ? "–" : grouped(step.value)}</b>
        <span class="soft"> / {grouped(steps.at(-1) ?? Math.max(0, step.value))}</span>
      </span>
      <input
        type="range"
        id="hl-step"
        min={0}
        max={Math.max(0, count - 1)}
        step={1}
        value={Math.max(0, snapshot.value)}
        disabled={count < 2}
        aria-label="Training step"
        aria-valuetext={text}
        onInput={(event) => {
          stop();
          go_snapshot(Number((event.currentTarget as HTMLInputElement).value));
        }}
      />
      <span class="extra more">
        <Select
          label="Frames per second"
          value={String(speed.value)}
          options={SPEEDS.map((fps) => [String(fps), `${fps} / s`])}
          on_change={(fps) => (speed.value = Number(fps))}
        />
        <Check label="loop" checked={loop.value} on_change={(on) => (loop.value = on)} />
        <Check label="log steps" checked={at.value.ax === "log"} on_change={(on) => go({ ax: on ? "log" : "lin" })} />
        <Select
          label="Smoothing"
          value={String(at.value.ema)}
          options={[...new Set([0, 0.6, 0.9, 0.98, at.value.ema])].map((beta) => [
            String(beta),
            beta === 0 ? "no smoothing" : `EMA ${beta}`,
          ])}
          on_change={(beta) => go({ ema: Number(beta) })}
        />
        <button onClick={on_table}>Show as table</button>
      </span>
    </div>
  );
}

export function TimeBar() {
  const { curves } = curves_of(data.value);
  const [table, set_table] = useState(false);
  const lines = bar_lines(curves);
  return (
    <>
      <Controls curves={curves} on_table={() => set_table(true)} />
      {lines.length > 0 && <Chart lines={lines} height={window.innerHeight < 900 ? 72 : 92} />}
      <div class="foot">
        <Status />
        {lines.length > 0 && (
          <span class="extra">
            <ChartKeys lines={lines} />
          </span>
        )}
      </div>
      {table && <CurveTable curves={curves} on_close={() => set_table(false)} />}
    </>
  );
}
