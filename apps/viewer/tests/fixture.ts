// Files of known content for tests and for looking at the page. Every weight is a function of its place, so that a test
// can say what a pixel has to be.

import type { Manifest, Run } from "../src/format/manifest.ts";
import { add_figures } from "./fixture_figures.ts";
import { add_unrecorded } from "./fixture_unrecorded.ts";
import { add_blocks, add_scalar, empty_run, Sections, write_page, type BlockPlan, type Weight } from "./writer.ts";

const LETTERS = ["<pad>", "<s>", "</s>", ..."abcdefghij"];

/// A number in [0, 1) that looks random but is a function of its arguments.
export function noise(...places: number[]): number {
  let h = 0x9e3779b9;
  for (const place of places) {
    h = Math.imul(h ^ (place + 0x7f4a7c15), 0x85ebca6b);
    h ^= h >>> 13;
    h = Math.imul(h, 0xc2b2ae35);
    h ^= h >>> 16;
  }
  return (h >>> 0) / 2 ** 32;
}

/// Weights of a head that learns to read key `target(q)` as training goes on, over the keys that `sees` allows.
function learning(
  snapshots: number,
  target: (layer: number, head: number, q: number, cols: number) => number,
  cols: (probe: number) => number,
  sees: (q: number, k: number) => boolean,
): { weight: Weight; score: Weight } {
  const score: Weight = (probe, snapshot, layer, head, q, k) => {
    const time = snapshots > 1 ? snapshot / (snapshots - 1) : 1;
    const start = 0.25 + 0.45 * noise(layer, head, 7);
    const sharp = 9 / (1 + Math.exp(-14 * (time - start)));
    const goal = target(layer, head, q, cols(probe));
    return (k === goal ? sharp : 0) + 1.6 * (noise(layer, head, q, k, probe) - 0.5) * (1 - 0.6 * time);
  };
  // Rows are asked for from left to right, so the total of the last one is kept.
  let row = "";
  let total = 0;
  const weight: Weight = (probe, snapshot, layer, head, q, k) => {
    if (!sees(q, k)) return 0;
    const asked = `${probe}/${snapshot}/${layer}/${head}/${q}`;
    if (asked !== row) {
      row = asked;
      total = 0;
      for (let other = 0; other < cols(probe); ++other) {
        if (sees(q, other)) total += Math.exp(score(probe, snapshot, layer, head, q, other));
      }
    }
    return Math.exp(score(probe, snapshot, layer, head, q, k)) / total;
  };
  return { weight, score };
}

const everything = () => true;
const causal = (q: number, k: number) => k <= q;

/// Different heads learn different things: the position itself, the one before, the first, or nothing.
function role_target(layer: number, head: number, q: number): number {
  return [q, q - 1, 0, -1][(head + layer) % 4]!;
}

/// Steps of n snapshots: 0, then log-spaced up to `last`.
export function snapshot_steps(n: number, last: number): number[] {
  const steps = new Set<number>([0]);
  for (let i = 1; i < n; ++i) steps.add(Math.round(last ** (i / (n - 1))));
  let fill = 2;
  while (steps.size < n) steps.add(fill++);
  return [...steps].sort((a, b) => a - b);
}

/// A model that learns to reverse: source letters, decoder input shifted right.
export function add_reverse(sections: Sections, id: string, seed: number, probes = 4, snapshots = 32): Run {
  const run = empty_run(id, `reverse-seed${seed}`);
  run.steps = snapshot_steps(snapshots, 5000);
  const lengths = Array.from({ length: probes }, (_, p) => 8 + ((3 * p) % 5));
  run.probes = lengths.map((length, p) => {
    const src = Array.from({ length }, (_, i) => 3 + Math.floor(10 * noise(p, i, 3)));
    const reversed = [...src].reverse();
    return { label: `held-out ${p}`, src, tgt_in: [1, ...reversed], tgt_out: [...reversed, 2] };
  });
  const source = (probe: number) => lengths[probe]!;
  const target = (probe: number) => lengths[probe]! + 1;
  const anti = (layer: number, head: number, q: number, cols: number) =>
    layer === 1 && head % 2 === 0 ? cols - 1 - q : role_target(layer, head, q);
  const shapes = (q: (p: number) => number, k: (p: number) => number) =>
    lengths.map((_, p) => [q(p), k(p)] as [number, number]);
  const size = { layers: 2, heads: 4 };
  const shifted = (layer: number, head: number, q: number) => role_target(layer + seed, head, q);
  const plans: BlockPlan[] = [
    {
      name: "enc.self",
      kind: "enc.self",
      mask: "full",
      ...size,
      shapes: shapes(source, source),
      ...learning(snapshots, shifted, source, everything),
    },
    {
      name: "dec.self",
      kind: "dec.self",
      mask: "causal",
      ...size,
      shapes: shapes(target, target),
      ...learning(snapshots, shifted, target, causal),
    },
    {
      name: "dec.cross",
      kind: "dec.cross",
      mask: "full",
      ...size,
      shapes: shapes(target, source),
      ...learning(snapshots, anti, source, everything),
    },
  ];
  add_blocks(sections, run, plans, [snapshots - 1]);
  add_figures(sections, run, seed);
  return run;
}

