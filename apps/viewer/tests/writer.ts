// Writes files of headlight.view/1 from arrays, for tests: the sections, the manifest, and the page around them.

import { deflateSync } from "node:zlib";
import { code_of, make_delta, packed_size } from "../src/format/codes.ts";
import { crc32, crc_text } from "../src/format/crc32.ts";
import type { Block, BlockKind, Exact, Manifest, Run } from "../src/format/manifest.ts";

export class Sections {
  readonly elements: string[] = [];

  add(bytes: Uint8Array): number {
    const index = this.elements.length;
    const text = deflateSync(bytes, { level: 9 }).toString("base64");
    this.elements.push(
      `<script type="text/plain" id="hl-s${index}" data-enc="deflate" data-raw="${bytes.length}" ` +
        `data-crc="${crc_text(crc32(bytes))}">${text}</script>`,
    );
    return index;
  }

  floats(values: ArrayLike<number>): number {
    return this.add(new Uint8Array(Float32Array.from(values).buffer));
  }

  doubles(values: ArrayLike<number>): number {
    return this.add(new Uint8Array(Float64Array.from(values).buffer));
  }

  integers(values: ArrayLike<number>): number {
    return this.add(new Uint8Array(Int32Array.from(values).buffer));
  }
}

/// A weight by probe, snapshot, layer, head, query and key.
export type Weight = (probe: number, snapshot: number, layer: number, head: number, q: number, k: number) => number;

export interface BlockPlan {
  name: string;
  kind: BlockKind;
  layers: number;
  heads: number;
  mask: "full" | "causal";
  shapes: [number, number][];
  padding?: [number, number][];
  hidden?: { order: string[]; bytes: Uint8Array };
  weight: Weight;
  /// Scores of the last snapshot are written too.
  score?: Weight;
}

interface Written {
  block: Block;
  exact: Exact[];
  scores: Exact[];
}

/// Values of every cell that a pack keeps, in the order of the format.
function* cells(plan: BlockPlan, probe: number, snapshots: number[], full: boolean) {
  const [rows, cols] = plan.shapes[probe]!;
  for (const snapshot of snapshots) {
    for (let layer = 0; layer < plan.layers; ++layer) {
      for (let head = 0; head < plan.heads; ++head) {
        for (let q = 0; q < rows; ++q) {
          const end = plan.mask === "causal" && !full ? q + 1 : cols;
          for (let k = 0; k < end; ++k) yield { snapshot, layer, head, q, k };
        }
      }
    }
  }
}

/// Writes a block; exact weights for the snapshots in `exact`.
export function write_block(
  sections: Sections,
  index: number,
  plan: BlockPlan,
  steps: number[],
  exact: number[],
): Written {
  const pack = plan.mask === "causal" ? "tril" : "full";
  const snapshots = steps.map((_, i) => i);
  const out: Written = {
    block: {
      name: plan.name,
      kind: plan.kind,
      layers: plan.layers,
      heads: plan.heads,
      mask: plan.mask,
      shapes: plan.shapes,
      sections: [],
      dtype: "u8",
      pack,
      order: ["step", "layer", "head", "q", "k"],
      delta: true,
    },
    exact: [],
    scores: [],
  };
  if (plan.padding) out.block.padding = plan.padding;
  if (plan.hidden) out.block.hidden = { section: sections.add(plan.hidden.bytes), order: plan.hidden.order };
  plan.shapes.forEach(([rows, cols], probe) => {
    const size = plan.layers * plan.heads * packed_size(pack, rows, cols);
    const bytes = new Uint8Array(size * steps.length);
    let i = 0;
    for (const c of cells(plan, probe, snapshots, false)) {
      bytes[i++] = code_of(plan.weight(probe, c.snapshot, c.layer, c.head, c.q, c.k));
    }
    make_delta(bytes, size);
    out.block.sections.push(sections.add(bytes));
    for (const snapshot of exact) {
      const values: number[] = [];
      for (const c of cells(plan, probe, [snapshot], false)) {
        values.push(plan.weight(probe, snapshot, c.layer, c.head, c.q, c.k));
      }
      const entry = { block: index, probe, step: steps[snapshot]!, dtype: "f32" as const };
      out.exact.push({ ...entry, section: sections.floats(values) });
    }
    const last = steps.length - 1;
    if (plan.score && last >= 0) {
      const values: number[] = [];
      for (const c of cells(plan, probe, [last], true)) {
        values.push(plan.score(probe, last, c.layer, c.head, c.q, c.k));
      }
      out.scores.push({ block: index, probe, step: steps[last]!, dtype: "f32", section: sections.floats(values) });
    }
  });
  return out;
}

export function empty_run(id: string, name: string): Run {
  return {
    id,
    name,
    config: { resolved: {}, overrides: [], changed: [] },
    env: {},
    steps: [],
    scalars: [],
    probes: [],
    blocks: [],
    exact: [],
    scores: [],
    invalid: [],
    notes: [],
  };
}

export function add_blocks(sections: Sections, run: Run, plans: BlockPlan[], exact: number[]): void {
  plans.forEach((plan, index) => {
    const written = write_block(sections, index, plan, run.steps, exact);
    run.blocks.push(written.block);
    run.exact.push(...written.exact);
    run.scores!.push(...written.scores);
  });
}

export function add_scalar(
  sections: Sections,
  run: Run,
  split: "train" | "eval",
  name: string,
  points: [number, number][],
  gaps?: number[],
): void {
  const section = sections.doubles([...points.map((p) => p[0]), ...points.map((p) => p[1])]);
  run.scalars.push({ split, name, n: points.length, section, ...(gaps ? { gaps } : {}) });
}

/// The page with data in the place of its marker.
export function write_page(page: string, manifest: Manifest, sections: Sections): string {
  const json = JSON.stringify(manifest).replace(/</g, "\\u003c");
  const data = `<script type="application/json" id="hl-manifest">${json}</script>\n${sections.elements.join("\n")}`;
  if (!page.includes("\n<!--headlight:data-->\n")) throw new Error("the page has no line for data");
  return page.replace("<!--headlight:data-->", () => data);
}
