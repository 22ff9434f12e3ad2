// Reads PNG files without a browser: 8 bits per channel, with or without alpha, not interlaced, which is what Chromium
// writes. Source: PNG specification, third edition, sections 7 and 9.

import { inflateSync } from "node:zlib";

export interface Pixels {
  width: number;
  height: number;
  /// RGBA.
  data: Uint8ClampedArray;
}

/// The prediction of a byte from those to the left (a), above (b) and above to the left (c).
function paeth(a: number, b: number, c: number): number {
  const pa = Math.abs(b - c);
  const pb = Math.abs(a - c);
  const pc = Math.abs(a + b - 2 * c);
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/// Rows with their filters undone.
function unfiltered(raw: Buffer, height: number, stride: number, size: number): Uint8Array {
  const out = new Uint8Array(height * stride);
  for (let y = 0; y < height; ++y) {
    const filter = raw[y * (stride + 1)]!;
    if (filter > 4) throw new Error(`row ${y} has filter ${filter}`);
    for (let x = 0; x < stride; ++x) {
      const at = y * stride + x;
      const left = x >= size ? out[at - size]! : 0;
      const above = y > 0 ? out[at - stride]! : 0;
      const corner = x >= size && y > 0 ? out[at - stride - size]! : 0;
      let guess = 0;
      if (filter === 1) guess = left;
      else if (filter === 2) guess = above;
      else if (filter === 3) guess = (left + above) >> 1;
      else if (filter === 4) guess = paeth(left, above, corner);
      out[at] = raw[y * (stride + 1) + 1 + x]! + guess;
    }
  }
  return out;
}

/// The pixels of a file. Throws where it is another kind of PNG.
export function png_pixels(png: Buffer): Pixels {
  if (png.toString("latin1", 1, 4) !== "PNG") throw new Error("this is no PNG file");
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const [depth, kind, , , interlaced] = png.subarray(24, 29);
  if (depth !== 8 || (kind !== 2 && kind !== 6) || interlaced !== 0) throw new Error("this kind of PNG is not read");
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString("latin1", at + 4, at + 8) === "IDAT")
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  const size = kind === 6 ? 4 : 3;
  const bytes = unfiltered(inflateSync(Buffer.concat(parts)), height, width * size, size);
  if (size === 4) return { width, height, data: new Uint8ClampedArray(bytes.buffer) };
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < width * height; ++i) data.set(bytes.subarray(3 * i, 3 * i + 3), 4 * i);
  return { width, height, data };
}

/// "#rrggbb" of a pixel.
export function pixel(of: Pixels, x: number, y: number): string {
  const at = 4 * (Math.floor(y) * of.width + Math.floor(x));
  return "#" + [...of.data.subarray(at, at + 3)].map((value) => value.toString(16).padStart(2, "0")).join("");
}
