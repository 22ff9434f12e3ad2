// A run without snapshots.

import type { Run } from "../src/format/manifest.ts";
import { add_blocks, add_scalar, empty_run, type Sections } from "./writer.ts";

/// A run whose curves and heads were recorded, and no snapshots.
export function add_unrecorded(sections: Sections): Run {
  const run = empty_run("u", "unrecorded");
  add_scalar(sections, run, "train", "loss", [100, 200, 400].map((step) => [step, 1 / step]));
  add_scalar(sections, run, "eval", "seq_acc", [
    [200, 0.5],
    [400, 0.9997],
  ]);
  const block = { name: "dec.self", kind: "dec.self", layers: 1, heads: 2, weight: () => 0 } as const;
  add_blocks(sections, run, [{ ...block, mask: "causal", shapes: [] }], []);
  run.head_stats = {
    steps: [100, 300],
    heads: [0, 1].map((head) => [0, 0, head]),
    columns: ["role.previous.score", "role.previous.n", "role.previous.chance"],
    section: sections.floats([0.1, 9, 0.1, 0.2, 9, 0.1, 0.5, 9, 0.1, 0.87, 9, 0.1]),
    thresholds: { score: 0.4, lift: 3, uniform: 0.9 },
    evaluated: "64 held-out sequences",
  };
  return run;
}
