// The current view as a picture.

import type { HeadMap } from "../format/head_map.ts";
import { need } from "../format/lazy.ts";
import type { Stage } from "../state/address.ts";
import { at, block, data, probe, run, snapshot, step } from "../state/app.ts";
import { difference_of, other_side, type Other } from "../state/compare.ts";
import { map_now, other_map, place_now, shown_name, side_name, stage_at } from "../state/current.ts";
import { axis_texts, produced, rows_produce } from "../state/labels.ts";
import { top_lines } from "../state/lines.ts";
import { difference_look, is_coarse, score_look, weight_look } from "../state/look.ts";
import { map_of, staged_map } from "../state/shown.ts";
import { layer_name } from "../state/stats.ts";
import { indexed, shortened, visible_name } from "../text/token.ts";
import { line_rows, token_maps } from "../views/tokens.tsx";
import { framed } from "./frame.ts";
import { matrix_shapes, matrix_size, type MatrixPicture } from "./matrix_scene.ts";
import { text_width, type Scene, type Shape } from "./scene.ts";
import { roles_scene, run_scene } from "./table_scenes.ts";

function need_maps(): void {
  if (!probe.value || !block.value || snapshot.value < 0) throw new Error("There is no map to export in this run.");
}

function subtitle(with_head: boolean, at_step = step.value): string {
  const parts = [visible_name(run.value.name), `step ${at_step}`];
  if (with_head) parts.push(shown_name());
  parts.push(`probe ${at.value.p} (${visible_name(probe.value!.label)})`);
  return parts.join(" · ");
}

/// The other side of a comparison.
function need_other(): Other {
  const other = other_side();
  if (typeof other === "string") throw new Error(other);
  return other;
}

/// The matrix that is exported as numbers: that of the head view, or the difference where it is shown.
export function shown_matrix(): MatrixPicture {
  need_maps();
  if (at.value.v === "compare" && at.value.cv === "diff") {
    return {
      map: difference_of(need(map_now()), need(other_map(need_other()))),
      look: difference_look.value,
      ...axis_texts(run.value, block.value!, probe.value!),
    };
  }
  return matrix_at(snapshot.value, at.value.v === "head" ? stage_at(place_now()) : "softmax");
}

/// The matrix of the current head at a snapshot. First keys are left out where the head view does so.
export function matrix_at(nth: number, stage: Stage): MatrixPicture {
  need_maps();
  const place = { ...place_now(), snapshot: nth };
  const without_first = at.value.v === "head" && at.value.df && stage === "softmax";
  const map = need(staged_map(data.value, place, at.value.agg, stage, without_first));
  const made = rows_produce(run.value, block.value!) ? produced(data.value, at.value.p, nth) : undefined;
  return {
    map,
    look: stage === "softmax" ? weight_look.value : score_look(map),
    ...axis_texts(run.value, block.value!, probe.value!),
    made: made?.status === "ready" ? made.value : undefined,
  };
}

function matrix_scene(picture: MatrixPicture, title: string, at_step: number): Scene {
  const size = matrix_size(picture);
  const captions = {
    title,
    subtitle: subtitle(true, at_step),
    look: picture.look,
    badge: is_coarse(picture.map, picture.look) ? "8-bit" : "",
  };
  return framed(captions, size.width, size.height, (x, y, palette) => matrix_shapes(picture, x, y, palette));
}

export function head_scene(picture: MatrixPicture, at_step = step.value): Scene {
  return matrix_scene(picture, shown_name(), at_step);
}

