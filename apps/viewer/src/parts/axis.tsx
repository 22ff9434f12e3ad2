// The labels along one side of a matrix: token and position, thinned where they would overlap, and only those in view.

import type { Produced } from "../state/labels.ts";
import { shortened } from "../text/token.ts";
import { percent } from "../text/number.ts";

/// Longer tokens are cut on the axis; the whole one is in the tooltip and the status line.
const LONGEST = 14;

export interface AxisProps {
  texts: string[];
  count: number;
  cell: number;
  /// Positions that one cell stands for.
  factor: number;
  /// Cells in view.
  from: number;
  to: number;
  selected: Set<number>;
  on_pick: (index: number, add: boolean) => void;
  on_hover: (index: number) => void;
}

/// Room of one label across its text, in pixels.
export const LABEL = 13;

/// Every how many cells there is a label.
export function label_stride(cell: number): number {
  return Math.max(1, Math.ceil(LABEL / cell));
}

/// Where the label of a cell begins: in its middle where the label is larger.
function label_start(index: number, cell: number): string {
  return `${Math.max(0, index * cell + Math.min(0, (cell - LABEL) / 2))}px`;
}

export function axis_token(texts: string[], index: number, factor: number): string {
  return factor === 1 ? shortened(texts[index] ?? "", LONGEST) : "";
}

/// Room that labels of a side need, in pixels.
export function label_room(texts: string[], count: number, factor: number): number {
  let longest = 0;
  for (let i = 0; i < count; ++i) {
    longest = Math.max(longest, Array.from(axis_token(texts, i, factor)).length + String(i * factor).length * 0.85 + 1);
  }
  return Math.ceil(longest * 7.4 + 14);
}

/// Room of what rows produce: mark, target, a wrong prediction, and the probability.
export function made_room(made: Produced[]): number {
  const letters = (text: string | undefined) => Math.min(LONGEST, Array.from(text ?? "").length);
  const longest = Math.max(
    0,
    ...made.map(
      (row) =>
        letters(row.target || row.top[0]?.text) + (row.right || row.target === "" ? 0 : 1 + letters(row.top[0]?.text)),
    ),
  );
  return Math.ceil((longest + 8) * 6.8) + 8;
}

function visible_indices(props: AxisProps): number[] {
  const stride = label_stride(props.cell);
  const out: number[] = [];
  const first = Math.max(0, Math.floor(props.from / stride) * stride);
  for (let i = first; i < Math.min(props.count, props.to + 1); i += stride) out.push(i);
  return out;
}

function Token({ text, position }: { text: string; position: number }) {
  return (
    <bdi>
      {text}
      <span class="at">·{position}</span>
    </bdi>
  );
}

function made_title(made: Produced): string {
  const target = made.target === "" ? "no target here" : `target ${made.target} ${percent(made.target_probability)}`;
  return `${target}; predicted ${made.top[0]?.text ?? ""} ${percent(made.top[0]?.probability)}`;
}

/// "✓ d 98 %" or "✗ d≠e 40 %": what the row has to produce, what it does, and how sure it is.
export function Made({ made }: { made: Produced }) {
  const best = made.top[0];
  const sure = percent(best?.probability, 0);
  if (made.target === "")
    return (
      <span class="made" title={made_title(made)}>
        <bdi>→{best?.text}</bdi> {sure}
      </span>
    );
  return (
    <span class="made" title={made_title(made)}>
      <span class={made.right ? "good" : "bad"}>{made.right ? "✓" : "✗"}</span>{" "}
      <bdi>{shortened(made.target, LONGEST)}</bdi>
      {!made.right && (
        <>
          ≠<bdi>{shortened(best?.text ?? "", LONGEST)}</bdi>
        </>
      )}{" "}
      {sure}
    </span>
  );
}

export function RowAxis(props: AxisProps & { made?: Produced[] | undefined }) {
  return (
    <>
      {visible_indices(props).map((i) => (
        <div
          key={i}
          class={props.selected.has(i) ? "tick on" : "tick"}
          title={props.texts[i * props.factor] ?? ""}
          style={{ top: label_start(i, props.cell), height: `${Math.max(props.cell, LABEL)}px` }}
          onClick={(event) => props.on_pick(i, event.shiftKey)}
          onPointerEnter={() => props.on_hover(i)}
        >
          {props.made?.[i] && <Made made={props.made[i]!} />}
          <Token text={axis_token(props.texts, i, props.factor)} position={i * props.factor} />
        </div>
      ))}
    </>
  );
}

export function ColAxis(props: AxisProps & { turned: boolean }) {
  return (
    <>
      {visible_indices(props).map((i) => (
        <div
          key={i}
          title={props.texts[i * props.factor] ?? ""}
          class={`tick${props.turned ? " turned" : ""}${props.selected.has(i) ? " on" : ""}`}
          style={{ left: label_start(i, props.cell), width: `${Math.max(props.cell, LABEL)}px` }}
          onClick={(event) => props.on_pick(i, event.shiftKey)}
          onPointerEnter={() => props.on_hover(i)}
        >
          <Token text={axis_token(props.texts, i, props.factor)} position={i * props.factor} />
        </div>
      ))}
    </>
  );
}
