// What is shown, as a file or in the clipboard.

import { download, file_name } from "../export/download.ts";
import { matrix_csv, matrix_values, roles_csv } from "../export/csv.ts";
import { npy } from "../export/npy.ts";
import { page_source } from "../export/page.ts";
import { training_gif } from "../export/training_gif.ts";
import { picture, shown_matrix } from "../export/picture.ts";
import { draw_scene, scene_png } from "../export/scene_canvas.ts";
import { scene_svg } from "../export/scene_svg.ts";
import { at, block, data, hash_now, link, manifest, run, said, step } from "../state/app.ts";
import { close_dialog } from "../state/dialogs.ts";
import { curves_of } from "../state/curves.ts";
import { csv } from "../export/csv.ts";
import { layer_number, stats_of } from "../state/stats.ts";
import { Dialog } from "./dialog.tsx";

/// Names what is in a file: of all steps where it is a film of the head, else of the one that is shown.
function name(extension: string, film = false): string {
  const { v, l, h, p, agg } = at.value;
  const whole = v === "roles" || v === "run" || v === "overview";
  const head = whole && !film ? [] : [block.value?.name ?? "", `L${layer_number(block.value, l)}`, agg === "head" ? `H${h}` : agg];
  // Roles are of the step at which they were measured.
  const stats = v === "roles" ? stats_of(data.value) : undefined;
  const shown = stats?.status === "ready" ? stats.value.info.steps[stats.value.step_index(step.value)] : step.value;
  const when = film ? "training" : `step${shown}`;
  return file_name([run.value.name, film ? "head" : v, ...head, `p${p}`, when], extension);
}

function svg(): string {
  return scene_svg(picture(), (shape) => {
    const alone = {
      ...picture(),
      width: shape.map.cols,
      height: shape.map.rows,
      shapes: [{ ...shape, x: 0, y: 0, width: shape.map.cols, height: shape.map.rows }],
    };
    return draw_scene(alone, 1).toDataURL();
  });
}

/// Numbers of the view: the table of roles, the curves, or the matrix.
function numbers_csv(): string {
  if (at.value.v === "roles") {
    const stats = stats_of(data.value);
    if (stats?.status !== "ready") throw new Error("This run has no head statistics.");
    return roles_csv(run.value, stats.value, stats.value.step_index(step.value), stats.value.mode(at.value.abl));
  }
  if (at.value.v === "run") {
    const rows = curves_of(data.value).curves.flatMap((curve) =>
      Array.from(curve.steps, (s, i) => [curve.split, curve.name, s, curve.values[i]!]),
    );
    return csv([["split", "name", "step", "value"], ...rows]);
  }
  const { map, rows, cols } = shown_matrix();
  return matrix_csv(map, rows, cols);
}

function array(): Uint8Array {
  const { map } = shown_matrix();
  return npy(matrix_values(map), [map.rows, map.cols]);
}

async function copy_text(text: string): Promise<void> {
  // The clipboard of a page opened from disk may be closed to scripts; a selected field is the old way.
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    if (!done) throw new Error("The browser does not let this page copy.");
  }
}

/// The words of its button, what is said when it is done, and what it does.
type Action = [string, string, () => void | Promise<void>];

const ACTIONS: Action[] = [
  ...[1, 2, 4].map((scale): Action => [
    scale === 1 ? "PNG" : `PNG ×${scale}`,
    "PNG saved",
    async () => download(name("png"), await scene_png(picture(), scale)),
  ]),
  ["SVG", "SVG saved", () => download(name("svg"), svg())],
  [
    "GIF over training",
    "GIF saved",
    async () => {
      const told = (done: number, all: number) => (said.value = `Making the GIF: ${done} of ${all} frames`);
      download(name("gif", true), await training_gif(told));
    },
  ],
  ["CSV", "CSV saved", () => download(name("csv"), numbers_csv())],
  [".npy array", "Array saved", () => download(name("npy"), array())],
  [
    "Copy PNG",
    "Picture copied",
    async () => navigator.clipboard.write([new ClipboardItem({ "image/png": scene_png(picture(), 2) })]),
  ],
  ["Copy link", "Link copied", () => copy_text(link())],
  [
    "Save this page",
    "Page saved",
    () => download(file_name([run.value.name, "view"], "html"), page_source(document, hash_now())),
  ],
];

export function ExportMenu() {
  const act = async (words: string, action: () => void | Promise<void>) => {
    try {
      await action();
      close_dialog();
      said.value = words;
    } catch (error) {
      said.value = `Not exported: ${(error as Error).message}`;
    }
  };
  // A served page has its data on the server, so it cannot be saved as one file from here.
  const failed = said.value.startsWith("Not exported");
  const actions = ACTIONS.filter(([label]) => label !== "Save this page" || !manifest.value?.live);
  return (
    <Dialog title="Export what is shown" on_close={close_dialog}>
      <div class="menu">
        {actions.map(([label, words, action]) => (
          <button key={label} onClick={() => void act(words, action)}>
            {label}
          </button>
        ))}
      </div>
      <p aria-live="polite" class={failed ? "bad" : "soft"} style={{ margin: "10px 0 0" }}>
        {failed || said.value.startsWith("Making") ? said.value : ""}
      </p>
      <p class="soft small" style={{ marginTop: "10px" }}>
        Pictures name run, step, block, layer, head, probe and scale. CSV and .npy hold the matrix of the current head,
        in full precision where the file has it; hidden cells are empty or NaN. The GIF has a frame for each snapshot, at
        the speed of the time bar. The same without a browser: headlight
        export.
      </p>
    </Dialog>
  );
}
