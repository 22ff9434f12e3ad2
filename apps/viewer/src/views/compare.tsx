// Two runs or two steps: side by side with one cursor, one over the other, or their difference.

import { useState } from "preact/hooks";
import type { HeadMap } from "../format/head_map.ts";
import type { Address } from "../state/address.ts";
import { at, block, cursor, go, probe, run, snapshot } from "../state/app.ts";
import { config_difference, difference_of, other_side, type Other } from "../state/compare.ts";
import { map_now, other_map, shown_name, side_name } from "../state/current.ts";
import { axis_texts } from "../state/labels.ts";
import { difference_look, is_coarse, weight_look } from "../state/look.ts";
import { ColourBar, MarkLegend } from "../parts/colour_bar.tsx";
import { ConfigTable } from "../parts/config_table.tsx";
import { Slider, Switch } from "../parts/controls.tsx";
import { MapCanvas } from "../parts/map_canvas.tsx";
import { Matrix } from "../parts/matrix.tsx";
import { Nothing } from "../parts/nothing.tsx";
import { When } from "../parts/trouble.tsx";
import { useMeasured } from "../parts/use_measured.ts";
import { short_number } from "../text/number.ts";
import { visible_name } from "../text/token.ts";
import { HeadPicker } from "./head.tsx";

const WAYS: [Address["cv"], string][] = [
  ["side", "side by side"],
  ["swipe", "swipe"],
  ["diff", "difference"],
];

function Swipe({ a, b, names }: { a: HeadMap; b: HeadMap; names: [string, string] }) {
  const [cut, set_cut] = useState(50);
  const cell = Math.max(3, Math.min(36, Math.floor(560 / Math.max(a.rows, a.cols))));
  const size = { width: `${a.cols * cell}px`, height: `${a.rows * cell}px` };
  return (
    <div>
      <p class="small">
        <b>left:</b> {names[0]} · <b>right:</b> {names[1]}
      </p>
      <div
        class="swipe hatch"
        style={{ ...size, "--cut": `${cut}%` }}
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          const [x, y] = [event.clientX - box.left, event.clientY - box.top];
          set_cut(Math.round((100 * x) / box.width));
          const k = Math.floor((x + event.currentTarget.scrollLeft) / cell);
          cursor.value = { q: Math.max(0, Math.floor(y / cell)), k: Math.max(0, k) };
        }}
        onPointerLeave={() => (cursor.value = null)}
      >
        <div style={size} class="swipe-one">
          <SizedMap map={a} size={size} />
        </div>
        <div style={size} class="swipe-two hatch">
          <SizedMap map={b} size={size} />
        </div>
        <span class="edge" />
      </div>
      <div style={{ maxWidth: "560px" }}>
        <Slider label="Boundary" most={100} value={cut} on_change={set_cut} />
      </div>
    </div>
  );
}

function SizedMap({ map, size }: { map: HeadMap; size: { width: string; height: string } }) {
  return (
    <div class="sized" style={size}>
      <MapCanvas map={map} look={weight_look.value} />
    </div>
  );
}

function largest_change(map: HeadMap): number {
  let most = 0;
  for (const value of map.values) most = Math.max(most, Math.abs(value));
  return most;
}

function Maps({ a, b, other }: { a: HeadMap; b: HeadMap; other: Other }) {
  const [zoom, set_zoom] = useState(1);
  const texts = axis_texts(run.value, block.value!, probe.value!);
  const head = shown_name();
  const names: [string, string] = [
    `${side_name()} · ${head}`,
    `${visible_name(other.name)} · ${head}`,
  ];
  const shared = { rows: texts.rows, cols: texts.cols, zoom, on_zoom: set_zoom };
  if (at.value.cv === "swipe") return <Swipe a={a} b={b} names={names} />;
  if (at.value.cv === "diff") {
    const map = difference_of(a, b);
    return (
      <div class="figure">
        <Matrix
          {...shared}
          map={map}
          look={difference_look.value}
          label={`${names[0]} minus ${names[1]}`}
          beside={340}
        />
        <div class="side">
          <div class="card">
            <h2>Difference</h2>
            <p class="soft small">
              {names[0]} <b>minus</b> {names[1]}. Largest change {short_number(largest_change(map))}.
            </p>
            <ColourBar look={difference_look.value} />
          </div>
          <MarkLegend />
        </div>
      </div>
    );
  }
  return (
    <div class="sides">
      <div>
        <h3>{names[0]}</h3>
        <Matrix {...shared} map={a} look={weight_look.value} label={names[0]} />
      </div>
      <div>
        <h3>{names[1]}</h3>
        <Matrix {...shared} map={b} look={weight_look.value} label={names[1]} second />
      </div>
    </div>
  );
}

function Settings({ other }: { other: Run }) {
  const changed = config_difference(run.value.config.resolved, other.config.resolved);
  if (other === run.value) return null;
  return (
    <div class="card" style={{ marginTop: "16px" }}>
      <h2>Settings that differ</h2>
      {changed.length === 0 ? (
        <p class="soft">None: both runs have the same config.</p>
      ) : (
        <ConfigTable
          label="Settings that differ"
          heads={["key", visible_name(run.value.name), visible_name(other.name)]}
          rows={changed.map((entry) => [entry.key, entry.a, entry.b])}
        />
      )}
    </div>
  );
}

type Run = Other["run"];

/// Whether one of the maps is known in 8 bits only, and the scale wants more.
function coarse(other: Other | string): boolean {
  if (typeof other === "string") return false;
  return [map_now(), other_map(other)].some((map) => map.status === "ready" && is_coarse(map.value, weight_look.value));
}

export function Compare() {
  useMeasured("compare");
  if (!probe.value || !block.value || snapshot.value < 0) return <Nothing />;
  const other = other_side();
  return (
    <div>
      <div class="tools">
        <HeadPicker />
        <Switch label="Way of comparing" options={WAYS} value={at.value.cv} on_change={(cv) => go({ cv })} />
        {at.value.cv !== "diff" && (
          <span class="push" style={{ minWidth: "220px" }}>
            <ColourBar look={weight_look.value} coarse={coarse(other)} />
          </span>
        )}
      </div>
      {typeof other === "string" ? (
        <div class="card">
          <h2>Nothing to compare</h2>
          <p>{other}</p>
        </div>
      ) : (
        <>
          <When of={map_now()}>
            {(a) => <When of={other_map(other)}>{(b) => <Maps a={a} b={b} other={other} />}</When>}
          </When>
          <Settings other={other.run} />
        </>
      )}
    </div>
  );
}
