// The numbers of the curves as a table, for those who do not see the chart: every recorded point, a page at a time.

import { useMemo, useRef, useState } from "preact/hooks";
import { step } from "../state/app.ts";
import { all_steps, count_up_to, CURVE_WORDS, type Curve } from "../state/curves.ts";
import { grouped, short_number } from "../text/number.ts";
import { Dialog } from "./dialog.tsx";
import { Table } from "./table.tsx";

const PAGE = 200;

/// The value of exactly this step; undefined where there is none.
function value_of(curve: Curve, wanted: number): number | undefined {
  const at = count_up_to(curve.steps, wanted) - 1;
  return curve.steps[at] === wanted ? curve.values[at] : undefined;
}

export function CurveTable({ curves, on_close }: { curves: Curve[]; on_close: () => void }) {
  const steps = useMemo(() => all_steps(curves), [...curves]);
  const pages = Math.max(1, Math.ceil(steps.length / PAGE));
  const page_of = (wanted: number) => Math.max(0, Math.floor((count_up_to(steps, wanted) - 1) / PAGE));
  const [page, set_page] = useState(() => page_of(step.peek()));
  const scroll = useRef<HTMLDivElement>(null);
  const turn = (to: number) => {
    set_page(Math.max(0, Math.min(pages - 1, to)));
    scroll.current!.scrollTop = 0;
  };
  return (
    <Dialog title="Curves as a table" on_close={on_close}>
      {pages > 1 && (
        <div class="pager">
          <button disabled={page === 0} onClick={() => turn(page - 1)}>
            Earlier
          </button>
          <button disabled={page === pages - 1} onClick={() => turn(page + 1)}>
            Later
          </button>
          <label class="check">
            Step
            <input
              type="number"
              min={0}
              value={steps[page * PAGE]}
              onChange={(event) => turn(page_of(Number((event.currentTarget as HTMLInputElement).value)))}
            />
          </label>
          <span class="soft small" aria-live="polite">
            page {page + 1} of {pages} · {grouped(steps.length)} steps
          </span>
        </div>
      )}
      <Table
        box="scroll"
        label="Curves"
        frame={scroll}
        heads={["step", ...curves.map((curve) => `${CURVE_WORDS[curve.name] ?? curve.name} (${curve.split})`)]}
      >
        {Array.from(steps.subarray(page * PAGE, (page + 1) * PAGE), (at) => (
          <tr key={at}>
            <th scope="row">{at}</th>
            {curves.map((curve) => {
              const value = value_of(curve, at);
              return <td key={curve.split + curve.name}>{value === undefined ? "·" : short_number(value, 6)}</td>;
            })}
          </tr>
        ))}
      </Table>
    </Dialog>
  );
}
