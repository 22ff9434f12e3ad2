// Curves, predictions, head statistics and settings of a fixture: plausible, and functions of their place.

import type { Run } from "../src/format/manifest.ts";
import { add_scalar, type Sections } from "./writer.ts";

/// 0 before learning, 1 behind it.
function learned(step: number, last: number): number {
  return 1 / (1 + Math.exp(-12 * (step / last - 0.4)));
}

/// Wobble in [-1, 1] that needs no state.
function wobble(seed: number, i: number): number {
  return Math.sin(12.9898 * (i + 1) + 78.233 * (seed + 1)) * Math.cos(4.1 * i + seed);
}

function add_curves(sections: Sections, run: Run, seed: number, last: number): void {
  const train = Array.from({ length: 251 }, (_, i) => Math.round((i * last) / 250));
  const evaluated = train.filter((_, i) => i % 10 === 0);
  const loss = (step: number) => 2.3 * (1 - learned(step, last)) + 0.02;
  const curve = (steps: number[], value: (step: number, i: number) => number) =>
    steps.map((step, i): [number, number] => [step, value(step, i)]);
  add_scalar(
    sections,
    run,
    "train",
    "loss",
    curve(train, (s, i) => (i === 60 ? NaN : loss(s) * (1 + 0.15 * wobble(seed, i)))),
    [120],
  );
  add_scalar(
    sections,
    run,
    "train",
    "tok_acc",
    curve(train, (s, i) => Math.min(1, 0.1 + 0.9 * learned(s, last) * (1 + 0.03 * wobble(seed, i)))),
  );
  add_scalar(
    sections,
    run,
    "train",
    "lr",
    curve(train, (s) => 1e-3 * Math.min(1, s / (0.1 * last)) * 0.5 * (1 + Math.cos((Math.PI * s) / last))),
  );
  add_scalar(
    sections,
    run,
    "train",
    "grad_norm",
    curve(train, (s, i) => 0.8 * loss(s) + 0.1 + 0.1 * wobble(seed, i)),
  );
  add_scalar(
    sections,
    run,
    "eval",
    "loss",
    curve(evaluated, (s) => loss(s) * 1.05),
  );
  add_scalar(
    sections,
    run,
    "eval",
    "tok_acc",
    curve(evaluated, (s) => 0.1 + 0.9 * learned(s, last)),
  );
  add_scalar(
    sections,
    run,
    "eval",
    "seq_acc",
    curve(evaluated, (s) => learned(s, last) ** 4),
  );
}

function add_predictions(sections: Sections, run: Run, last: number): void {
  const encoder = run.probes[0]!.tgt_in.length === 0;
  const top = 5;
  run.preds = {
    rows: encoder ? "src" : "tgt_in",
    top,
    probes: run.probes.map((probe) => {
      const ids: number[] = [];
      const prob: number[] = [];
      const of_target: number[] = [];
      for (const step of run.steps) {
        const sure = 0.1 + 0.88 * learned(step, last);
        probe.tgt_out.forEach((target, row) => {
          const wrong = sure < 0.3 + 0.04 * row;
          const list = Array.from({ length: top }, (_, i) => (target + i + Number(wrong)) % 13);
          ids.push(...list);
          const rest = list.map((_, i) => (i === 0 ? sure : ((1 - sure) * 0.5) / 2 ** i));
          prob.push(...rest);
          of_target.push(wrong ? 0.02 : sure);
        });
      }
      return { ids: sections.integers(ids), prob: sections.floats(prob), target_prob: sections.floats(of_target) };
    }),
  };
}

const ROLES = [
  "role.previous",
  "role.self",
  "role.first",
  "role.duplicate",
  "role.induction",
  "role.next_symbol",
  "pattern.antidiag",
];
const FIGURES = ["loss", "tok_acc", "seq_acc"];

