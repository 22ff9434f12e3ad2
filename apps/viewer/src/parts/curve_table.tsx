// The numbers of the curves as a table, for those who do not see the chart.

import { run } from "../state/app.ts";
import { CURVE_WORDS, value_at, type Curve } from "../state/curves.ts";
import { short_number } from "../text/number.ts";
import { Dialog } from "./dialog.tsx";

/// A table of more rows is of no use to anybody; files of the run have every point.
const MOST_ROWS = 400;

export function CurveTable({ curves, on_close }: { curves: Curve[]; on_close: () => void }) {
  const all = [...new Set([...curves.flatMap((curve) => [...curve.steps]), ...run.value.steps])].sort((a, b) => a - b);
  const every = Math.ceil(all.length / MOST_ROWS);
  const steps = all.filter((_, i) => i % every === 0 || i === all.length - 1);
  return (
    <Dialog title="Curves as a table" on_close={on_close}>
      {every > 1 && (
        <p class="soft small">
          Every {every}th of {all.length} steps; each value is the last one up to it.
        </p>
      )}
      <div class="scroll" tabIndex={0} role="region" aria-label="Curves">
        <table>
          <thead>
            <tr>
              <th scope="col">step</th>
              {curves.map((curve) => (
                <th scope="col" key={curve.split + curve.name}>
                  {CURVE_WORDS[curve.name] ?? curve.name} ({curve.split})
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {steps.map((step) => (
              <tr key={step}>
                <th scope="row">{step}</th>
                {curves.map((curve) => (
                  <td key={curve.split + curve.name}>{short_number(value_at(curve, step), 4)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Dialog>
  );
}
