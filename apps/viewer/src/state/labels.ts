// What stands on the axes of a map: tokens, and for queries what they produce.

import type { Block, Probe, Run } from "../format/manifest.ts";
import type { Loaded } from "../format/lazy.ts";
import type { RunData } from "../format/run_data.ts";
import { visible_token } from "../text/token.ts";
import { manifest } from "./app.ts";

export function vocab_of(run: Run): string[] {
  return run.vocab ?? manifest.value?.vocab ?? [];
}

export function target_vocab_of(run: Run): string[] {
  return run.target_vocab ?? vocab_of(run);
}

function text_of(vocab: string[], id: number): string {
  return id < 0 ? "" : visible_token(vocab[id] ?? `#${id}`);
}

export function source_texts(run: Run, probe: Probe): string[] {
  return probe.src.map((id, i) => named(probe, i) ?? text_of(vocab_of(run), id));
}

/// The text of a position that has no id.
function named(probe: Probe, position: number): string | undefined {
  const text = probe.src_text?.[position];
  return text === undefined ? undefined : visible_token(text);
}

/// A decoder behind an encoder reads what it has said so far.
export function input_texts(run: Run, probe: Probe): string[] {
  if (probe.src.length > 0) return probe.tgt_in.map((id) => text_of(target_vocab_of(run), id));
  return probe.tgt_in.map((id, i) => named(probe, i) ?? text_of(vocab_of(run), id));
}

/// Empty text where there is no target.
export function target_texts(run: Run, probe: Probe): string[] {
  const words = target_vocab_of(run);
  return probe.tgt_out.map((id) => (is_pointer(run) && id >= 0 ? `position ${id}` : text_of(words, id)));
}

/// Whether predictions are positions of the input.
function is_pointer(run: Run): boolean {
  return run.preds?.symbols === "positions";
}

/// Tokens on the axes of a block.
export function axis_texts(run: Run, block: Block, probe: Probe): { rows: string[]; cols: string[] } {
  const source = source_texts(run, probe);
  const input = input_texts(run, probe);
  if (block.kind === "enc.self") return { rows: source, cols: source };
  return block.kind === "dec.self" ? { rows: input, cols: input } : { rows: input, cols: source };
}

/// What a query produces.
export interface Produced {
  /// Empty where there is no target.
  target: string;
  /// Most probable first.
  top: { text: string; probability: number }[];
  target_probability: number;
  right: boolean;
}

/// Predictions of every row of a probe at a snapshot, or undefined where the file has none for these rows.
export function produced(data: RunData, probe_index: number, snapshot: number): Loaded<Produced[]> | undefined {
  const { run } = data;
  const preds = run.preds;
  const probe = run.probes[probe_index];
  const sections = preds?.probes[probe_index];
  if (!preds || !probe || !sections || snapshot < 0) return undefined;
  const rows = preds.rows === "all" ? 1 : preds.rows === "src" ? probe.src.length : probe.tgt_in.length;
  const count = run.steps.length * rows;
  const what = `predictions, probe ${probe_index}`;
  const ids_loaded = data.values(sections.ids, count * preds.top, what);
  const probability = data.values(sections.prob, count * preds.top, what);
  const target_probability = data.values(sections.target_prob, count, what);
  for (const loaded of [ids_loaded, probability, target_probability]) if (loaded.status !== "ready") return loaded;
  if (ids_loaded.status !== "ready" || probability.status !== "ready" || target_probability.status !== "ready") {
    return undefined;
  }
  const ids = new Int32Array(ids_loaded.value.buffer, ids_loaded.value.byteOffset, count * preds.top);
  const targets = target_texts(run, probe);
  const words = target_vocab_of(run);
  const out: Produced[] = [];
  for (let row = 0; row < rows; ++row) {
    const at = snapshot * rows + row;
    const top = Array.from({ length: preds.top }, (_, i) => {
      const id = ids[at * preds.top + i]!;
      return {
        text: is_pointer(run) ? `position ${id}` : text_of(words, id),
        probability: probability.value[at * preds.top + i]!,
      };
    });
    out.push({
      target: targets[row] ?? "",
      top,
      target_probability: target_probability.value[at]!,
      right: (probe.tgt_out[row] ?? -1) >= 0 && ids[at * preds.top] === probe.tgt_out[row],
    });
  }
  return { status: "ready", value: out };
}

/// Whether the rows of a block are those that predictions belong to.
export function rows_produce(run: Run, block: Block): boolean {
  return (
    run.preds !== undefined &&
    (run.preds.rows === "src" ? block.kind === "enc.self" : run.preds.rows === "tgt_in" && block.kind !== "enc.self")
  );
}
