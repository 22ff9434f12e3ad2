// Numbers as text.

import { MARK, type HeadMap } from "../format/head_map.ts";
import { indexed } from "./token.ts";

/// Thin spaces between thousands: "12 048".
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, "\u2009");
}

/// About `digits` significant digits, short: "0.973", "1.2e-5", "NaN", "∞".
export function short_number(value: number | undefined, digits = 3): string {
  if (value === undefined) return "–";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3)
    return value
      .toExponential(digits - 1)
      .replace("e+", "e")
      .replace("-", "−");
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return value.toFixed(Math.min(places, 6)).replace("-", "−");
}

/// Numbers with two digits, or with as many as it takes to tell them apart.
export function different_numbers(values: readonly number[]): string[] {
  for (let digits = 2; ; ++digits) {
    const texts = values.map((value) => short_number(value, digits));
    if (digits === 7 || new Set(texts).size === texts.length) return texts;
  }
}

/// "98.7 %". Rounded down below 100 %, and "<0.1 %" above 0 %: the one is said of all, the other of nothing, alone.
export function percent(share: number | undefined, digits = 1): string {
  if (share === undefined || !Number.isFinite(share)) return "–";
  const least = 10 ** -digits;
  const text = (share < 1 ? Math.min(100 * share, 100 - least) : 100 * share).toFixed(digits);
  return `${share > 0 && Number(text) === 0 ? `<${least.toFixed(digits)}` : text}\u2009%`;
}

/// A float32 weight with five decimals, or five digits where it is small.
export function exact_weight(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(4);
  return value.toFixed(5);
}

/// A value from 8-bit codes that may be off by `unsure`: where that is more than the value, what the true one is below at
/// most. So code 0, which covers zero and all that is too small for a code, is "<0.002".
export function coded_weight(value: number, unsure: number): string {
  const size = Math.abs(value);
  // A difference of two codes side by side is as large as it may be off, but for rounding.
  if (!(size < 0.999 * unsure)) return value.toFixed(3);
  return `<${(Math.ceil(1000 * (size + unsure)) / 1000).toFixed(3)}`;
}

const WORDS: Record<number, string> = {
  [MARK.hidden]: "hidden by the mask",
  [MARK.padding]: "padding",
  [MARK.nan]: "NaN",
  [MARK.inf]: "+∞",
  [MARK.minus_inf]: "−∞",
};

/// What a cell holds: "0.97312 (exact)", "0.973 (8-bit)", "hidden by the mask", "NaN".
export function cell_text(map: HeadMap, q: number, k: number): string {
  const at = q * map.cols + k;
  const mark = map.marks[at]!;
  if (mark !== MARK.weight) return WORDS[mark]!;
  const value = map.values[at]!;
  const text = map.exact ? `${exact_weight(value)} (exact)` : `${coded_weight(value, map.unsure ?? 0)} (8-bit)`;
  return text.replace(/^-/, "−");
}

/// "q5 d·5 → k4 c·4".
export function cell_name(texts: { rows: string[]; cols: string[] }, q: number, k: number): string {
  return `q${q} ${indexed(texts.rows[q], q)} → k${k} ${indexed(texts.cols[k], k)}`;
}

/// At most four characters, for a number inside a cell: ".97", "1", "<.01".
export function cell_number(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 0.005) return "<.01";
  const text =
    size >= 9.95
      ? size.toFixed(0)
      : size >= 0.995 && size < 1.005
        ? "1"
        : size >= 1
          ? size.toFixed(1)
          : size.toFixed(2).slice(1);
  return value < 0 ? `−${text}` : text;
}
