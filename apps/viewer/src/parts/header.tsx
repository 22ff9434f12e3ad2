// The header: which run, probe and block are shown, in which colours; export and help.

import { SCALES, type Scale } from "../colour/scale.ts";
import type { Address } from "../state/address.ts";
import { at, block, go, manifest, run, step } from "../state/app.ts";
import { open_dialog } from "../state/dialogs.ts";
import { visible_name } from "../text/token.ts";
import { Choice } from "./controls.tsx";

/// A lamp and its beam.
function Logo() {
  return (
    <svg viewBox="0 0 24 24" aria-hidden>
      <path d="M10 8 L23 2 V22 L10 16 Z" fill="var(--accent)" opacity="0.35" />
      <path d="M10 10 L23 8 V16 L10 14 Z" fill="var(--accent)" />
      <rect x="1" y="7" width="9" height="10" rx="3" fill="var(--ink)" />
    </svg>
  );
}

/// What can be compared with: other runs, and other steps of this one.
function compare_options(): [string, string][] {
  const runs = manifest.value?.runs ?? [];
  const others = runs.filter((other) => other !== run.value);
  return [
    ["", "nothing"],
    ...others.map((other): [string, string] => [other.id, visible_name(other.name)]),
    ...run.value.steps.map((s): [string, string] => [`@${s}`, `this run, step ${s}`]),
  ];
}

export function Header() {
  const { value } = at;
  const runs = manifest.value?.runs ?? [];
  const themes: [string, string][] = [
    ["auto", "system"],
    ["light", "light"],
    ["dark", "dark"],
  ];
  return (
    <header class="top">
      <h1 class="brand" style={{ marginTop: 0 }}>
        <Logo />
        Headlight
      </h1>
      <Choice
        label="Run"
        value={run.value.id}
        on_change={(id) => go({ run: id, sel: "" })}
        options={runs.map((entry) => [entry.id, visible_name(entry.name)])}
      />
      <Choice
        label="Compare with"
        value={value.cmp}
        options={compare_options()}
        on_change={(cmp) => go(cmp === "" ? { cmp } : { cmp, v: "compare" })}
      />
      <Choice
        label="Probe"
        value={String(value.p)}
        on_change={(p) => go({ p: Number(p), sel: "" })}
        options={run.value.probes.map((entry, i) => [String(i), `${i} · ${visible_name(entry.label)}`])}
      />
      <Choice
        label="Block"
        value={block.value?.name ?? ""}
        on_change={(blk) => go({ blk, sel: "" })}
        options={run.value.blocks.map((entry) => [entry.name, entry.name])}
      />
      <Choice
        label="Scale"
        value={value.sc}
        options={SCALES.map((entry) => [entry.name, entry.label])}
        on_change={(sc) => go({ sc: sc as Scale })}
      />
      <Choice label="Theme" value={value.th} options={themes} on_change={(th) => go({ th: th as Address["th"] })} />
      <div class="push">
        <button onClick={() => open_dialog("colours")}>Colours</button>
        <button aria-keyshortcuts="x" onClick={() => open_dialog("export")}>
          Export
        </button>
        <button class="icon" aria-label="Help and keys" aria-keyshortcuts="?" onClick={() => open_dialog("help")}>
          ?
        </button>
      </div>
      <span class="unseen">{step.value < 0 ? "" : `step ${step.value}`}</span>
    </header>
  );
}