function overview_scene(): Scene {
  need_maps();
  const thumb = 96;
  const gap = 12;
  const rows: { name: string; maps: [string, HeadMap][] }[] = [];
  run.value.blocks.forEach((info, nth) => {
    for (let layer = 0; layer < info.layers; ++layer) {
      const maps = Array.from({ length: info.heads }, (_, head): [string, HeadMap] => [
        `H${head}`,
        need(map_of(data.value, { ...place_now(), block: nth, layer, head }, "head")),
      ]);
      rows.push({ name: layer_name(info, layer), maps });
    }
  });
  const most = Math.max(...rows.map((row) => row.maps.length));
  const left = 96;
  const captions = {
    title: `All heads of ${visible_name(run.value.name)}`,
    subtitle: subtitle(false),
    look: weight_look.value,
  };
  return framed(captions, left + most * (thumb + gap), rows.length * (thumb + 26), (x, y, palette) =>
    rows.flatMap((row, r) => {
      const top = y + r * (thumb + 26);
      return [
        { kind: "text", x, y: top + 14, text: row.name, size: 11, fill: palette.ink, mono: true } as Shape,
        ...row.maps.flatMap(([name, map], i): Shape[] => {
          const scale = thumb / Math.max(map.rows, map.cols);
          const at_x = x + left + i * (thumb + gap);
          return [
            {
              kind: "map",
              x: at_x,
              y: top,
              width: map.cols * scale,
              height: map.rows * scale,
              map,
              look: weight_look.value,
            },
            { kind: "text", x: at_x, y: top + thumb + 12, text: name, size: 10, fill: palette.soft },
          ];
        }),
      ];
    }),
  );
}

function tokens_scene(): Scene {
  need_maps();
  const maps = need(token_maps());
  const texts = axis_texts(run.value, block.value!, probe.value!);
  const lines = top_lines(maps, line_rows(maps[0]!.rows), at.value.k, at.value.thr);
  const label = (list: string[], i: number) => indexed(shortened(list[i] ?? "", 12), i);
  const counts = [maps[0]!.rows, maps[0]!.cols] as const;
  const widest = Math.max(
    ...Array.from({ length: Math.max(...counts) }, (_, i) =>
      Math.max(text_width(label(texts.rows, i), 11), text_width(label(texts.cols, i), 11)),
    ),
  );
  const width = widest + 12;
  const captions = {
    title: `Heaviest ${at.value.k} weights of each query`,
    subtitle: `${subtitle(true)} · width of a line: weight, linear, 0 to 1`,
  };
  return framed(captions, width * Math.max(...counts), 240, (x, y, palette) => [
    ...[...lines].reverse().map(
      (line): Shape => ({
        kind: "path",
        curve: true,
        points: [
          [x + (line.q + 0.5) * width, y + 22],
          [x + (line.k + 0.5) * width, y + 206],
        ],
        stroke: palette.series[line.nth % 4]!,
        line: 1 + 4 * line.weight,
        opacity: 0.15 + 0.8 * line.weight,
      }),
    ),
    ...counts.flatMap((count, side) =>
      Array.from(
        { length: count },
        (_, i): Shape => ({
          kind: "text",
          x: x + (i + 0.5) * width,
          y: side === 0 ? y + 14 : y + 224,
          size: 11,
          mono: true,
          anchor: "middle",
          fill: palette.ink,
          text: label(side === 0 ? texts.rows : texts.cols, i),
        }),
      ),
    ),
  ]);
}

function compare_scene(): Scene {
  const a = shown_matrix();
  const other = need_other();
  const title = (between: string) => `${shown_name()}: ${side_name()}${between}${visible_name(other.name)}`;
  if (at.value.cv === "diff") return matrix_scene(a, title(", minus "), step.value);
  const left = { ...a, made: undefined };
  const right = { ...left, map: need(other_map(other)) };
  const size = matrix_size(left);
  return framed(
    { title: title(" | "), subtitle: subtitle(true), look: a.look },
    2 * size.width + 30,
    size.height,
    (x, y, palette) => [
      ...matrix_shapes(left, x, y, palette),
      ...matrix_shapes(right, x + size.width + 30, y, palette),
    ],
  );
}

/// The picture of what is shown. Throws with a sentence where there is none.
export function picture(): Scene {
  switch (at.value.v) {
    case "overview":
      return overview_scene();
    case "head":
      return head_scene(shown_matrix());
    case "tokens":
      return tokens_scene();
    case "roles":
      return roles_scene();
    case "compare":
      return compare_scene();
    case "run":
      return run_scene();
  }
}
