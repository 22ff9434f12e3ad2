// The colours in use, from the address and the theme.

import { computed } from "@preact/signals";
import { needs_exact, scale_text } from "../colour/scale.ts";
import type { HeadMap } from "../format/head_map.ts";
import type { Look } from "../draw/paint.ts";
import { at, dark } from "./app.ts";

export const weight_look = computed<Look>(() => ({
  kind: "weight",
  scale: at.value.sc,
  map: at.value.cm,
  dark: dark.value,
  same: at.value.sm,
}));

/// Colours of differences, always from -1 to 1.
export const difference_look = computed<Look>(() => ({
  kind: "signed",
  limit: 1,
  dark: dark.value,
  same: at.value.sm,
}));

/// Colours of scores, symmetric about 0 up to the largest of the map.
export function score_look(map: HeadMap): Look {
  let limit = 0;
  for (const value of map.values) limit = Math.max(limit, Math.abs(value));
  return { kind: "signed", limit: limit || 1, dark: dark.value, same: at.value.sm };
}

/// The words beside a colour bar.
export function look_text(look: Look): string {
  return look.kind === "weight"
    ? scale_text(look.scale)
    : look.limit === 1
      ? "difference, −1 to 1"
      : `score, ±${look.limit.toPrecision(3)}`;
}

/// Whether 8-bit values are too coarse for the scale.
export function is_coarse(map: HeadMap, look: Look): boolean {
  return look.kind === "weight" && needs_exact(look.scale) && !map.exact;
}
