// What every picture carries: what is shown, of which run, step, block, layer, head and probe, and the colour bar.

import { bar_ticks } from "../parts/colour_bar.tsx";
import { look_text } from "../state/look.ts";
import type { Look } from "../draw/paint.ts";
import { palette_now, text_width, type Palette, type Scene, type Shape } from "./scene.ts";

export const MARGIN = 20;
/// Where the content of a framed picture begins.
export const TOP = 64;

export interface Captions {
  title: string;
  /// Run, step, block, layer, head, probe.
  subtitle: string;
  look?: Look;
  /// Words beside the scale, such as "8-bit".
  badge?: string;
}

function bar_shapes(look: Look, badge: string, y: number, palette: Palette): Shape[] {
  const width = 220;
  return [
    {
      kind: "text",
      x: MARGIN,
      y,
      text: `${look_text(look)}${look.kind === "weight" ? ` · ${look.map}` : ""}${badge && ` · ${badge}`}`,
      size: 11,
      fill: palette.soft,
    },
    { kind: "bar", x: MARGIN, y: y + 6, width, height: 10, look },
    { kind: "rect", x: MARGIN, y: y + 6, width, height: 10, stroke: palette.line },
    ...bar_ticks(look).map(
      (tick, i, all): Shape => ({
        kind: "text",
        x: MARGIN + tick.at * width,
        y: y + 28,
        text: tick.label,
        size: 10,
        fill: palette.soft,
        mono: true,
        anchor: i === 0 ? "start" : i === all.length - 1 ? "end" : "middle",
      }),
    ),
  ];
}

/// A scene around content of a size; `draw` gets the corner of the content.
export function framed(
  captions: Captions,
  width: number,
  height: number,
  draw: (x: number, y: number, palette: Palette) => Shape[],
): Scene {
  const palette = palette_now();
  const inner = Math.max(
    width,
    text_width(captions.title, 15),
    text_width(captions.subtitle, 11),
    captions.look ? 260 : 0,
  );
  const shapes: Shape[] = [
    { kind: "text", x: MARGIN, y: 30, text: captions.title, size: 15, fill: palette.ink, bold: true },
    { kind: "text", x: MARGIN, y: 48, text: captions.subtitle, size: 11, fill: palette.soft },
    ...draw(MARGIN, TOP, palette),
  ];
  let bottom = TOP + height + 16;
  if (captions.look) {
    shapes.push(...bar_shapes(captions.look, captions.badge ?? "", bottom + 10, palette));
    bottom += 50;
  }
  return {
    width: Math.ceil(inner + 2 * MARGIN),
    height: Math.ceil(bottom + 8),
    title: `${captions.title}. ${captions.subtitle}`,
    palette,
    shapes,
  };
}
