// What a view says where there is nothing to show.

import { run } from "../state/app.ts";

export function Nothing() {
  const { probes, blocks, steps } = run.value;
  const what =
    probes.length === 0
      ? "no probes"
      : blocks.length === 0
        ? "no attention"
        : steps.length === 0
          ? "no snapshots"
          : "nothing of this probe";
  return (
    <div class="card">
      <h2>No maps to show</h2>
      <p>
        This file holds {what} of {run.value.name}. Curves and settings are in the view Run.
      </p>
    </div>
  );
}
