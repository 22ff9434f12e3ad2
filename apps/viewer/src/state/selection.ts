// Locked rows, columns and cells of a map, written `q5.k3.q5k3` in addresses.

export interface Selected {
  q?: number;
  k?: number;
}

export function parse_selection(text: string): Selected[] {
  const out: Selected[] = [];
  for (const part of text.split(".")) {
    const match = /^(?:q(\d{1,6}))?(?:k(\d{1,6}))?$/.exec(part);
    if (!match || part === "") continue;
    const item: Selected = {};
    if (match[1] !== undefined) item.q = Number(match[1]);
    if (match[2] !== undefined) item.k = Number(match[2]);
    out.push(item);
  }
  return out;
}

export function print_selection(items: Selected[]): string {
  return items
    .map((item) => (item.q === undefined ? "" : `q${item.q}`) + (item.k === undefined ? "" : `k${item.k}`))
    .join(".");
}

/// Adds an item, or takes it away where it is already there. Without `add` it replaces all others.
export function toggle_selection(text: string, item: Selected, add: boolean): string {
  const word = print_selection([item]);
  const words = text === "" ? [] : text.split(".");
  if (words.includes(word)) return add ? words.filter((other) => other !== word).join(".") : "";
  return add ? [...words, word].join(".") : word;
}

/// Queries whose keys are summed: those named by the selection; all of `rows` where it names none.
export function selected_rows(items: Selected[], rows: number): number[] {
  const named = [...new Set(items.flatMap((item) => (item.q === undefined || item.q >= rows ? [] : [item.q])))];
  return named.length > 0 ? named.sort((a, b) => a - b) : Array.from({ length: rows }, (_, q) => q);
}

/// The same for keys.
export function selected_cols(items: Selected[], cols: number): number[] {
  return selected_rows(
    items.map((item) => (item.k === undefined ? {} : { q: item.k })),
    cols,
  );
}