/// A decoder with a window, padding, probes of different lengths, and many heads.
export function add_decoder(
  sections: Sections,
  id: string,
  size: { layers: number; heads: number; lengths: number[]; snapshots: number; window?: number; padding?: boolean },
): Run {
  const run = empty_run(id, `decoder-${size.layers}x${size.heads}`);
  run.steps = snapshot_steps(size.snapshots, 4000);
  run.probes = size.lengths.map((length, p) => {
    const ids = Array.from(
      { length: length + 1 },
      (_, i) => 3 + Math.floor(10 * noise(p, i % Math.ceil(length / 2), 5)),
    );
    return { label: `random ${p}`, src: [], tgt_in: ids.slice(0, length), tgt_out: ids.slice(1) };
  });
  const shapes = size.lengths.map((length) => [length, length] as [number, number]);
  const cells = shapes.flatMap(([rows, cols]) =>
    Array.from({ length: rows * cols }, (_, i) => Math.floor(i / cols) - (i % cols)),
  );
  const sees = (q: number, k: number) => causal(q, k) && (!size.window || q - k < size.window);
  const half = (layer: number, head: number, q: number, cols: number) =>
    layer > 0 && head % 3 === 0 ? Math.max(0, q - Math.ceil(cols / 2) + 1) : role_target(layer, head, q);
  add_blocks(
    sections,
    run,
    [
      {
        name: "dec.self",
        kind: "dec.self",
        mask: "causal",
        layers: size.layers,
        heads: size.heads,
        shapes,
        ...(size.padding ? { padding: shapes.map((_, p) => [p, p] as [number, number]) } : {}),
        ...(size.window
          ? {
              hidden: {
                order: ["probe", "q", "k"],
                bytes: Uint8Array.from(cells, (distance) => Number(distance >= size.window!)),
              },
            }
          : {}),
        ...learning(size.snapshots, half, (probe) => size.lengths[probe]!, sees),
      },
    ],
    [size.snapshots - 1],
  );
  add_figures(sections, run, 5);
  return run;
}

/// Tokens that break pages which trust them.
export const ODD_TOKENS = [
  "<s>",
  "</script>",
  "<!--",
  "&amp;",
  "\n",
  " ",
  "\t",
  "",
  "🦊",
  "👩‍🚀",
  "אבג",
  "\u202e",
  "é",
  "\u0301",
  "a".repeat(40),
  "\u0007",
  "<img src=x onerror=alert(1)>",
];

export function add_odd(sections: Sections): Run {
  const run = empty_run("odd", "odd tokens </script>");
  run.vocab = ODD_TOKENS;
  run.steps = [0, 10];
  const ids = ODD_TOKENS.map((_, i) => i);
  run.probes = [{ label: "odd <b>", src: ids, tgt_in: [], tgt_out: ids }];
  const n = ids.length;
  add_blocks(
    sections,
    run,
    [
      {
        name: "enc.self",
        kind: "enc.self",
        mask: "full",
        layers: 1,
        heads: 2,
        shapes: [[n, n]],
        ...learning(
          2,
          (_, head, q) => (head === 0 ? q : n - 1 - q),
          () => n,
          everything,
        ),
      },
    ],
    [1],
  );
  add_figures(sections, run, 2);
  return run;
}

