// Reads a file of headlight.view/1 without any code of the page: what the page shows is compared with this.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, inflateSync } from "node:zlib";
import { ROOT } from "./browser.ts";

interface Block {
  name: string;
  kind: string;
  layers: number;
  heads: number;
  mask: string;
  pack: string;
  delta: boolean;
  shapes: [number, number][];
  padding?: [number, number][];
  hidden?: { section: number; order: string[] };
  sections: number[];
}

export interface ViewRun {
  id: string;
  name: string;
  vocab?: string[];
  steps: number[];
  blocks: Block[];
  probes: { label: string; src: number[]; tgt_in: number[]; tgt_out: number[] }[];
  exact: { block: number; probe: number; step: number; section: number }[];
  scalars: { split: string; name: string; n: number; section: number }[];
  invalid: unknown[];
}

export class ViewData {
  readonly text: string;
  readonly manifest: { generator: string; vocab: string[]; runs: ViewRun[]; notes: string[] };

  constructor(file: string) {
    this.text = readFileSync(file, "utf8");
    const json = /<script type="application\/json" id="hl-manifest">([^]*?)<\/script>/.exec(this.text)![1]!;
    this.manifest = JSON.parse(json);
  }

  section(index: number): Buffer {
    const match = new RegExp(
      `id="hl-s${index}" data-enc="(\\w+)" data-raw="(\\d+)" data-crc="([0-9a-f]{8})">([^<]*)<`,
    ).exec(this.text)!;
    const packed = Buffer.from(match[4]!, "base64");
    const raw = match[1] === "none" ? packed : inflateSync(packed);
    if (raw.length !== Number(match[2])) throw new Error(`section ${index} has ${raw.length} bytes`);
    if (crc32 && crc32(raw).toString(16).padStart(8, "0") !== match[3]) throw new Error(`section ${index}: checksum`);
    return raw;
  }

  /// Codes of all snapshots of a block and probe, differences undone.
  codes(run: ViewRun, block: number, probe: number): { bytes: Buffer; head: number; snapshot: number } {
    const info = run.blocks[block]!;
    const [rows, cols] = info.shapes[probe]!;
    const head = info.pack === "tril" ? (rows * (rows + 1)) / 2 : rows * cols;
    const snapshot = info.layers * info.heads * head;
    const bytes = Buffer.from(this.section(info.sections[probe]!));
    if (info.delta) for (let i = snapshot; i < bytes.length; ++i) bytes[i] = (bytes[i]! + bytes[i - snapshot]!) & 255;
    return { bytes, head, snapshot };
  }

  /// The code of a cell, or undefined where a mask or padding hides it.
  code(
    run: ViewRun,
    place: { block: number; probe: number; snapshot: number; layer: number; head: number },
    q: number,
    k: number,
    codes = this.codes(run, place.block, place.probe),
  ): number | undefined {
    const info = run.blocks[place.block]!;
    const [rows, cols] = info.shapes[place.probe]!;
    const [pad_rows, pad_cols] = info.padding?.[place.probe] ?? [0, 0];
    if (q >= rows - pad_rows || k >= cols - pad_cols || (info.mask === "causal" && k > q)) return undefined;
    if (info.hidden) {
      if (info.hidden.order.join() !== "probe,q,k")
        throw new Error("this reader knows hidden cells of the order probe, q, k");
      let start = 0;
      for (let p = 0; p < place.probe; ++p) start += info.shapes[p]![0] * info.shapes[p]![1];
      if (this.section(info.hidden.section)[start + q * cols + k]) return undefined;
    }
    const start = place.snapshot * codes.snapshot + (place.layer * info.heads + place.head) * codes.head;
    return codes.bytes[start + (info.pack === "tril" ? (q * (q + 1)) / 2 : q * cols) + k]!;
  }

  /// The float32 weight of a cell, where the file has it.
  exact(
    run: ViewRun,
    place: { block: number; probe: number; step: number; layer: number; head: number },
    q: number,
    k: number,
  ): number | undefined {
    const entry = run.exact.find((e) => e.block === place.block && e.probe === place.probe && e.step === place.step);
    if (!entry) return undefined;
    const info = run.blocks[place.block]!;
    const [rows, cols] = info.shapes[place.probe]!;
    const head = info.pack === "tril" ? (rows * (rows + 1)) / 2 : rows * cols;
    const at =
      (place.layer * info.heads + place.head) * head + (info.pack === "tril" ? (q * (q + 1)) / 2 : q * cols) + k;
    return this.section(entry.section).readFloatLE(4 * at);
  }
}

/// Colours of a map as a theme has them, "#rrggbb", from weight 0 to 1: those of colormaps.json on dark; on light turned
/// round, with the first 64 on their way from the background.
export function colours(map: string, dark: boolean): string[] {
  const all: string[] = JSON.parse(readFileSync(join(ROOT, "apps", "inspect", "colormaps.json"), "utf8")).maps[map];
  if (dark) return all;
  const channels = (hex: string) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const paper = channels("#fbfaf7");
  return all.reverse().map((hex, i) => {
    const mixed = channels(hex).map((c, j) => Math.round(paper[j]! + (c - paper[j]!) * Math.min(1, i / 64)));
    return "#" + mixed.map((c) => c.toString(16).padStart(2, "0")).join("");
  });
}
