// What is known of the current head at the current step: role, scores, entropy, ablation.

import { at, block_index, data, step } from "../state/app.ts";
import { stats_of, type Stats } from "../state/stats.ts";
import { percent, short_number } from "../text/number.ts";

function Facts({ stats, nth }: { stats: Stats; nth: number }) {
  const when = stats.step_index(step.value);
  const get = (column: string) => stats.get(when, nth, column);
  const roles = stats.roles.filter((role) => !Number.isNaN(get(`${role.prefix}.score`)));
  const mode = at.value.abl;
  return (
    <div class="card">
      <h2>Role: {stats.tag(when, nth)}</h2>
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
        <dt>confidence</dt>
        <dd>{short_number(get("confidence.mean"))}</dd>
        {stats.has(`ablation.${mode}.loss`) && (
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
        measured at step {stats.info.steps[when]}, on {stats.info.evaluated}
      </p>
    </div>
  );
}

export function HeadFacts() {
  const loaded = stats_of(data.value);
  if (!loaded || at.value.agg !== "head") return null;
  if (loaded.status === "error") return <p class="bad small">{loaded.message}</p>;
  if (loaded.status === "loading") return null;
  const nth = loaded.value.head_index(block_index.value, at.value.l, at.value.h);
  return nth < 0 ? null : <Facts stats={loaded.value} nth={nth} />;
}
