// A scene as SVG: text stays text; maps of up to 64 x 64 cells are rectangles, larger ones an embedded picture.

import { css_colour } from "../colour/tables.ts";
import { pixels, table_of } from "../draw/paint.ts";
import { MARK } from "../format/head_map.ts";
import { MONO } from "../draw/canvas.ts";
import { SANS, type Scene, type Shape } from "./scene.ts";

const MOST_CELLS = 64 * 64;

export function xml_text(text: string): string {
  // Control characters are not allowed in XML at all; visible_token has replaced those of tokens.
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function number(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function box(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" fill="${fill}"/>`;
}

/// How a map too large for rectangles becomes the address of a picture; the page passes one that uses a canvas.
export type Embed = (shape: Extract<Shape, { kind: "map" }>) => string;

function map_rects(shape: Extract<Shape, { kind: "map" }>): string {
  const { map } = shape;
  const colours = pixels(map, shape.look);
  const [width, height] = [shape.width / map.cols, shape.height / map.rows];
  const out: string[] = [];
  for (let q = 0; q < map.rows; ++q) {
    for (let k = 0; k < map.cols; ++k) {
      const at = q * map.cols + k;
      if (map.marks[at] === MARK.hidden || map.marks[at] === MARK.padding) continue;
      // Cells of one colour side by side are one rectangle.
      let end = k + 1;
      while (
        end < map.cols &&
        map.marks[q * map.cols + end] === map.marks[at] &&
        colours[q * map.cols + end] === colours[at]
      )
        ++end;
      out.push(box(shape.x + k * width, shape.y + q * height, (end - k) * width, height, css_colour(colours[at]!)));
      k = end - 1;
    }
  }
  return out.join("");
}

function svg_shape(shape: Shape, embed: Embed): string {
  switch (shape.kind) {
    case "rect":
      return (
        `<rect x="${number(shape.x)}" y="${number(shape.y)}" width="${number(shape.width)}" ` +
        `height="${number(shape.height)}" fill="${shape.fill ?? "none"}"` +
        (shape.stroke ? ` stroke="${shape.stroke}" stroke-width="${shape.line ?? 1}"` : "") +
        "/>"
      );
    case "text": {
      const face = (shape.mono ? MONO : SANS).replaceAll('"', "'");
      const turned = shape.turned ? ` transform="rotate(-90 ${number(shape.x)} ${number(shape.y)})"` : "";
      return (
        `<text x="${number(shape.x)}" y="${number(shape.y)}" font-family="${face}" font-size="${shape.size}" ` +
        `fill="${shape.fill}" text-anchor="${shape.anchor ?? "start"}"${shape.bold ? ' font-weight="bold"' : ""}${turned} ` +
        `xml:space="preserve">${xml_text(shape.text)}</text>`
      );
    }
    case "bar": {
      const table = table_of(shape.look);
      const width = shape.width / table.length;
      return [...table]
        .map((word, i) =>
          box(
            shape.x + i * width,
            shape.y,
            Math.min(width * 1.5, shape.width - i * width),
            shape.height,
            css_colour(word),
          ),
        )
        .join("");
    }
    case "map": {
      const back = box(shape.x, shape.y, shape.width, shape.height, "url(#hatch)");
      const inner =
        shape.map.values.length <= MOST_CELLS
          ? map_rects(shape)
          : `<image x="${number(shape.x)}" y="${number(shape.y)}" width="${number(shape.width)}" height="${number(shape.height)}" ` +
            `preserveAspectRatio="none" style="image-rendering:pixelated" href="${embed(shape)}"/>`;
      return `<g shape-rendering="crispEdges">${back}${inner}</g>`;
    }
    case "path": {
      const [first, ...rest] = shape.points;
      if (!first) return "";
      const point = (p: [number, number]) => `${number(p[0])} ${number(p[1])}`;
      const last = rest.at(-1);
      const height = last ? last[1] - first[1] : 0;
      const d =
        shape.curve && last
          ? `M${point(first)}C${point([first[0], first[1] + 0.45 * height])} ${point([last[0], first[1] + 0.55 * height])} ${point(last)}`
          : `M${point(first)}${rest.map((p) => `L${point(p)}`).join("")}`;
      return (
        `<path d="${d}" fill="none" stroke="${shape.stroke}" stroke-width="${number(shape.line)}" ` +
        `stroke-linejoin="round" opacity="${number(shape.opacity ?? 1)}"/>`
      );
    }
  }
}

export function scene_svg(scene: Scene, embed: Embed): string {
  const { width, height, palette } = scene;
  const pattern =
    `<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
    `<rect width="6" height="6" fill="${palette.hatch_back}"/><rect width="1.5" height="6" fill="${palette.hatch}"/></pattern>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">` +
    `<title>${xml_text(scene.title)}</title><defs>${pattern}</defs>${box(0, 0, width, height, palette.paper)}` +
    `${scene.shapes.map((shape) => svg_shape(shape, embed)).join("\n")}</svg>\n`
  );
}
