// A map to pixels, one pixel a cell. Hidden cells are left transparent: what lies behind the canvas is hatched.

import { difference_table, weight_table, type Table } from "../colour/tables.ts";
import { scale_indices, signed_indices, type Scale } from "../colour/scale.ts";
import { MARK, type HeadMap } from "../format/head_map.ts";

/// How values become colours.
export type Look =
  | { kind: "weight"; scale: Scale; map: string; dark: boolean; same: boolean }
  /// Values from -limit to limit.
  | { kind: "signed"; limit: number; dark: boolean; same: boolean };

/// Not a number, or infinite; a cross or bar is drawn over it where there is room.
export const BAD_COLOUR = 0xff5b18c2;

const tables = new Map<string, Table>();

export function table_of(look: Look): Table {
  const key = look.kind === "weight" ? `${look.map}/${look.dark}/${look.same}` : `signed/${look.dark}/${look.same}`;
  let table = tables.get(key);
  if (!table) {
    table = look.kind === "weight" ? weight_table(look.map, look.dark, look.same) :
      difference_table(look.dark, look.same);
    tables.set(key, table);
  }
  return table;
}

export function indices_of(map: HeadMap, look: Look): Uint8Array {
  return look.kind === "weight" ? scale_indices(map, look.scale) : signed_indices(map, look.limit);
}

/// Pixels of all cells. Padding lets half of the hatch through.
export function pixels(map: HeadMap, look: Look): Uint32Array {
  const table = table_of(look);
  const index = indices_of(map, look);
  const out = new Uint32Array(map.values.length);
  const padding = look.dark ? 0xa01d1714 : 0xa0f9fbfb;
  for (let i = 0; i < out.length; ++i) {
    const mark = map.marks[i]!;
    out[i] = mark === MARK.weight ? table[index[i]!]! : mark === MARK.hidden ? 0 :
      mark === MARK.padding ? padding : BAD_COLOUR;
  }
  return out;
}

/// Draws a map into a canvas of one pixel a cell, which the page then enlarges without smoothing.
export function paint(canvas: HTMLCanvasElement, map: HeadMap, look: Look): void {
  if (canvas.width !== map.cols) canvas.width = map.cols;
  if (canvas.height !== map.rows) canvas.height = map.rows;
  const bytes = new Uint8ClampedArray(pixels(map, look).buffer as ArrayBuffer);
  canvas.getContext("2d")!.putImageData(new ImageData(bytes, map.cols, map.rows), 0, 0);
}
