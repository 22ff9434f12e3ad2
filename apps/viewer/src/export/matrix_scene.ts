// A matrix with its tokens as shapes; used alone, twice side by side, and by the grid without tokens.

import { MARK, type HeadMap } from "../format/head_map.ts";
import type { Look } from "../draw/paint.ts";
import type { Produced } from "../state/labels.ts";
import { percent } from "../text/number.ts";
import { indexed, shortened } from "../text/token.ts";
import { text_width, type Palette, type Shape } from "./scene.ts";

export interface MatrixPicture {
  map: HeadMap;
  look: Look;
  rows: string[];
  cols: string[];
  made?: Produced[] | undefined;
  /// Least room for the labels of rows, where several pictures shall have their cells in one place.
  room?: number;
}

interface Layout {
  cell: number;
  left: number;
  top: number;
  width: number;
  height: number;
}

const SIZE = 11;

function row_label(picture: MatrixPicture, q: number): string {
  const token = indexed(shortened(picture.rows[q] ?? "", 14), q);
  const made = picture.made?.[q];
  if (!made) return token;
  const best = made.top[0];
  const what =
    made.target === "" ? `→${best?.text}` : made.right ? `✓ ${made.target}` : `✗ ${made.target}≠${best?.text}`;
  return `${shortened(what, 14)} ${percent(best?.probability, 0)}   ${token}`;
}

function layout(picture: MatrixPicture): Layout {
  const { rows, cols } = picture.map;
  const cell = Math.max(2, Math.min(32, Math.floor(640 / Math.max(rows, cols))));
  const widest = (texts: string[]) => Math.max(0, ...texts.map((text) => text_width(text, SIZE)));
  const left = Math.max(picture.room ?? 0, widest(Array.from({ length: rows }, (_, q) => row_label(picture, q))) + 10);
  const top = widest(Array.from({ length: cols }, (_, k) => indexed(shortened(picture.cols[k] ?? "", 14), k))) + 10;
  return { cell, left, top, width: left + cols * cell, height: top + rows * cell };
}

/// Room that the labels of rows take.
export function label_width(picture: MatrixPicture): number {
  return layout(picture).left;
}

export function matrix_size(picture: MatrixPicture): { width: number; height: number } {
  const { width, height } = layout(picture);
  return { width, height };
}

export function matrix_shapes(picture: MatrixPicture, x: number, y: number, palette: Palette): Shape[] {
  const { map, look } = picture;
  const { cell, left, top } = layout(picture);
  const stride = Math.max(1, Math.ceil(SIZE / cell));
  const shapes: Shape[] = [
    { kind: "map", x: x + left, y: y + top, width: map.cols * cell, height: map.rows * cell, map, look },
    {
      kind: "rect",
      x: x + left - 0.5,
      y: y + top - 0.5,
      width: map.cols * cell + 1,
      height: map.rows * cell + 1,
      stroke: palette.line,
    },
  ];
  for (let q = 0; q < map.rows; q += stride) {
    shapes.push({
      kind: "text",
      x: x + left - 6,
      y: y + top + (q + 0.5) * cell + 4,
      text: row_label(picture, q),
      size: SIZE,
      fill: palette.ink,
      anchor: "end",
      mono: true,
    });
  }
  for (let k = 0; k < map.cols; k += stride) {
    shapes.push({
      kind: "text",
      x: x + left + (k + 0.5) * cell + 4,
      y: y + top - 6,
      size: SIZE,
      fill: palette.ink,
      mono: true,
      text: indexed(shortened(picture.cols[k] ?? "", 14), k),
      turned: true,
    });
  }
  map.marks.forEach((mark, i) => {
    if (mark <= MARK.padding || cell < 7) return;
    const [q, k] = [Math.floor(i / map.cols), i % map.cols];
    shapes.push({
      kind: "text",
      x: x + left + (k + 0.5) * cell,
      y: y + top + (q + 0.5) * cell + cell * 0.25,
      size: cell * 0.7,
      text: mark === MARK.nan ? "×" : "I",
      fill: "#ffffff",
      anchor: "middle",
      mono: true,
      bold: true,
    });
  });
  return shapes;
}
