// Says at which step head statistics were measured: that is rarer than snapshots are taken, so it may be another step than
// the one that is shown.

import { step } from "../state/app.ts";
import type { Stats } from "../state/stats.ts";
import { grouped } from "../text/number.ts";

export function MeasuredAt({ stats, what }: { stats: Stats; what?: string }) {
  const found = stats.info.steps[stats.step_index(step.value)]!;
  const other = found !== step.value;
  return (
    <span class={other ? "chip other" : "chip"} data-measured={found}>
      {what ? `${what} measured` : "measured"} at step {grouped(found)}
      {other && `, not ${grouped(step.value)}`}
    </span>
  );
}
