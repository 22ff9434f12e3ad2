// The run itself: curves, settings, where and with what it was trained, and the exact probes.

import { useState } from "preact/hooks";
import type { ChartLine } from "../draw/curve_shapes.ts";
import type { Probe } from "../format/manifest.ts";
import { at, data, go, manifest, run, step } from "../state/app.ts";
import { CURVE_WORDS, curves_of, type Curve } from "../state/curves.ts";
import { input_texts, source_texts, target_texts } from "../state/labels.ts";
import { Chart, ChartKeys } from "../parts/chart.tsx";
import { ConfigTable } from "../parts/config_table.tsx";
import { CurveTable } from "../parts/curve_table.tsx";
import { useMeasured } from "../parts/use_measured.ts";
import { visible_name } from "../text/token.ts";

const FIRST = ["loss", "tok_acc", "seq_acc", "lr", "grad_norm"];

/// The curves of one name: of training, and of held-out examples.
export function chart_lines(curves: Curve[], name: string): ChartLine[] {
  return curves
    .filter((curve) => curve.name === name)
    .map((curve) => ({
      curve,
      label: curve.split,
      colour: curve.split === "train" ? 1 : 0,
      scale: name.endsWith("_acc") ? "share" : "own",
    }));
}

function Curves({ curves, trouble }: { curves: Curve[]; trouble: string }) {
  const [table, set_table] = useState(false);
  const names = [
    ...new Set([...FIRST.filter((name) => curves.some((c) => c.name === name)), ...curves.map((c) => c.name)]),
  ];
  if (curves.length === 0)
    return (
      <div class="card full">
        <h2>Curves</h2>
        <p>{trouble || "None were recorded."}</p>
      </div>
    );
  return (
    <>
      {trouble && <p class="bad full">{trouble}</p>}
      {names.map((name) => {
        const lines = chart_lines(curves, name);
        return (
          <div class="card" key={name}>
            <h2>{CURVE_WORDS[name] ?? name}</h2>
            <p>
              <ChartKeys lines={lines} at_step={step.value} />
            </p>
            <Chart lines={lines} height={170} />
          </div>
        );
      })}
      <div class="full">
        <button onClick={() => set_table(true)}>Show curves as a table</button>
      </div>
      {table && <CurveTable curves={curves} on_close={() => set_table(false)} />}
    </>
  );
}

function Sequence({ words, name }: { words: string[]; name: string }) {
  if (words.length === 0) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd class="seq">
        {words.map((word, i) => (
          <bdi key={i}>{word === "" ? "·" : word}</bdi>
        ))}
      </dd>
    </>
  );
}

function ProbeCard({ probe, nth }: { probe: Probe; nth: number }) {
  return (
    <div style={{ marginBottom: "14px" }}>
      <h3>
        {nth} · {visible_name(probe.label)}{" "}
        <button class="small" onClick={() => go({ p: nth, v: "overview", sel: "" })} aria-label={`Show probe ${nth}`}>
          show
        </button>
      </h3>
      <dl class="pairs">
        <Sequence name="input" words={source_texts(run.value, probe)} />
        <Sequence name={probe.src.length > 0 ? "decoder reads" : "input"} words={input_texts(run.value, probe)} />
        <Sequence name="target" words={target_texts(run.value, probe)} />
      </dl>
    </div>
  );
}

function Settings() {
  const { config, env, name } = run.value;
  return (
    <>
      <div class="card">
        <h2>Run {visible_name(name)}</h2>
        <dl class="pairs">
          {Object.entries(env).map(([key, value]) => (
            <>
              <dt>{key.replaceAll("_", " ")}</dt>
              <dd>{String(value)}</dd>
            </>
          ))}
          <dt>file made by</dt>
          <dd>
            {manifest.value!.generator}, {manifest.value!.created}
          </dd>
          <dt>snapshots</dt>
          <dd>{run.value.steps.length}</dd>
        </dl>
      </div>
      <div class="card">
        <h2>Not the default</h2>
        {config.changed.length === 0 ? (
          <p class="soft">Every setting is the default.</p>
        ) : (
          <ConfigTable
            label="Settings that are not the default"
            heads={["key", "value", "default"]}
            rows={config.changed.map((entry) => [entry.key, entry.value, entry.default])}
          />
        )}
        <h3 style={{ marginTop: "12px" }}>On the command line</h3>
        {config.overrides.length === 0 ? <p class="soft">Nothing.</p> : <pre>{config.overrides.join("\n")}</pre>}
      </div>
      <div class="card full">
        <h2>Resolved config</h2>
        <pre class="scroll" tabIndex={0} role="region" aria-label="Resolved config">
          {JSON.stringify(config.resolved, null, 2)}
        </pre>
      </div>
    </>
  );
}

export function RunView() {
  useMeasured("run");
  const { curves, trouble } = curves_of(data.value);
  return (
    <div class="cards" data-theme-key={at.value.th}>
      <Curves curves={curves} trouble={trouble} />
      <Settings />
      <div class="card full">
        <h2>Probes</h2>
        {run.value.probes.length === 0 ? (
          <p>This file has none.</p>
        ) : (
          run.value.probes.map((probe, nth) => <ProbeCard key={nth} probe={probe} nth={nth} />)
        )}
      </div>
    </div>
  );
}
