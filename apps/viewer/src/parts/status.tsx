// The status line: the cell under the cursor in words, or what the last action did. Read aloud, but not while playing.

import { at, block, playing, probe, run, said, snapshot, step } from "../state/app.ts";
import { pointed, shown_name } from "../state/current.ts";
import { axis_texts } from "../state/labels.ts";
import { look_text, weight_look } from "../state/look.ts";
import { cell_name, cell_text } from "../text/number.ts";
import { visible_name } from "../text/token.ts";

/// "dec.cross L1 H2 · q5 d·5 → k5 d·5 0.973 (8-bit)" of the cell under the cursor, with what the view shows there.
function cell_words(): string {
  const found = pointed();
  if (!found?.cell) return found?.name ?? "";
  const { q, k } = found.cell;
  const texts = axis_texts(run.value, run.value.blocks[found.block]!, probe.value!);
  const values = found.maps.map(([name, map]) => `${name && `${name}: `}${cell_text(map, q, k)}`);
  return `${found.name} · ${cell_name(texts, q, k)} ${values.join(" · ")}`;
}

export function Status() {
  const where = [
    step.value < 0 ? "" : `step ${step.value}`,
    snapshot.value < 0 ? "no snapshots" : "",
    cell_words() || (block.value ? shown_name() : ""),
  ];
  const text = said.value || where.filter(Boolean).join(" · ");
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
