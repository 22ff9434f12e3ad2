// How long drawing took, for tests of the budgets.

const times = new Map<string, number[]>();
const KEPT = 200;

export function measured(what: string, began: number): void {
  const list = times.get(what) ?? [];
  list.push(performance.now() - began);
  if (list.length > KEPT) list.shift();
  times.set(what, list);
}

/// Milliseconds of the last drawings.
export function timings(what: string): readonly number[] {
  return times.get(what) ?? [];
}
