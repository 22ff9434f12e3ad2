// One head: its matrix with tokens on both axes, what each row produces, sums over what is locked.

import { useState } from "preact/hooks";
import type { Aggregate } from "../state/address.ts";
import { at, block, cursor, data, go, probe, run, step } from "../state/app.ts";
import { aggregate_words, head_view_map, place_now, shown_name, stage_at } from "../state/current.ts";
import { axis_texts, produced, rows_produce } from "../state/labels.ts";
import { is_coarse, score_look, weight_look } from "../state/look.ts";
import { combinations, exact_trouble } from "../state/shown.ts";
import { layer_number } from "../state/stats.ts";
import { ColourBar, MarkLegend } from "../parts/colour_bar.tsx";
import { HeadFacts } from "../parts/head_facts.tsx";
import { Matrix } from "../parts/matrix.tsx";
import { Nothing } from "../parts/nothing.tsx";
import { Check, Choice, Switch } from "../parts/controls.tsx";
import { When } from "../parts/trouble.tsx";
import { useMeasured } from "../parts/use_measured.ts";

export function HeadPicker() {
  const info = block.value!;
  return (
    <>
      <Choice
        label="Layer"
        value={String(at.value.l)}
        on_change={(value) => go({ l: Number(value) })}
        options={Array.from({ length: info.layers }, (_, i) => [String(i), `L${layer_number(info, i)}`])}
      />
      <Choice
        label="Head"
        value={String(at.value.h)}
        on_change={(value) => go({ h: Number(value), agg: "head" })}
        options={Array.from({ length: info.heads }, (_, i) => [String(i), `H${i}`])}
      />
      <Choice
        label="Shows"
        value={at.value.agg}
        on_change={(value) => go({ agg: value as Aggregate })}
        options={[["head", "one head"], ...combinations(info).map((name) => [name, aggregate_words(name)] as const)]}
      />
    </>
  );
}

function Stages() {
  const stages = (["scores", "masked", "softmax"] as const).map((name) => [name, name] as const);
  return <Switch label="Stage of attention" options={stages} value={at.value.st} on_change={(st) => go({ st })} />;
}

export function Head() {
  useMeasured("head");
  const [zoom, set_zoom] = useState(1);
  const place = place_now();
  if (!probe.value || !block.value || place.snapshot < 0) return <Nothing />;
  const stage = stage_at(place);
  const made = rows_produce(run.value, block.value) ? produced(data.value, at.value.p, place.snapshot) : undefined;
  const texts = axis_texts(run.value, block.value, probe.value);
  const trouble = at.value.agg === "head" ? exact_trouble(data.value, place) : "";
  return (
    <div>
      <div class="tools">
        <HeadPicker />
        {at.value.agg === "head" && data.value.scores(place) && <Stages />}
        <Check label="Numbers" checked={at.value.num} on_change={(num) => go({ num })} />
        <Check label="Drop first key, renormalise" checked={at.value.df} on_change={(df) => go({ df })} />
        <div class="switch" role="group" aria-label="Zoom">
          <button
            class="icon"
            aria-label="Zoom out"
            disabled={zoom <= 1}
            onClick={() => set_zoom(Math.max(1, zoom / 1.5))}
          >
            −
          </button>
          <button
            class="icon"
            aria-label="Zoom in"
            disabled={zoom >= 8}
            onClick={() => set_zoom(Math.min(8, zoom * 1.5))}
          >
            +
          </button>
        </div>
        {at.value.sel !== "" && <button onClick={() => go({ sel: "" })}>Clear selection</button>}
      </div>
      {trouble && <p class="bad small">{trouble} The 8-bit weights are shown.</p>}
      <When of={head_view_map()}>
        {(map) => {
          const look = stage === "softmax" ? weight_look.value : score_look(map);
          return (
            <div class="figure">
              <Matrix
                map={map}
                look={look}
                rows={texts.rows}
                cols={texts.cols}
                sums={stage === "softmax"}
                zoom={zoom}
                on_zoom={set_zoom}
                made={made?.status === "ready" ? made.value : undefined}
                beside={340}
                label={`${shown_name()}, step ${step.value}`}
              />
              <div class="side">
                <div class="card">
                  <h2>{shown_name()}</h2>
                  <p class="soft small">
                    {run.value.name} · step {step.value} · {probe.value!.label}
                    <br />
                    {map.rows} queries × {map.cols} keys · {map.exact ? "exact weights" : "8-bit weights"}
                  </p>
                  <ColourBar look={look} coarse={is_coarse(map, look)} />
                </div>
                <HeadFacts place={place} />
                {made?.status === "error" && <p class="bad small">{made.message}</p>}
                <MarkLegend />
                <p class="soft small">
                  Click locks a cell, a label a whole row or column; with Shift it adds. Bars sum the weights over what
                  is locked. Weights are not explanations: see ablation.
                </p>
              </div>
            </div>
          );
        }}
      </When>
      <span class="unseen">{cursor.value ? "" : "No cell is chosen."}</span>
    </div>
  );
}
