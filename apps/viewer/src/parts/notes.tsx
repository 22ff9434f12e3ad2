// Sentences about the file and about what the page corrected.

import { useState } from "preact/hooks";
import { manifest, notes, run } from "../state/app.ts";

export function Notes() {
  const [hidden, hide] = useState<string[]>([]);
  const fixed = [...(manifest.value?.notes ?? []), ...run.value.notes].filter((text) => !hidden.includes(text));
  const close = (text: string) => {
    notes.value = notes.value.filter((other) => other !== text);
    hide([...hidden, text]);
  };
  const all = [...notes.value, ...fixed];
  if (all.length === 0) return null;
  return (
    <ul class="notes" aria-label="Notes" role="list">
      {all.map((text) => (
        <li key={text}>
          <span>{text}</span>
          <button class="icon" aria-label={`Dismiss: ${text}`} onClick={() => close(text)}>
            ✕
          </button>
        </li>
      ))}
    </ul>
  );
}
