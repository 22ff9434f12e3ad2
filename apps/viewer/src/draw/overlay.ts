// What lies over the cells of a matrix: numbers, crosses of what is no number, the crosshair, and what is locked.

import { ink_on } from "../colour/tables.ts";
import { MARK, type HeadMap } from "../format/head_map.ts";
import { cell_number } from "../text/number.ts";
import { MONO, sized } from "./canvas.ts";
import { indices_of, table_of, type Look } from "./paint.ts";
import type { Selected } from "../state/selection.ts";

export interface Overlay {
  map: HeadMap;
  look: Look;
  cell: number;
  numbers: boolean;
  cursor: { q: number; k: number } | null;
  selection: Selected[];
  ink: string;
  paper: string;
}

/// Cells of at least this size have room for a number.
export const NUMBER_CELL = 28;

/// The part of the matrix that is in view, in CSS pixels from its corner.
export interface Window {
  x: number;
  y: number;
  width: number;
  height: number;
}

/// × for what is no number, I for what is infinite: as lines, so that they look alike in all fonts.
function draw_sign(context: CanvasRenderingContext2D, cross: boolean, x: number, y: number, size: number): void {
  const tip = cross ? size : 0;
  context.strokeStyle = "#fff";
  context.lineWidth = Math.max(1.5, size / 2.5);
  context.beginPath();
  context.moveTo(x - tip, y - size);
  context.lineTo(x + tip, y + size);
  if (cross) {
    context.moveTo(x - size, y + size);
    context.lineTo(x + size, y - size);
  } else {
    for (const end of [y - size, y + size]) {
      context.moveTo(x - size / 2, end);
      context.lineTo(x + size / 2, end);
    }
  }
  context.stroke();
}

function draw_cells(context: CanvasRenderingContext2D, over: Overlay, view: Window): void {
  const { map, cell } = over;
  const table = table_of(over.look);
  const with_numbers = over.numbers && cell >= NUMBER_CELL;
  const index = with_numbers ? indices_of(map, over.look) : undefined;
  const first_q = Math.max(0, Math.floor(view.y / cell));
  const last_q = Math.min(map.rows - 1, Math.floor((view.y + view.height) / cell));
  const first_k = Math.max(0, Math.floor(view.x / cell));
  const last_k = Math.min(map.cols - 1, Math.floor((view.x + view.width) / cell));
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (let q = first_q; q <= last_q; ++q) {
    for (let k = first_k; k <= last_k; ++k) {
      const at = q * map.cols + k;
      const mark = map.marks[at]!;
      const x = (k + 0.5) * cell;
      const y = (q + 0.5) * cell + 0.5;
      if (mark === MARK.weight && index) {
        context.font = `${Math.min(13, Math.floor(cell * 0.36))}px ${MONO}`;
        context.fillStyle = ink_on(table[index[at]!]!);
        // What rounds to nothing stays in the background.
        context.globalAlpha = Math.abs(map.values[at]!) < 0.005 ? 0.4 : 1;
        context.fillText(cell_number(map.values[at]!), x, y);
        context.globalAlpha = 1;
      } else if (mark > MARK.padding && cell >= 7) {
        draw_sign(context, mark === MARK.nan, x, y, cell / 4);
      }
    }
  }
}

/// A line that stands out on any colour: dark within light, each with at least 3:1 to the other.
function outline(context: CanvasRenderingContext2D, over: Overlay, x: number, y: number, w: number, h: number): void {
  context.strokeStyle = over.paper;
  context.lineWidth = 4;
  context.strokeRect(x + 1, y + 1, w - 2, h - 2);
  context.strokeStyle = over.ink;
  context.lineWidth = 2;
  context.strokeRect(x + 1, y + 1, w - 2, h - 2);
}

/// Draws the window of the overlay; the canvas has the window's size.
export function draw_overlay(canvas: HTMLCanvasElement, over: Overlay, view: Window): void {
  const context = sized(canvas, view.width, view.height);
  context.translate(-view.x, -view.y);
  draw_cells(context, over, view);
  const { cell, map } = over;
  const [width, height] = [map.cols * cell, map.rows * cell];
  for (const { q, k } of over.selection) {
    if (q !== undefined && k !== undefined) outline(context, over, k * cell, q * cell, cell, cell);
    else if (q !== undefined) outline(context, over, 0, q * cell, width, cell);
    else if (k !== undefined) outline(context, over, k * cell, 0, cell, height);
  }
  if (!over.cursor) return;
  const { q, k } = over.cursor;
  if (q >= map.rows || k >= map.cols) return;
  context.globalCompositeOperation = "difference";
  context.strokeStyle = "rgb(150 150 150)";
  context.lineWidth = 1;
  context.strokeRect(0.5, q * cell + 0.5, width - 1, cell - 1);
  context.strokeRect(k * cell + 0.5, 0.5, cell - 1, height - 1);
  context.globalCompositeOperation = "source-over";
  outline(context, over, k * cell, q * cell, cell, cell);
}

/// Horizontal bars of row sums (`vertical` false) or hanging bars of column sums; `most` is as long as the canvas. Bars
/// begin and end on whole pixels of the screen, and narrow ones stand without gaps, else they would flicker.
export function draw_bars(
  canvas: HTMLCanvasElement,
  sums: number[],
  most: number,
  cell: number,
  length: number,
  vertical: boolean,
  colour: string,
): void {
  const ratio = window.devicePixelRatio || 1;
  const along = sums.length * cell;
  const [width, height] = vertical ? [along, length] : [length, along];
  const context = sized(canvas, width, height);
  context.resetTransform();
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  context.fillStyle = colour;
  context.globalAlpha = 0.7;
  const gap = cell >= 8 ? Math.round(cell * 0.25 * ratio) : 0;
  const start = Math.round(3 * ratio);
  sums.forEach((sum, i) => {
    const size = Math.round((Math.min(1, sum / most) || 0) * (length - 8) * ratio);
    const from = Math.round(i * cell * ratio) + (gap >> 1);
    const thick = Math.round((i + 1) * cell * ratio) - (gap - (gap >> 1)) - from;
    if (vertical) context.fillRect(from, start, thick, size);
    else context.fillRect(start, from, size, thick);
  });
}
