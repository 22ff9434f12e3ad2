// The table of heads: what each reads, how much more than chance, and what is lost without it.

import { at, block_index, data, go, run, step } from "../state/app.ts";
import { FIGURES, role_columns, role_rows, sorted_rows, type RoleColumn, type RoleRow } from "../state/role_table.ts";
import { related, REPLACEMENTS, stats_of, type Stats } from "../state/stats.ts";
import { Choice } from "../parts/controls.tsx";
import { MeasuredAt } from "../parts/measured_at.tsx";
import { OffsetBars, Spark, SPARK_POINTS } from "../parts/spark.tsx";
import { When } from "../parts/trouble.tsx";
import { useMeasured } from "../parts/use_measured.ts";
import { download } from "../export/download.ts";
import { roles_csv } from "../export/csv.ts";
import { short_number } from "../text/number.ts";

const OFFSETS = Array.from({ length: 33 }, (_, i) => `offset.${i - 16}`);

function sort_by(key: string): void {
  go({ ord: at.peek().ord === key ? `-${key}` : key });
}

function SortHead({ column }: { column: RoleColumn }) {
  const { ord } = at.value;
  const sort = ord === column.key ? "descending" : ord === `-${column.key}` ? "ascending" : "none";
  return (
    <th scope="col" aria-sort={sort} title={column.about}>
      <button onClick={() => sort_by(column.key)}>
        {column.label}
        {sort === "none" ? "" : sort === "descending" ? " ▼" : " ▲"}
      </button>
    </th>
  );
}

/// Rows most like a head first, where the order says "like:NTH".
function ordered(rows: RoleRow[], stats: Stats): RoleRow[] {
  const like = /^like:(\d+)$/.exec(at.value.ord);
  const { similarity } = stats.info;
  if (!like || !similarity) return sorted_rows(rows, at.value.ord);
  const count = stats.info.heads.length;
  const loaded = data.value.values(similarity.section, similarity.steps.length * count * count, "similarity of heads");
  if (loaded.status !== "ready" || Number(like[1]) >= count) return rows;
  // The last matrix that is not after the current step.
  const nth = Math.max(0, similarity.steps.filter((s) => s <= step.value).length - 1);
  const matrix = loaded.value.subarray(nth * count * count, (nth + 1) * count * count);
  return related(matrix, count, Number(like[1])).map((head) => rows[head]!);
}

function Row(props: { row: RoleRow; stats: Stats; columns: RoleColumn[]; when: number; mode: string }) {
  const { row, stats, columns, when, mode } = props;
  const current = row.block === block_index.value && row.layer === at.value.l && row.head === at.value.h;
  const blk = run.value.blocks[row.block]?.name ?? "";
  const get = (column: string) => stats.get(when, row.nth, column);
  return (
    <tr class={current ? "current" : ""}>
      <th scope="row">
        <button onClick={() => go({ v: "head", blk, l: row.layer, h: row.head, agg: "head", sel: "" })}>
          {row.name}
        </button>
      </th>
      <td class={row.tag === "—" || row.tag === "uniform" ? "soft" : ""}>{row.tag}</td>
      {columns.map((column) => {
        const value = row.numbers[column.key];
        const role = stats.roles.find((entry) => entry.name === column.key);
        const figure = FIGURES.some(([key]) => key === column.key);
        if (Number.isNaN(value))
          return (
            <td key={column.key} class="soft">
              ·
            </td>
          );
        return (
          <td
            key={column.key}
            title={role ? `chance ${short_number(get(`${role.prefix}.chance`))}, n ${get(`${role.prefix}.n`)}` : ""}
          >
            {short_number(value)}
            <div class="under soft">
              {role && <span>×{short_number(stats.lift(when, row.nth, role), 2)}</span>}
              {figure && <span>±{short_number(get(`ablation.${mode}.${column.key}.se`), 1)}</span>}
              {column.column && (
                <Spark
                  line={stats.profile(row.nth, column.column, SPARK_POINTS)}
                  place={when / (stats.info.steps.length - 1)}
                  now={value!}
                  most={column.key === "entropy" ? undefined : 1}
                />
              )}
            </div>
          </td>
        );
      })}
      {stats.has("offset.0") && (
        <td>
          <OffsetBars values={OFFSETS.map(get)} />
        </td>
      )}
      {stats.info.similarity && (
        <td>
          <button
            class="small"
            aria-label={`alike: order by likeness to ${row.name}`}
            onClick={() => go({ ord: `like:${row.nth}` })}
          >
            alike
          </button>
        </td>
      )}
    </tr>
  );
}

function Table({ stats }: { stats: Stats }) {
  const when = stats.step_index(step.value);
  const { thresholds, evaluated, steps } = stats.info;
  const mode = stats.mode(at.value.abl);
  const columns = role_columns(stats, mode);
  const rows = ordered(role_rows(run.value, stats, when, mode), stats);
  return (
    <div class="fill roles">
      <div class="tools">
        {stats.modes.length > 0 && (
          <Choice
            label="A head is replaced by"
            value={mode}
            options={stats.modes.map((name) => [name, REPLACEMENTS[name]!])}
            on_change={(abl) => go({ abl })}
          />
        )}
        <button
          onClick={() =>
            download(`${run.value.id}-roles-step${steps[when]}.csv`, roles_csv(run.value, stats, when, mode))
          }
        >
          Save as CSV
        </button>
        {at.value.ord !== "" && <button onClick={() => go({ ord: "" })}>Order of heads</button>}
        <MeasuredAt stats={stats} />
      </div>
      <div class="wide card" tabIndex={0} role="region" aria-label="Heads and their roles">
        <table>
          <thead>
            <tr>
              <SortHead column={{ key: "head", label: "head", about: "block, layer, head" }} />
              <SortHead column={{ key: "tag", label: "tag", about: "the role of highest lift" }} />
              {columns.map((column) => (
                <SortHead key={column.key} column={column} />
              ))}
              {stats.has("offset.0") && (
                <th scope="col" title="mean weight at key − query, −16 to 16">
                  offset ±16
                </th>
              )}
              {stats.info.similarity && <th scope="col">related</th>}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.nth} {...{ row, stats, columns, when, mode }} />
            ))}
          </tbody>
        </table>
      </div>
      <p class="soft small" style={{ marginTop: "8px" }}>
        Measured on {evaluated}. A score is the mean weight over eligible rows; × is lift, score
        over chance; the line is the score over training; ± is a standard error. Tag: the role of highest lift with a
        score of at least {thresholds.score} and a lift of at least {thresholds.lift}; “uniform” where the entropy is
        above {thresholds.uniform} of its most; else “—”. Weights are not explanations; ablation says what depends on a
        head.
      </p>
    </div>
  );
}

export function Roles() {
  useMeasured("roles");
  const loaded = stats_of(data.value);
  if (!loaded) {
    return (
      <div class="card">
        <h2>No head statistics</h2>
        <p>
          This file has none of {run.value.name}. They are measured while a run trains, as heads.every of its config says.
        </p>
      </div>
    );
  }
  return <When of={loaded}>{(stats) => <Table stats={stats} />}</When>;
}