function add_statistics(sections: Sections, run: Run, last: number): void {
  const heads = run.blocks.flatMap((block, b) =>
    Array.from({ length: block.layers * block.heads }, (_, i): [number, number, number] => [
      b,
      Math.floor(i / block.heads),
      i % block.heads,
    ]),
  );
  const offsets = Array.from({ length: 33 }, (_, i) => i - 16);
  const columns = [
    ...ROLES.flatMap((role) => [`${role}.score`, `${role}.n`, `${role}.chance`]),
    "entropy.bits",
    "entropy.share",
    "entropy.n",
    "confidence.mean",
    "confidence.n",
    ...offsets.map((offset) => `offset.${offset}`),
    ...["mean", "zero"].flatMap((mode) => [
      ...FIGURES.flatMap((figure) => [`ablation.${mode}.${figure}`, `ablation.${mode}.${figure}.se`]),
      `ablation.${mode}.n`,
    ]),
  ];
  const steps = run.steps.filter((_, i) => i % 2 === 1 || i === run.steps.length - 1);
  const values: number[] = [];
  for (const step of steps) {
    const done = learned(step, last);
    heads.forEach(([b, layer, head]) => {
      const cross = run.blocks[b]!.kind === "dec.cross";
      const favourite = cross && layer === 1 && head % 2 === 0 ? 6 : [1, 0, 2, 4][(head + layer) % 4]!;
      ROLES.forEach((role, r) => {
        const fits = role === "pattern.antidiag" || role === "role.next_symbol" ? cross : !cross;
        values.push(...(fits ? [r === favourite ? 0.1 + 0.85 * done : 0.1, 2048, 0.11] : [NaN, 0, NaN]));
      });
      values.push(3 - 2.6 * done, 1 - 0.85 * done, 2048, 0.15 + 0.8 * done, 2304);
      for (const offset of offsets) values.push(Math.exp(-((offset + head) ** 2) * (0.1 + done)) * 0.8);
      for (const strength of [1, 1.6]) {
        const effect = done * strength * (favourite === 6 ? 1.4 : 0.05 * (head + 1));
        values.push(effect, 0.02 + 0.02 * effect, -0.3 * effect, 0.01, -0.5 * effect, 0.02, 16);
      }
    });
  }
  const alike = heads.flatMap((a, i) =>
    heads.map((b, j) => (a[0] !== b[0] ? NaN : i === j ? 1 : Math.abs(Math.cos(i * 1.7 + j * 1.7)))),
  );
  run.head_stats = {
    steps,
    heads,
    columns,
    section: sections.floats(values),
    evaluated: "256 held-out sequences",
    thresholds: { score: 0.4, lift: 3, uniform: 0.9 },
    similarity: { steps: [steps.at(-1)!], section: sections.floats(alike) },
  };
}

export function add_figures(sections: Sections, run: Run, seed: number): void {
  const last = Math.max(1, run.steps.at(-1) ?? 1);
  add_curves(sections, run, seed, last);
  add_predictions(sections, run, last);
  add_statistics(sections, run, last);
  run.config = {
    resolved: {
      task: { type: "reverse", symbols: 10, length: 12 },
      model: { arch: "encoder_decoder", d_model: 64, layers: 2, heads: 4, dropout: 0 },
      optimizer: { type: "adamw", lr: 1e-3 + seed * 1e-4 },
      trainer: { steps: last, batch_size: 64, seed },
    },
    overrides: [`trainer.seed=${seed}`],
    changed: [
      { key: "trainer.seed", value: seed, default: 42 },
      { key: "optimizer.lr", value: 1e-3 + seed * 1e-4, default: 3e-4 },
    ],
  };
  run.env = {
    version: "0.1.0",
    git: "1a2b3c4",
    compiler: "GCC 12.2",
    blas: "OpenBLAS 0.3.21",
    device: "CPU",
    threads: 2,
    seed,
    wall_seconds: 73.4,
    parameters: 124_416,
  };
}
