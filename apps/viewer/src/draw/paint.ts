// A map to pixels, one pixel a cell. Hidden cells are left transparent: what lies behind the canvas is hatched.

import { difference_table, weight_table, type Table } from "../colour/tables.ts";
import { scale_indices, signed_indices, type Scale } from "../colour/scale.ts";
import { MARK, type HeadMap } from "../format/head_map.ts";
import { put_words } from "./canvas.ts";

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
    table =
      look.kind === "weight" ? weight_table(look.map, look.dark, look.same) : difference_table(look.dark, look.same);
    tables.set(key, table);
  }
  return table;
}

const index_scratches = new Map<number, Uint8Array<ArrayBuffer>>();

/// Valid until the next call for a map of this size.
export function indices_of(map: HeadMap, look: Look): Uint8Array {
  const count = map.values.length;
  let out = index_scratches.get(count);
  if (!out) index_scratches.set(count, (out = new Uint8Array(count)));
  return look.kind === "weight" ? scale_indices(map, look.scale, out) : signed_indices(map, look.limit, out);
}

/// Pixels of all cells. Padding lets half of the hatch through.
export function pixels(map: HeadMap, look: Look, out = new Uint32Array(map.values.length)): Uint32Array {
  const table = table_of(look);
  const index = indices_of(map, look);
  const padding = look.dark ? 0xa01d1714 : 0xa0f9fbfb;
  for (let i = 0; i < out.length; ++i) {
    const mark = map.marks[i]!;
    out[i] =
      mark === MARK.weight
        ? table[index[i]!]!
        : mark === MARK.hidden
          ? 0
          : mark === MARK.padding
            ? padding
            : BAD_COLOUR;
  }
  return out;
}

// A canvas copies what is put into it, so maps of one size share the memory of their pixels.
const scratches = new Map<number, Uint32Array<ArrayBuffer>>();

/// Draws a map into a canvas of one pixel a cell, which the page then enlarges without smoothing.
export function paint(canvas: HTMLCanvasElement, map: HeadMap, look: Look): void {
  let scratch = scratches.get(map.values.length);
  if (!scratch) scratches.set(map.values.length, (scratch = new Uint32Array(map.values.length)));
  pixels(map, look, scratch);
  put_words(canvas, scratch, map.cols, map.rows);
}
