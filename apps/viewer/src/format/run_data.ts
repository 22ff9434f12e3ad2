// The data of one run: sections decoded when they are looked at, and maps cut out of them.

import { BrokenCells } from "./broken.ts";
import { CODE_ERROR, packed_size, tril_start, undo_delta, weight_of_code } from "./codes.ts";
import { MARK, type HeadMap } from "./head_map.ts";
import { LazyTable, type Loaded } from "./lazy.ts";
import type { Block, Exact, Run } from "./manifest.ts";
import { SectionError, type ReadSection } from "./sections.ts";

export { CODE_ERROR };

/// Which map.
export interface Place {
  block: number;
  probe: number;
  /// Index into Run.steps.
  snapshot: number;
  layer: number;
  head: number;
}

/// The decoded maps of one block and probe: codes of all snapshots, and what is hidden.
export interface BlockData {
  codes: Uint8Array;
  hidden?: Uint8Array;
}

function floats(bytes: Uint8Array, wanted: number, what: string): Float32Array {
  if (bytes.byteLength !== 4 * wanted) {
    throw new SectionError(`${what} has ${bytes.byteLength} bytes, but its shape needs ${4 * wanted}.`);
  }
  return new Float32Array(bytes.buffer, bytes.byteOffset, wanted);
}

export class RunData {
  private readonly blocks = new LazyTable<BlockData>();
  private readonly floats = new LazyTable<Float32Array>();
  private readonly bases = new Map<string, Uint8Array>();
  private readonly broken: BrokenCells;

  constructor(
    readonly run: Run,
    private readonly read: ReadSection,
  ) {
    this.broken = run.invalid instanceof BrokenCells ? run.invalid : new BrokenCells(run.invalid, run.steps);
  }

  /// "dec.cross, probe 2", for messages.
  private what(block: number, probe: number): string {
    return `${this.run.blocks[block]!.name}, probe ${probe}`;
  }

  shape(block: number, probe: number): [number, number] {
    return this.run.blocks[block]!.shapes[probe]!;
  }

  block(block: number, probe: number): Loaded<BlockData> {
    return this.blocks.get(`${block}/${probe}`, async () => {
      const info = this.run.blocks[block]!;
      const [rows, cols] = this.shape(block, probe);
      const size = info.layers * info.heads * packed_size(info.pack, rows, cols);
      const codes = await this.read(info.sections[probe]!, this.what(block, probe));
      if (codes.length !== size * this.run.steps.length) {
        throw new SectionError(
          `${this.what(block, probe)} has ${codes.length} bytes, but its shape needs ` +
            `${size * this.run.steps.length}.`,
        );
      }
      if (info.delta) undo_delta(codes, size);
      const hidden = info.hidden && (await this.read(info.hidden.section, `${info.name}, what is hidden`));
      return hidden ? { codes, hidden } : { codes };
    });
  }

  private full_floats(list: Exact[], place: Place, packed: boolean): Loaded<Float32Array> | undefined {
    const step = this.run.steps[place.snapshot];
    const entry = list.find((e) => e.block === place.block && e.probe === place.probe && e.step === step);
    if (!entry) return undefined;
    return this.floats.get(`s${entry.section}`, async () => {
      const info = this.run.blocks[place.block]!;
      const [rows, cols] = this.shape(place.block, place.probe);
      const what = `${this.what(place.block, place.probe)}, step ${step}`;
      const head = packed ? packed_size(info.pack, rows, cols) : rows * cols;
      return floats(await this.read(entry.section, what), info.layers * info.heads * head, what);
    });
  }

  /// Float32 weights of a block, probe and snapshot, where the file has them.
  exact(place: Place): Loaded<Float32Array> | undefined {
    return this.full_floats(this.run.exact, place, true);
  }

  /// Scores before mask and softmax, where the file has them.
  scores(place: Place): Loaded<Float32Array> | undefined {
    return this.full_floats(this.run.scores ?? [], place, false);
  }

  /// float32 values of a section of a known number of values.
  values(section: number, count: number, what: string): Loaded<Float32Array> {
    return this.floats.get(`s${section}`, async () => floats(await this.read(section, what), count, what));
  }

