// The filter of the overview: conditions such as "induction>0.5, entropy<1", all of which must hold.

import type { Stats } from "./stats.ts";

export interface Condition {
  name: string;
  operator: "<" | ">" | "<=" | ">=" | "=";
  value: number | string;
}

/// Conditions of a text, or a sentence about the first part that is none.
export function parse_filter(text: string): { conditions: Condition[] } | { error: string } {
  const conditions: Condition[] = [];
  for (const part of text.split(/,|&|\band\b/)) {
    const trimmed = part.trim();
    if (trimmed === "") continue;
    const match = /^([\w.\-]+)\s*(<=|>=|<|>|=)\s*(\S+)$/.exec(trimmed);
    if (!match) return { error: `“${trimmed}” is no condition; write induction>0.5, entropy<1 or tag=previous` };
    const number = Number(match[3]);
    const value = match[2] === "=" && Number.isNaN(number) ? match[3]! : number;
    if (typeof value === "number" && Number.isNaN(value)) return { error: `“${match[3]}” is no number` };
    conditions.push({ name: match[1]!, operator: match[2] as Condition["operator"], value });
  }
  return { conditions };
}

function short_names(stats: Stats): Record<string, string> {
  return {
    entropy: "entropy.bits",
    confidence: "confidence.mean",
    ablation: `ablation.${stats.mode()}.loss`,
  };
}

/// The column that a name in a filter means; undefined where there is none.
export function filter_column(stats: Stats, name: string): string | undefined {
  const role = stats.roles.find((entry) => entry.name === name || entry.prefix === name);
  const column = role ? `${role.prefix}.score` : (short_names(stats)[name] ?? name);
  return stats.has(column) ? column : undefined;
}

/// A sentence about a name that the file has no numbers for; else empty.
export function filter_trouble(stats: Stats, conditions: Condition[]): string {
  const strange = conditions.find((c) => c.name !== "tag" && c.name !== "lift" && !filter_column(stats, c.name));
  if (!strange) return "";
  const names = [...stats.roles.map((role) => role.name), ...Object.keys(short_names(stats)), "tag", "lift"];
  return `nothing is called “${strange.name}”; there are ${names.join(", ")}`;
}

function compare(found: number, operator: Condition["operator"], wanted: number): boolean {
  switch (operator) {
    case "<":
      return found < wanted;
    case ">":
      return found > wanted;
    case "<=":
      return found <= wanted;
    case ">=":
      return found >= wanted;
    case "=":
      return found === wanted;
  }
}

/// Whether a head meets every condition. `lift` is the highest lift of its roles.
export function passes(stats: Stats, step: number, head: number, conditions: Condition[]): boolean {
  return conditions.every((condition) => {
    if (condition.name === "tag") return stats.tag(step, head) === String(condition.value);
    const lifts = () => stats.roles.map((role) => stats.lift(step, head, role)).filter((lift) => !Number.isNaN(lift));
    const column = filter_column(stats, condition.name);
    const found = condition.name === "lift" ? Math.max(...lifts()) : column ? stats.get(step, head, column) : NaN;
    return compare(found, condition.operator, Number(condition.value));
  });
}
