// The table of roles and the curves of a run as pictures.

import { need } from "../format/lazy.ts";
import { at, data, run, step } from "../state/app.ts";
import { curves_of, CURVE_WORDS } from "../state/curves.ts";
import { curve_shapes, last_step } from "../draw/curve_shapes.ts";
import { chart_lines } from "../views/run.tsx";
import { role_columns, role_rows, sorted_rows } from "../state/role_table.ts";
import { stats_of } from "../state/stats.ts";
import { short_number } from "../text/number.ts";
import { visible_name } from "../text/token.ts";
import { framed } from "./frame.ts";
import { type Scene, type Shape } from "./scene.ts";

export function roles_scene(): Scene {
  const stats = need(stats_of(data.value) ?? { status: "error", message: "This run has no head statistics." });
  const when = stats.step_index(step.value);
  const mode = stats.mode(at.value.abl);
  const columns = role_columns(stats, mode);
  const rows = sorted_rows(role_rows(run.value, stats, when, mode), at.value.ord);
  const cell = 92;
  const captions = {
    title: `Roles of the heads of ${visible_name(run.value.name)}`,
    subtitle: `measured at step ${stats.info.steps[when]} · ${stats.info.evaluated} · ablation: ${mode}`,
  };
  return framed(captions, 240 + columns.length * cell, (rows.length + 1) * 20, (x, y, palette) => {
    const line = (r: number, texts: string[], bold: boolean) =>
      texts.map(
        (text, c): Shape => ({
          kind: "text",
          x: c === 0 ? x : c === 1 ? x + 130 : x + 230 + (c - 1) * cell,
          y: y + 14 + r * 20,
          text,
          size: 11,
          bold,
          fill: palette.ink,
          anchor: c < 2 ? "start" : "end",
        }),
      );
    return [
      ...line(0, ["head", "tag", ...columns.map((column) => column.label)], true),
      ...rows.flatMap((row, r) =>
        line(
          r + 1,
          [
            row.name,
            row.tag,
            ...columns.map((column) =>
              Number.isNaN(row.numbers[column.key]) ? "·" : short_number(row.numbers[column.key]),
            ),
          ],
          false,
        ),
      ),
    ];
  });
}

export function run_scene(): Scene {
  const { curves } = curves_of(data.value);
  const names = [...new Set(curves.map((curve) => curve.name))];
  const captions = { title: `Curves of ${visible_name(run.value.name)}`, subtitle: `playhead at step ${step.value}` };
  return framed(captions, 680, names.length * 170, (x, y, palette) =>
    names.flatMap((name, i): Shape[] => {
      const lines = chart_lines(curves, name);
      const options = {
        axis: at.value.ax,
        smooth: at.value.ema,
        step: step.value,
        snapshots: run.value.steps,
        last: last_step(lines, run.value.steps),
      };
      return [
        {
          kind: "text",
          x,
          y: y + i * 170 + 10,
          size: 12,
          bold: true,
          fill: palette.ink,
          text: `${CURVE_WORDS[name] ?? name} (${lines.map((line) => line.label).join(", ")})`,
        },
        ...curve_shapes(lines, { x, y: y + i * 170 + 16, width: 680, height: 140 }, options, palette),
      ];
    }),
  );
}