  bytes(section: number, what: string): Promise<Uint8Array> {
    return this.read(section, what);
  }

  /// Marks that the masks and padding give, for all snapshots alike.
  private base_marks(data: BlockData, place: Place): Uint8Array {
    const info = this.run.blocks[place.block]!;
    const order = info.hidden?.order ?? [];
    const layer = order.includes("layer") ? place.layer : 0;
    const head = order.includes("head") ? place.head : 0;
    const key = `${place.block}/${place.probe}/${layer}/${head}`;
    const known = this.bases.get(key);
    if (known) return known;
    const [rows, cols] = this.shape(place.block, place.probe);
    const [pad_rows, pad_cols] = info.padding?.[place.probe] ?? [0, 0];
    const marks = new Uint8Array(rows * cols);
    const start = data.hidden ? hidden_start(info, place.probe, layer, head) : 0;
    for (let q = 0; q < rows; ++q) {
      for (let k = 0; k < cols; ++k) {
        const at = q * cols + k;
        if (q >= rows - pad_rows || k >= cols - pad_cols) marks[at] = MARK.padding;
        else if ((info.mask === "causal" && k > q) || data.hidden?.[start + at]) marks[at] = MARK.hidden;
      }
    }
    this.bases.set(key, marks);
    return marks;
  }

  /// The map of one head; exact where `exact` is given.
  map(data: BlockData, place: Place, exact?: Float32Array): HeadMap {
    const info = this.run.blocks[place.block]!;
    const [rows, cols] = this.shape(place.block, place.probe);
    const size = packed_size(info.pack, rows, cols);
    const nth = place.layer * info.heads + place.head;
    const start = exact ? nth * size : (place.snapshot * info.layers * info.heads + nth) * size;
    const values = new Float32Array(rows * cols);
    const tril = info.pack === "tril";
    const { codes } = data;
    for (let q = 0; q < rows; ++q) {
      const from = start + (tril ? tril_start(q) : q * cols);
      const count = tril ? q + 1 : cols;
      const to = q * cols;
      if (exact) values.set(exact.subarray(from, from + count), to);
      else for (let k = 0; k < count; ++k) values[to + k] = weight_of_code[codes[from + k]!]!;
    }
    const map: HeadMap = { rows, cols, values, marks: this.base_marks(data, place), exact: exact !== undefined };
    if (!exact) map.unsure = CODE_ERROR;
    this.broken.mark(map, place);
    if (exact) mark_values(map);
    return map;
  }

  /// Scores of one head: `masked` hides what the softmax does not see.
  score_map(data: BlockData, place: Place, scores: Float32Array, masked: boolean): HeadMap {
    const [rows, cols] = this.shape(place.block, place.probe);
    const info = this.run.blocks[place.block]!;
    const start = (place.layer * info.heads + place.head) * rows * cols;
    const base = this.base_marks(data, place);
    const marks = base.map((mark) => (masked || mark === MARK.padding ? mark : MARK.weight));
    const map = { rows, cols, values: scores.slice(start, start + rows * cols), marks, exact: true };
    mark_values(map);
    return map;
  }
}

/// Where the hidden cells of a head begin in their section.
function hidden_start(info: Block, probe: number, layer: number, head: number): number {
  const order = info.hidden!.order;
  const layers = order.includes("layer") ? info.layers : 1;
  const heads = order.includes("head") ? info.heads : 1;
  let start = 0;
  for (let p = 0; p < probe; ++p) start += layers * heads * info.shapes[p]![0] * info.shapes[p]![1];
  return start + (layer * heads + head) * info.shapes[probe]![0] * info.shapes[probe]![1];
}

/// Marks what is not finite among the values, and clears what is no value.
function mark_values(map: HeadMap): void {
  if (map.values.some((value) => !Number.isFinite(value))) map.marks = map.marks.slice();
  for (let i = 0; i < map.values.length; ++i) {
    const value = map.values[i]!;
    if (map.marks[i] === MARK.weight && !Number.isFinite(value)) {
      map.marks[i] = Number.isNaN(value) ? MARK.nan : value > 0 ? MARK.inf : MARK.minus_inf;
    }
    if (map.marks[i] !== MARK.weight) map.values[i] = 0;
  }
}
