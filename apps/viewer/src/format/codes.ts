// Bytes to weights: codes, packing, and differences between snapshots.

/// The byte of a weight: floor(255 a + 1/2), clamped.
export function code_of(weight: number): number {
  return Math.max(0, Math.min(255, Math.floor(255 * weight + 0.5))) || 0;
}

/// Code of what is not a number is 0; the weights of all 256 codes as float32.
export const weight_of_code = Float32Array.from({ length: 256 }, (_, code) => code / 255);

/// Weights whose code is 0 are below this; it is also the largest error of a code.
export const CODE_ERROR = 1 / 510;

/// Where row q starts in a lower triangle, and so the size of a triangle of q rows.
export function tril_start(q: number): number {
  return (q * (q + 1)) / 2;
}

/// Values that one packed head takes.
export function packed_size(pack: "full" | "tril", rows: number, cols: number): number {
  return pack === "tril" ? tril_start(rows) : rows * cols;
}

/// Makes codes of what are differences to the snapshot before, in place; `size` bytes per snapshot.
export function undo_delta(bytes: Uint8Array, size: number): void {
  for (let i = size; i < bytes.length; ++i) bytes[i] = bytes[i]! + bytes[i - size]!;
}

/// The inverse, for writers.
export function make_delta(bytes: Uint8Array, size: number): void {
  for (let i = bytes.length - 1; i >= size; --i) bytes[i] = bytes[i]! - bytes[i - size]!;
}
