// How a weight becomes a place on the colour bar. Only `lin` is comparable between steps, heads and runs.

import { MARK, type HeadMap } from "../format/head_map.ts";

export type Scale = "lin" | "row" | "head" | "sqrt" | "log";

export const SCALES: { name: Scale; label: string; text: string }[] = [
  { name: "lin", label: "linear 0–1", text: "linear, 0 to 1" },
  { name: "row", label: "row maximum", text: "share of the row's maximum" },
  { name: "head", label: "head maximum", text: "share of the head's maximum" },
  { name: "sqrt", label: "square root", text: "square root, 0 to 1" },
  { name: "log", label: "log₁₀", text: "log₁₀, floor 0.001" },
];

export const LOG_FLOOR = 1e-3;

export function scale_text(scale: Scale): string {
  return SCALES.find((entry) => entry.name === scale)!.text;
}

/// Words beside the bar where 8-bit data cannot carry the scale: small weights are a few codes apart there.
export function needs_exact(scale: Scale): boolean {
  return scale !== "lin";
}

function largest(map: HeadMap, from: number, to: number): number {
  let most = 0;
  for (let i = from; i < to; ++i) if (map.marks[i] === MARK.weight && map.values[i]! > most) most = map.values[i]!;
  return most;
}

function index(position: number): number {
  return position >= 1 ? 255 : position > 0 ? Math.floor(255 * position + 0.5) : 0;
}

/// Table index 0..255 of every cell; 0 for cells that are no weights.
export function scale_indices(map: HeadMap, scale: Scale, out = new Uint8Array(map.values.length)): Uint8Array {
  const { rows, cols, values } = map;
  if (scale === "row" || scale === "head") {
    const whole = scale === "head" ? largest(map, 0, values.length) : 0;
    for (let q = 0; q < rows; ++q) {
      const start = q * cols;
      const most = scale === "head" ? whole : largest(map, start, start + cols);
      for (let i = start; i < start + cols; ++i) out[i] = most > 0 ? index(values[i]! / most) : 0;
    }
    return out;
  }
  if (scale === "lin") {
    // The scale of playing: no call and no branch inside.
    for (let i = 0; i < values.length; ++i) out[i] = Math.min(255, 255 * values[i]! + 0.5);
    return out;
  }
  const floor = Math.log10(LOG_FLOOR);
  for (let i = 0; i < values.length; ++i) {
    const value = values[i]!;
    out[i] = index(
      scale === "sqrt" ? Math.sqrt(Math.max(0, value)) : value <= LOG_FLOOR ? 0 : 1 - Math.log10(value) / floor,
    );
  }
  return out;
}

/// Index 0..254 into a difference table for values from -limit to limit; 127 is zero.
export function signed_indices(map: HeadMap, limit: number, out = new Uint8Array(map.values.length)): Uint8Array {
  for (let i = 0; i < out.length; ++i) {
    const share = limit > 0 ? Math.max(-1, Math.min(1, map.values[i]! / limit)) : 0;
    out[i] = Math.round(127 * share) + 127;
  }
  return out;
}

/// Labelled places on the bar, each position in [0, 1].
export function scale_ticks(scale: Scale): { at: number; label: string }[] {
  if (scale === "log") return [0, 1, 2, 3].map((i) => ({ at: i / 3, label: ["≤.001", ".01", ".1", "1"][i]! }));
  if (scale === "sqrt") return [0, 0.05, 0.25, 1].map((w) => ({ at: Math.sqrt(w), label: String(w) }));
  const unit = scale === "lin" ? "" : "×max";
  return [0, 0.25, 0.5, 0.75, 1].map((w) => ({ at: w, label: w === 1 ? `1${unit}` : String(w) }));
}
