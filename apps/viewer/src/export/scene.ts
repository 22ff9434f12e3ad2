// A picture as a list of shapes, drawn alike on a canvas (PNG) and as SVG. Coordinates are CSS pixels.

import type { HeadMap } from "../format/head_map.ts";
import { css_variable } from "../draw/canvas.ts";
import type { Look } from "../draw/paint.ts";

export const SANS = 'system-ui, "DejaVu Sans", sans-serif';

export interface TextShape {
  kind: "text";
  x: number;
  y: number;
  text: string;
  size: number;
  fill: string;
  anchor?: "start" | "middle" | "end";
  mono?: boolean;
  bold?: boolean;
  /// Reads upwards.
  turned?: boolean;
}

export type Shape =
  | TextShape
  | { kind: "rect"; x: number; y: number; width: number; height: number; fill?: string; stroke?: string; line?: number }
  | { kind: "map"; x: number; y: number; width: number; height: number; map: HeadMap; look: Look }
  | { kind: "bar"; x: number; y: number; width: number; height: number; look: Look }
  | { kind: "path"; points: [number, number][]; curve?: boolean; stroke: string; line: number; opacity?: number };

export interface Palette {
  paper: string;
  ink: string;
  soft: string;
  line: string;
  edge: string;
  hatch: string;
  hatch_back: string;
  accent: string;
  good: string;
  bad: string;
  series: string[];
}

export interface Scene {
  width: number;
  height: number;
  title: string;
  palette: Palette;
  shapes: Shape[];
}

/// The colours of the page as it is.
export function palette_now(): Palette {
  const get = css_variable;
  return {
    paper: get("--bg"),
    ink: get("--ink"),
    soft: get("--soft"),
    line: get("--line"),
    edge: get("--edge"),
    hatch: get("--hatch"),
    hatch_back: get("--hatch-back"),
    accent: get("--accent"),
    good: get("--good"),
    bad: get("--bad"),
    series: [1, 2, 3, 4].map((i) => get(`--series-${i}`)),
  };
}

/// Width of text at a size, near enough for layout: an average of monospaced and proportional faces.
export function text_width(text: string, size: number): number {
  return Array.from(text).length * size * 0.61;
}
