// The box that dims heads which do not meet its conditions.

import { useRef } from "preact/hooks";
import { at, go } from "../state/app.ts";

export function FilterBox({ trouble }: { trouble: string }) {
  const timer = useRef(0);
  const changed = (event: Event) => {
    const text = (event.currentTarget as HTMLInputElement).value;
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => go({ f: text.trim() }), 120);
  };
  return (
    <label class="field" style={{ flex: "0 1 340px" }}>
      <span>Filter heads</span>
      <input
        type="text"
        id="hl-filter"
        value={at.value.f}
        placeholder="induction>0.5, entropy<1"
        onInput={changed}
        spellcheck={false}
        autocomplete="off"
        aria-invalid={trouble !== ""}
        aria-describedby="hl-filter-trouble"
      />
      <span id="hl-filter-trouble" class="bad small" aria-live="polite">
        {trouble}
      </span>
    </label>
  );
}
