// Draws a scene on a canvas, for PNG.

import { paint, table_of } from "../draw/paint.ts";
import { MONO, put_words, sized } from "../draw/canvas.ts";
import { SANS, type Palette, type Scene, type Shape } from "./scene.ts";

function hatch(context: CanvasRenderingContext2D, palette: Palette): CanvasPattern {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const draw = tile.getContext("2d")!;
  draw.fillStyle = palette.hatch_back;
  draw.fillRect(0, 0, 8, 8);
  draw.strokeStyle = palette.hatch;
  draw.lineWidth = 1.5;
  for (const shift of [-8, 0, 8]) {
    draw.beginPath();
    draw.moveTo(shift - 1, 9);
    draw.lineTo(shift + 9, -1);
    draw.stroke();
  }
  return context.createPattern(tile, "repeat")!;
}

function draw_map(context: CanvasRenderingContext2D, palette: Palette, shape: Extract<Shape, { kind: "map" }>): void {
  context.fillStyle = hatch(context, palette);
  context.fillRect(shape.x, shape.y, shape.width, shape.height);
  const cells = document.createElement("canvas");
  paint(cells, shape.map, shape.look);
  context.imageSmoothingEnabled = false;
  context.drawImage(cells, shape.x, shape.y, shape.width, shape.height);
}

function draw_bar(context: CanvasRenderingContext2D, shape: Extract<Shape, { kind: "bar" }>): void {
  const table = table_of(shape.look);
  const strip = document.createElement("canvas");
  put_words(strip, table, table.length, 1);
  context.imageSmoothingEnabled = false;
  context.drawImage(strip, shape.x, shape.y, shape.width, shape.height);
}

function draw_shape(context: CanvasRenderingContext2D, palette: Palette, shape: Shape): void {
  switch (shape.kind) {
    case "map":
      return draw_map(context, palette, shape);
    case "bar":
      return draw_bar(context, shape);
    case "rect":
      if (shape.fill) {
        context.fillStyle = shape.fill;
        context.fillRect(shape.x, shape.y, shape.width, shape.height);
      }
      if (shape.stroke) {
        context.strokeStyle = shape.stroke;
        context.lineWidth = shape.line ?? 1;
        context.strokeRect(shape.x, shape.y, shape.width, shape.height);
      }
      return;
    case "text": {
      context.font = `${shape.bold ? "bold " : ""}${shape.size}px ${shape.mono ? MONO : SANS}`;
      context.fillStyle = shape.fill;
      context.textAlign = shape.anchor === "middle" ? "center" : shape.anchor === "end" ? "right" : "left";
      context.textBaseline = "alphabetic";
      context.translate(shape.x, shape.y);
      if (shape.turned) context.rotate(-Math.PI / 2);
      context.fillText(shape.text, 0, 0);
      return;
    }
    case "path": {
      context.strokeStyle = shape.stroke;
      context.lineWidth = shape.line;
      context.globalAlpha = shape.opacity ?? 1;
      context.lineJoin = "round";
      context.beginPath();
      const [first, ...rest] = shape.points;
      if (!first) return;
      context.moveTo(...first);
      const last = rest.at(-1);
      if (shape.curve && last) {
        const height = last[1] - first[1];
        context.bezierCurveTo(first[0], first[1] + 0.45 * height, last[0], first[1] + 0.55 * height, ...last);
      } else {
        for (const point of rest) context.lineTo(...point);
      }
      context.stroke();
    }
  }
}

/// Draws shapes on a canvas, which gets `scale` pixels for one of theirs.
export function draw_shapes(
  canvas: HTMLCanvasElement,
  shapes: Shape[],
  width: number,
  height: number,
  scale: number,
  palette: Palette,
): void {
  const context = sized(canvas, width, height, scale);
  for (const shape of shapes) {
    context.save();
    draw_shape(context, palette, shape);
    context.restore();
  }
}

export function draw_scene(scene: Scene, scale: number): HTMLCanvasElement {
  const { width, height, palette } = scene;
  const canvas = document.createElement("canvas");
  const paper: Shape = { kind: "rect", x: 0, y: 0, width, height, fill: palette.paper };
  draw_shapes(canvas, [paper, ...scene.shapes], width, height, scale, palette);
  return canvas;
}

export function scene_png(scene: Scene, scale: number): Promise<Blob> {
  return new Promise((resolve, reject) =>
    draw_scene(scene, scale).toBlob((blob) =>
      blob ? resolve(blob) : reject(new Error("the browser made no picture; it may be too large")),
    ),
  );
}