/// A run that broke: one head has NaN and infinities, and the last snapshot is NaN throughout.
export function add_broken_numbers(sections: Sections): Run {
  const run = add_decoder(sections, "nan", { layers: 1, heads: 2, lengths: [6], snapshots: 4 });
  run.name = "nan";
  run.exact = [];
  const place = { block: 0, probe: null, layer: 0, head: 0 };
  run.invalid = [
    { ...place, step: run.steps[2]!, q: 3, k: 1, value: "nan" },
    { ...place, step: run.steps[2]!, q: 4, k: 2, value: "inf" },
    { ...place, step: run.steps[2]!, q: 5, k: null, value: "-inf" },
    { ...place, step: run.steps[3]!, head: null, q: null, k: null, value: "nan" },
  ];
  return run;
}

/// A long run: 100,000 points of each curve and as many evaluations of its heads.
export function add_long_curves(sections: Sections): Run {
  const run = add_decoder(sections, "c", { layers: 1, heads: 2, lengths: [6], snapshots: 8 });
  const steps = Array.from({ length: 100_000 }, (_, i) => i + 1);
  const curve = (value: (i: number) => number) => steps.map((step, i): [number, number] => [step, value(i)]);
  run.scalars = [];
  add_scalar(sections, run, "train", "loss", curve((i) => (i === 5000 ? NaN : 3 * Math.exp(-i / 3e4) + noise(i) / 5)));
  add_scalar(sections, run, "train", "grad_norm", curve((i) => noise(i, 1)));
  add_scalar(sections, run, "eval", "tok_acc", curve((i) => Math.min(1, i / 6e4)));
  const columns = ["role.previous.score", "role.previous.n", "role.previous.chance", "entropy.bits", "entropy.share"];
  const values = steps.flatMap((step, i) => [0, 1].flatMap((h) => [noise(i, h), 64, 0.2, 2 * noise(step, h), noise(h)]));
  run.head_stats = {
    steps,
    heads: [0, 1].map((head) => [0, 0, head]),
    columns,
    section: sections.floats(values),
    thresholds: { score: 0.4, lift: 3, uniform: 0.9 },
    evaluated: "64 held-out sequences",
  };
  return run;
}

export const FIXTURES: Record<string, (sections: Sections) => { runs: Run[]; notes?: string[] }> = {
  reverse: (s) => ({ runs: [add_reverse(s, "a", 0), add_reverse(s, "b", 1)] }),
  decoder: (s) => ({
    runs: [add_decoder(s, "w", { layers: 2, heads: 3, lengths: [12, 9], snapshots: 8, window: 5, padding: true })],
  }),
  odd: (s) => ({ runs: [add_odd(s)] }),
  nan: (s) => ({ runs: [add_broken_numbers(s)] }),
  curves: (s) => ({ runs: [add_long_curves(s)] }),
  tiny: (s) => ({ runs: [add_decoder(s, "t", { layers: 1, heads: 1, lengths: [1], snapshots: 1 })] }),
  empty: () => ({ runs: [empty_run("e", "no probes")], notes: ["Probes were left out for the size budget."] }),
  unrecorded: (s) => ({ runs: [add_unrecorded(s)] }),
  mismatch: (s) => ({ runs: [add_reverse(s, "a", 0, 2, 4), add_odd(s)] }),
  many: (s) => ({ runs: [add_decoder(s, "m", { layers: 8, heads: 12, lengths: [64], snapshots: 24 })] }),
  long: (s) => ({ runs: [add_decoder(s, "l", { layers: 6, heads: 6, lengths: [256], snapshots: 32 })] }),
  huge: (s) => ({ runs: [add_decoder(s, "h", { layers: 1, heads: 2, lengths: [600], snapshots: 2 })] }),
};

/// The page of a fixture.
export function fixture_page(page: string, name: string): string {
  const sections = new Sections();
  const made = FIXTURES[name]!(sections);
  const manifest: Manifest = {
    format: "headlight.view/1",
    generator: "fixture",
    created: "2024-01-01T00:00:00Z",
    vocab: LETTERS,
    runs: made.runs,
    notes: made.notes ?? [],
  };
  return write_page(page, manifest, sections);
}

/// A page with another checksum of a section than its bytes have.
export function with_wrong_checksum(page: string, section: number): string {
  return page.replace(
    new RegExp(`(id="hl-s${section}"[^>]*data-crc=")([0-9a-f]{8})`),
    (_, before: string) => `${before}00000000`,
  );
}
