// The dialogs behind the buttons of the header.

import { MAP_NAMES } from "../colour/tables.ts";
import { at, go, letter_keys, manifest } from "../state/app.ts";
import { close_dialog, dialog } from "../state/dialogs.ts";
import { KEY_HELP } from "../state/keys.ts";
import { weight_look } from "../state/look.ts";
import { ColourBar, MarkLegend } from "./colour_bar.tsx";
import { Check, Choice } from "./controls.tsx";
import { Dialog } from "./dialog.tsx";
import { ExportMenu } from "./export_menu.tsx";

function Help() {
  return (
    <Dialog title="Keys and help" on_close={close_dialog}>
      <dl class="pairs">
        {KEY_HELP.map(([keys, words]) => (
          <>
            <dt>{keys.split(" ").map((key) => (key === "–" ? " – " : <kbd>{key}</kbd>))}</dt>
            <dd>{words}</dd>
          </>
        ))}
      </dl>
      <p style={{ marginTop: "12px" }}>
        <Check
          label="Character keys (all but arrows, Enter, Escape, Space, Home and End)"
          checked={letter_keys.value}
          on_change={(on) => (letter_keys.value = on)}
        />
      </p>
      <p class="soft small">
        On a touch screen a tap shows a cell, a double tap locks it, two fingers zoom. Row q of a decoder reads the
        token at q and produces the one beside ✓ or ✗. Attention weights say where a head reads, not why; ablation says
        what depends on it.
      </p>
      <p class="soft small">
        {manifest.value?.generator} · {manifest.value?.created}
      </p>
    </Dialog>
  );
}

function Colours() {
  return (
    <Dialog title="Colours" on_close={close_dialog}>
      <div class="tools">
        <Choice
          label="Colour map"
          value={at.value.cm}
          on_change={(cm) => go({ cm })}
          options={MAP_NAMES.map((name) => [name, name])}
        />
        <Check label="Same map in both themes" checked={at.value.sm} on_change={(sm) => go({ sm })} />
      </div>
      <ColourBar look={weight_look.value} />
      <p class="soft small" style={{ marginTop: "10px" }}>
        Zero meets the background: a light theme turns the map round. Only the linear scale from 0 to 1 can be compared
        between steps, heads and runs.
      </p>
      <MarkLegend />
    </Dialog>
  );
}

export function Dialogs() {
  if (dialog.value === "help") return <Help />;
  if (dialog.value === "colours") return <Colours />;
  return dialog.value === "export" ? <ExportMenu /> : null;
}
