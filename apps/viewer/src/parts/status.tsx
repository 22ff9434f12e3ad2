// The status line: the cell under the cursor in words, or what the last action did. Read aloud, but not while playing.

import type { Loaded } from "../format/lazy.ts";
import type { HeadMap } from "../format/head_map.ts";
import { at, block, block_index, cursor, data, playing, probe, run, said, snapshot, step } from "../state/app.ts";
import { axis_texts } from "../state/labels.ts";
import { look_text, weight_look } from "../state/look.ts";
import { map_of, staged_map } from "../state/shown.ts";
import { cell_text } from "../text/number.ts";
import { indexed, visible_name } from "../text/token.ts";

/// "q5 d·5 → k5 d·5 0.973 (8-bit)" of the cell under the cursor; empty where there is none.
function cell_words(): string {
  const here = cursor.value;
  const in_other = here?.block !== undefined;
  const nth = here?.block ?? block_index.value;
  const info = run.value.blocks[nth];
  if (!here || !info || !probe.value || snapshot.value < 0) return "";
  const head = in_other ? here.head! : at.value.h;
  const place = {
    block: nth,
    probe: at.value.p,
    snapshot: snapshot.value,
    layer: here.layer ?? at.value.l,
    head: Math.max(0, head),
  };
  const loaded: Loaded<HeadMap> = in_other
    ? map_of(data.value, place, head < 0 ? "mean" : "head")
    : staged_map(data.value, place, at.value.agg, at.value.st, at.value.df);
  const name = `${info.name} L${place.layer} ${
    in_other ? (head < 0 ? "over heads" : `H${head}`) : at.value.agg === "head" ? `H${at.value.h}` : at.value.agg
  }`;
  if (loaded.status !== "ready" || here.q >= loaded.value.rows || here.k >= loaded.value.cols) return name;
  const texts = axis_texts(run.value, info, probe.value);
  const cell = `q${here.q} ${indexed(texts.rows[here.q], here.q)} → k${here.k} ${indexed(texts.cols[here.k], here.k)}`;
  return in_other && head < 0 ? `${name} · ${cell}` : `${name} · ${cell} ${cell_text(loaded.value, here.q, here.k)}`;
}

export function Status() {
  const words = cell_words();
  const where = step.value < 0 ? "no snapshots" : `step ${step.value}`;
  const head = block.value
    ? `${block.value.name} L${at.value.l} ${at.value.agg === "head" ? `H${at.value.h}` : at.value.agg}`
    : "";
  const text = said.value || [where, words || head].filter(Boolean).join(" · ");
  return (
    <div>
      {probe.value && (
        <span class="extra">
          {visible_name(run.value.name)} · probe {at.value.p} ({visible_name(probe.value.label)}) ·{" "}
          {look_text(weight_look.value)} ·{" "}
        </span>
      )}
      <output class="status" aria-live={playing.value ? "off" : "polite"}>
        {text}
      </output>
    </div>
  );
}
