// The manifest of headlight.view/1 as types. FORMAT.md says what each key means.

import type { BrokenCells } from "./broken.ts";

export const FORMAT = "headlight.view/1";

export interface Manifest {
  format: string;
  generator: string;
  created: string;
  vocab: string[];
  runs: Run[];
  notes: string[];
  live?: Live;
}

export interface Live {
  events: string;
  manifest: string;
  sections: string;
}

export interface Run {
  id: string;
  name: string;
  vocab?: string[];
  target_vocab?: string[];
  config: Config;
  env: Record<string, string | number>;
  steps: number[];
  scalars: Scalar[];
  probes: Probe[];
  blocks: Block[];
  exact: Exact[];
  scores?: Exact[];
  preds?: Predictions;
  head_stats?: HeadStats;
  /// A list in files, packed once it has been read.
  invalid: Invalid[] | BrokenCells;
  notes: string[];
}

export interface Config {
  resolved: Record<string, unknown>;
  overrides: string[];
  changed: { key: string; value: unknown; default: unknown }[];
}

export interface Scalar {
  split: "train" | "eval";
  name: string;
  n: number;
  section: number;
  gaps?: number[];
}

export interface Probe {
  label: string;
  src: number[];
  tgt_in: number[];
  tgt_out: number[];
  src_text?: string[];
}

export type BlockKind = "enc.self" | "dec.self" | "dec.cross";

export interface Block {
  name: string;
  kind: BlockKind;
  layers: number;
  heads: number;
  layer_names?: string[];
  layer_numbers?: number[];
  mask: "full" | "causal";
  hidden?: { section: number; order: string[] };
  shapes: [number, number][];
  padding?: [number, number][];
  sections: number[];
  dtype: "u8";
  pack: "full" | "tril";
  order: string[];
  delta: boolean;
}

export interface Exact {
  block: number;
  probe: number;
  step: number;
  dtype: "f32";
  section: number;
}

export interface Invalid {
  block: number;
  probe: number | null;
  step: number;
  layer: number | null;
  head: number | null;
  q: number | null;
  k: number | null;
  value: "nan" | "inf" | "-inf";
}

export interface Predictions {
  rows: "src" | "tgt_in" | "all";
  top: number;
  symbols?: "positions";
  probes: { ids: number; prob: number; target_prob: number }[];
}

export interface HeadStats {
  steps: number[];
  heads: [number, number, number][];
  columns: string[];
  section: number;
  thresholds: { score: number; lift: number; uniform: number };
  evaluated: string;
  similarity?: { steps: number[]; section: number };
}
