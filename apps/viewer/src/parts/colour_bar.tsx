// The colour bar with its scale in words, and what the marks mean.

import { useLayoutEffect, useRef } from "preact/hooks";
import { scale_ticks } from "../colour/scale.ts";
import { put_words } from "../draw/canvas.ts";
import { table_of, type Look } from "../draw/paint.ts";
import { look_text } from "../state/look.ts";
import { short_number } from "../text/number.ts";

export function bar_ticks(look: Look): { at: number; label: string }[] {
  if (look.kind === "weight") return scale_ticks(look.scale);
  return [-1, -0.5, 0, 0.5, 1].map((share) => ({ at: (share + 1) / 2, label: short_number(share * look.limit, 2) }));
}

export function ColourBar({ look, coarse }: { look: Look; coarse?: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const table = table_of(look);
    put_words(canvas.current!, table, table.length, 1);
  }, [look]);
  return (
    <div class="colour-bar">
      <div class="small">
        <span data-scale>{look_text(look)}</span>
        {look.kind === "weight" && <span class="soft"> · {look.map}</span>}
        {coarse && (
          <>
            {" "}
            <span class="badge" title="Exact weights of this step are not in the file">
              8-bit
            </span>
          </>
        )}
      </div>
      <canvas ref={canvas} aria-hidden />
      <div class="marks" aria-hidden>
        {bar_ticks(look).map((tick) => (
          <span key={tick.at} style={{ left: `${100 * tick.at}%` }}>
            {tick.label}
          </span>
        ))}
      </div>
    </div>
  );
}

export function MarkLegend() {
  return (
    <div class="legend">
      <span>
        <i class="hatch" />
        hidden by the mask
      </span>
      <span>
        <i class="hatch light" />
        padding
      </span>
      <span>
        <i class="nan">×</i>NaN
      </span>
      <span>
        <i class="nan">I</i>infinite
      </span>
    </div>
  );
}
