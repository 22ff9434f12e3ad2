// What is shown, as the part of an address behind '#': fixed order of keys, defaults left out, unknown keys kept.

import type { Scale } from "../colour/scale.ts";

export const VIEWS = ["overview", "head", "tokens", "roles", "compare", "run"] as const;
export type ViewName = (typeof VIEWS)[number];
export type Aggregate = "head" | "mean" | "max" | "rollout";
export type Stage = "softmax" | "masked" | "scores";

export interface Address {
  run: string;
  v: ViewName;
  blk: string;
  l: number;
  h: number;
  p: number;
  /// Training step; -1 is the last one.
  t: number;
  sel: string;
  sc: Scale;
  cmp: string;
  th: "auto" | "light" | "dark";
  agg: Aggregate;
  st: Stage;
  num: boolean;
  df: boolean;
  k: number;
  thr: number;
  hs: string;
  f: string;
  ord: string;
  cv: "side" | "swipe" | "diff";
  abl: string;
  cm: string;
  sm: boolean;
  ax: "lin" | "log";
  ema: number;
}

type Value = string | number | boolean;

/// What a key may be, where that is not any text, or 0 or 1.
interface Limits {
  words?: readonly string[];
  least?: number;
  most?: number;
}

interface Key extends Limits {
  key: keyof Address;
  initial: Value;
}

/// What is shown at the start: every key, in the order in which addresses have them.
export const INITIAL: Address = {
  run: "",
  v: "overview",
  blk: "",
  l: 0,
  h: 0,
  p: 0,
  t: -1,
  sel: "",
  sc: "lin",
  cmp: "",
  th: "auto",
  agg: "head",
  st: "softmax",
  num: false,
  df: false,
  k: 3,
  thr: 0,
  hs: "",
  f: "",
  ord: "",
  cv: "side",
  abl: "mean",
  cm: "cividis",
  sm: false,
  ax: "lin",
  ema: 0,
};

const INDEX = { least: 0, most: 1e6 };

const LIMITS: Partial<Record<keyof Address, Limits>> = {
  v: { words: VIEWS },
  l: INDEX,
  h: INDEX,
  p: INDEX,
  t: { least: -1, most: Number.MAX_SAFE_INTEGER },
  sc: { words: ["lin", "row", "head", "sqrt", "log"] },
  th: { words: ["auto", "light", "dark"] },
  agg: { words: ["head", "mean", "max", "rollout"] },
  st: { words: ["softmax", "masked", "scores"] },
  k: { least: 1, most: 10 },
  thr: { least: 0, most: 1 },
  cv: { words: ["side", "swipe", "diff"] },
  abl: { words: ["mean", "zero", "uniform"] },
  cm: { words: ["cividis", "viridis", "magma", "grey"] },
  ax: { words: ["lin", "log"] },
  ema: { least: 0, most: 0.999 },
};

export const KEYS: readonly Key[] = (Object.keys(INITIAL) as (keyof Address)[]).map((key) => ({
  key,
  initial: INITIAL[key],
  ...LIMITS[key],
}));

export interface ParsedAddress {
  address: Address;
  /// Pairs that this page does not know, kept for other pages.
  unknown: [string, string][];
  /// A sentence for each value that was corrected.
  notes: string[];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/// The value of a text, or a sentence that says why it has none.
function parse_value(key: Key, text: string): { value: Value } | { note: string } {
  const bad = (why: string) => ({
    note:
      `The address says ${key.key}=${text}, ${why}; ` +
      `${key.initial === "" ? "it was left out" : `${key.key}=${print_value(key.initial)} is shown`}.`,
  });
  if (typeof key.initial === "boolean") {
    return text === "1" || text === "0" ? { value: text === "1" } : bad("but it is 0 or 1");
  }
  if (typeof key.initial === "number") {
    const value = text.trim() === "" ? NaN : Number(text);
    const whole = key.key === "thr" || key.key === "ema" || Number.isInteger(value);
    if (!Number.isFinite(value) || !whole) return bad("which is no such number");
    return value < key.least! || value > key.most! ? bad(`but it goes from ${key.least} to ${key.most}`) : { value };
  }
  return key.words && !key.words.includes(text) ? bad(`but it is one of ${key.words.join(", ")}`) : { value: text };
}

function print_value(value: Value): string {
  return typeof value === "boolean" ? (value ? "1" : "0") : String(value);
}

/// Reads what stands behind '#'. Never throws.
export function parse_address(hash: string): ParsedAddress {
  const address = { ...INITIAL };
  const unknown: [string, string][] = [];
  const notes: string[] = [];
  for (const part of hash.replace(/^#/, "").split("&")) {
    if (part === "") continue;
    const at = part.indexOf("=");
    const name = decode(at < 0 ? part : part.slice(0, at));
    const text = at < 0 ? "" : decode(part.slice(at + 1));
    const key = KEYS.find((entry) => entry.key === name);
    if (!key) {
      unknown.push([name, text]);
      continue;
    }
    const parsed = parse_value(key, text);
    if ("note" in parsed) notes.push(parsed.note);
    else (address as unknown as Record<string, Value>)[name] = parsed.value;
  }
  return { address, unknown, notes };
}

/// What stands behind '#', without it. Empty where everything is as at the start.
export function print_address(address: Address, unknown: [string, string][] = []): string {
  const parts: string[] = [];
  for (const key of KEYS) {
    const value = address[key.key];
    if (value !== key.initial) parts.push(`${key.key}=${encodeURIComponent(print_value(value))}`);
  }
  for (const [name, text] of unknown) parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(text)}`);
  return parts.join("&");
}
