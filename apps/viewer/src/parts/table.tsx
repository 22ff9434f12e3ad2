// A table in a box that scrolls by itself, which the keyboard reaches.

import type { ComponentChildren, Ref } from "preact";

export function Table(props: {
  label: string;
  heads: string[];
  /// How many columns, from the left, hold words and not numbers.
  words?: number;
  /// "scroll" is low, "wide" as high as its rows.
  box: "scroll" | "wide";
  frame?: Ref<HTMLDivElement>;
  children: ComponentChildren;
}) {
  return (
    <div class={props.box} tabIndex={0} role="region" aria-label={props.label} ref={props.frame}>
      <table>
        <thead>
          <tr>
            {props.heads.map((head, i) => (
              <th scope="col" class={i < (props.words ?? 1) ? "text" : ""} key={i}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
    </div>
  );
}
