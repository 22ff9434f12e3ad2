// What is known of the current head at the current step: role, scores, entropy, ablation.

import { entropy } from "../format/head_map.ts";
import type { Place } from "../format/run_data.ts";
import { at, block_index, data, step } from "../state/app.ts";
import { head_map } from "../state/shown.ts";
import { stats_of, type Stats } from "../state/stats.ts";
import { grouped, percent, short_number } from "../text/number.ts";
import { MeasuredAt } from "./measured_at.tsx";

/// The entropy of the map of one probe at the step that is shown, beside that over many sequences at the measured one.
function EntropyHere({ place }: { place: Place }) {
  const loaded = head_map(data.value, place);
  if (loaded.status !== "ready") return null;
  const { bits, share } = entropy(loaded.value);
  return (
    <>
      <dt title="mean over the rows of this map that see at least two keys">entropy here</dt>
      <dd>
        {short_number(bits)} bits{" "}
        <span class="soft">
          · {percent(share)} · step {grouped(step.value)}, this probe
        </span>
      </dd>
    </>
  );
}

function Facts({ stats, nth, place }: { stats: Stats; nth: number; place: Place }) {
  const when = stats.step_index(step.value);
  const get = (column: string) => stats.get(when, nth, column);
  const roles = stats.roles.filter((role) => !Number.isNaN(get(`${role.prefix}.score`)));
  const mode = stats.mode(at.value.abl);
  return (
    <div class="card">
      <h2>Role: {stats.tag(when, nth)}</h2>
      <p>
        <MeasuredAt stats={stats} />
      </p>
      <dl class="pairs small">
        {roles.map((role) => (
          <>
            <dt title={role.about}>{role.name}</dt>
            <dd>
              {short_number(get(`${role.prefix}.score`))}{" "}
              <span class="soft">
                · chance {short_number(get(`${role.prefix}.chance`), 2)} · lift{" "}
                {short_number(stats.lift(when, nth, role), 2)} · n {get(`${role.prefix}.n`)}
              </span>
            </dd>
          </>
        ))}
        <dt>entropy</dt>
        <dd>
          {short_number(get("entropy.bits"))} bits{" "}
          <span class="soft">· {percent(get("entropy.share"))} of its most</span>
        </dd>
        <EntropyHere place={place} />
        <dt>confidence</dt>
        <dd>{short_number(get("confidence.mean"))}</dd>
        {stats.modes.length > 0 && (
          <>
            <dt>ablated ({mode})</dt>
            <dd>
              loss {short_number(get(`ablation.${mode}.loss`))} ± {short_number(get(`ablation.${mode}.loss.se`), 2)}
              <span class="soft"> · n {get(`ablation.${mode}.n`)}</span>
            </dd>
          </>
        )}
      </dl>
      <p class="soft small" style={{ margin: "6px 0 0" }}>
        All but “entropy here” on {stats.info.evaluated}.
      </p>
    </div>
  );
}

export function HeadFacts({ place }: { place: Place }) {
  const loaded = stats_of(data.value);
  if (!loaded || at.value.agg !== "head") return null;
  if (loaded.status === "error") return <p class="bad small">{loaded.message}</p>;
  if (loaded.status === "loading") return null;
  const nth = loaded.value.head_index(block_index.value, at.value.l, at.value.h);
  return nth < 0 ? null : <Facts stats={loaded.value} nth={nth} place={place} />;
}
