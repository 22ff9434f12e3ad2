// How long a view took to draw, for tests of the budgets.

import { useLayoutEffect } from "preact/hooks";
import { measured } from "../state/timing.ts";

export function useMeasured(what: string): void {
  const began = performance.now();
  useLayoutEffect(() => measured(what, began));
}
