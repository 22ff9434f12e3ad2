// Curves over training with the playhead and ticks where there are snapshots. A picture only: the slider is the control,
// and a table has the numbers.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import {
  curve_shapes,
  last_step,
  plot_box,
  step_at,
  step_x,
  type ChartLine,
  type ChartOptions,
} from "../draw/curve_shapes.ts";
import { draw_shapes } from "../export/scene_canvas.ts";
import { palette_now } from "../export/scene.ts";
import { at, dark, go_snapshot, run, step } from "../state/app.ts";
import { nearest_snapshot } from "../state/correct.ts";
import { value_at } from "../state/curves.ts";
import { stop } from "../state/player.ts";
import { measured } from "../state/timing.ts";
import { grouped, percent, short_number } from "../text/number.ts";

/// The value of a line at the last point that is not after a step.
function figure(line: ChartLine, at_step: number): string {
  const value = value_at(line.curve, at_step);
  return line.scale === "share" ? percent(value, 2) : short_number(value, 4);
}

export function Chart({ lines, height }: { lines: ChartLine[]; height: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, set_width] = useState(0);
  const [hover, set_hover] = useState<number | null>(null);
  const snapshots = run.value.steps;
  const options: ChartOptions = {
    axis: at.value.ax,
    smooth: at.value.ema,
    step: step.value,
    snapshots,
    last: last_step(lines, snapshots),
  };
  const box = { x: 0, y: 0, width, height };
  useLayoutEffect(() => {
    const holder = canvas.current!.parentElement!;
    const watch = new ResizeObserver(() => set_width(holder.clientWidth));
    watch.observe(holder);
    return () => watch.disconnect();
  }, []);
  // The playhead is no part of the picture, so that curves of many points are not drawn again for each step.
  useLayoutEffect(() => {
    if (width === 0) return;
    const began = performance.now();
    const palette = palette_now();
    const shapes = curve_shapes(lines, box, { ...options, step: -1 }, palette);
    draw_shapes(canvas.current!, shapes, width, height, window.devicePixelRatio || 1, palette);
    measured("chart", began);
  }, [...lines.map((line) => line.curve), width, height, at.value.ax, at.value.ema, dark.value, snapshots]);
  const plot = plot_box(lines, box);
  const pointed = (event: MouseEvent) =>
    step_at(lines, box, options, event.clientX - canvas.current!.getBoundingClientRect().left);
  const words =
    hover === null
      ? ""
      : [
          `step ${grouped(Math.round(hover))}`,
          ...lines.map((line) => `${line.label} ${figure(line, hover)}`),
        ].join(" · ");
  return (
    <div class="chart" aria-hidden data-playhead={step.value} style={{ height: `${height}px` }}>
      <canvas
        ref={canvas}
        style={{ width: `${width}px`, height: `${height}px` }}
        onClick={(event) => {
          stop();
          go_snapshot(nearest_snapshot(snapshots, pointed(event)));
        }}
        onPointerMove={(event) => set_hover(pointed(event))}
        onPointerLeave={() => set_hover(null)}
      />
      {step.value >= 0 && width > 0 && (
        <span
          class="playhead"
          style={{
            left: `${step_x(plot, options, step.value)}px`,
            top: `${plot.y - 4}px`,
            height: `${plot.height + 4}px`,
          }}
        />
      )}
      {words && <span class="hover">{words}</span>}
    </div>
  );
}

/// Which line is which, and what it is at a step.
export function ChartKeys({ lines, at_step }: { lines: ChartLine[]; at_step?: number }) {
  return (
    <span class="keys">
      {lines.map((line) => (
        <span key={line.label}>
          <i style={{ background: `var(--series-${line.colour + 1})` }} />
          {line.label}
          {at_step !== undefined && ` ${figure(line, at_step)}`}
        </span>
      ))}
    </span>
  );
}
