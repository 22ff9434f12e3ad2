// Reads GIF files (GIF89a, CompuServe 1990) with one global palette, frame by frame as they are seen.

import type { Pixels } from "./png.ts";

export interface GifFile {
  width: number;
  height: number;
  frames: (Pixels & { hundredths: number })[];
}

/// Indices of the codes (appendix F of the specification), whose sizes grow when the table is full up to them.
export function unpacked(bytes: Uint8Array, least: number, wanted: number): number[] {
  const [clear, end] = [1 << least, (1 << least) + 1];
  const out: number[] = [];
  let table: number[][] = [];
  let size = least + 1;
  let before: number[] | undefined;
  let bits = 0;
  let count = 0;
  const start = () => {
    table = Array.from({ length: end + 1 }, (_, i) => [i]);
    size = least + 1;
    before = undefined;
  };
  for (const byte of bytes) {
    bits |= byte << count;
    count += 8;
    while (count >= size) {
      const code = bits & ((1 << size) - 1);
      bits >>>= size;
      count -= size;
      if (code === clear) {
        start();
        continue;
      }
      if (code === end) {
        if (out.length !== wanted) throw new Error(`${out.length} pixels, not ${wanted}`);
        return out;
      }
      const known = table[code];
      if (!known && (code !== table.length || !before)) throw new Error(`code ${code} means nothing yet`);
      const string: number[] = known ?? [...before!, before![0]!];
      for (const index of string) out.push(index);
      if (before && table.length < 4096) {
        table.push([...before, string[0]!]);
        if (table.length === 1 << size && size < 12) ++size;
      }
      before = string;
    }
  }
  throw new Error("the data end without an end code");
}

export function gif_frames(file: Buffer): GifFile {
  if (file.toString("latin1", 0, 6) !== "GIF89a") throw new Error("this is no GIF file");
  const [width, height] = [file.readUInt16LE(6), file.readUInt16LE(8)];
  const palette = file.subarray(13, 13 + 3 * (2 << (file[10]! & 7)));
  const shown = new Uint8ClampedArray(4 * width * height);
  const frames: GifFile["frames"] = [];
  let [hundredths, transparent] = [0, -1];
  let at = 13 + palette.length;
  const blocks = (): Buffer => {
    const parts: Buffer[] = [];
    for (; file[at] !== 0; at += 1 + file[at]!) parts.push(file.subarray(at + 1, at + 1 + file[at]!));
    ++at;
    return Buffer.concat(parts);
  };
  for (;;) {
    const kind = file[at++];
    if (kind === 0x3b) {
      if (at !== file.length) throw new Error(`${file.length - at} bytes behind the end`);
      return { width, height, frames };
    }
    if (kind === 0x21) {
      const label = file[at++];
      const data = blocks();
      if (label === 0xf9) {
        hundredths = data.readUInt16LE(1);
        transparent = data[0]! & 1 ? data[3]! : -1;
      }
    } else if (kind === 0x2c) {
      const box = [0, 2, 4, 6].map((i) => file.readUInt16LE(at + i));
      if (box.join() !== `0,0,${width},${height}`) throw new Error(`a frame at ${box}`);
      at += 9;
      const least = file[at++]!;
      unpacked(blocks(), least, width * height).forEach((index, i) => {
        if (index !== transparent) shown.set([...palette.subarray(3 * index, 3 * index + 3), 255], 4 * i);
      });
      frames.push({ width, height, data: shown.slice(), hundredths });
    } else throw new Error(`byte ${kind} at ${at - 1} begins no block`);
  }
}
