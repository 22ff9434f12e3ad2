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

interface Key {
  key: keyof Address;
  initial: Value;
  words?: readonly string[];
  least?: number;
  most?: number;
}

const SIZE = { least: 0, most: 1e6 };

/// Every key, in the order in which addresses have them.
export const KEYS: readonly Key[] = [
  { key: "run", initial: "" },
  { key: "v", initial: "overview", words: VIEWS },
  { key: "blk", initial: "" },
  { key: "l", initial: 0, ...SIZE },
  { key: "h", initial: 0, ...SIZE },
  { key: "p", initial: 0, ...SIZE },
  { key: "t", initial: -1, least: -1, most: Number.MAX_SAFE_INTEGER },
  { key: "sel", initial: "" },
  { key: "sc", initial: "lin", words: ["lin", "row", "head", "sqrt", "log"] },
  { key: "cmp", initial: "" },
  { key: "th", initial: "auto", words: ["auto", "light", "dark"] },
  { key: "agg", initial: "head", words: ["head", "mean", "max", "rollout"] },
  { key: "st", initial: "softmax", words: ["softmax", "masked", "scores"] },
  { key: "num", initial: false },
  { key: "df", initial: false },
  { key: "k", initial: 3, least: 1, most: 10 },
  { key: "thr", initial: 0, least: 0, most: 1 },
  { key: "hs", initial: "" },
  { key: "f", initial: "" },
  { key: "ord", initial: "" },
  { key: "cv", initial: "side", words: ["side", "swipe", "diff"] },
  { key: "abl", initial: "mean", words: ["mean", "zero", "uniform"] },
  { key: "cm", initial: "cividis", words: ["cividis", "viridis", "magma", "grey"] },
  { key: "sm", initial: false },
  { key: "ax", initial: "lin", words: ["lin", "log"] },
  { key: "ema", initial: 0, least: 0, most: 0.999 },
];

export const INITIAL = Object.fromEntries(KEYS.map((key) => [key.key, key.initial])) as unknown as Address;

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
