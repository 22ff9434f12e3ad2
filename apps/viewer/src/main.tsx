// Starts the page: reads the manifest, follows the address, the theme and the keyboard.

import { effect } from "@preact/signals";
import { render } from "preact";
import { parse_manifest } from "./format/validate.ts";
import { Page } from "./parts/page.tsx";
import { Trouble } from "./parts/trouble.tsx";
import { at, block_index, dark, data, manifest, read_hash, run, show_manifest, system_dark } from "./state/app.ts";
import { on_key } from "./state/keys.ts";
import { follow } from "./state/live.ts";
import { expose } from "./state/probe.ts";

const root = document.getElementById("hl-page")!;

/// Tells tests and tools that what is shown first has been decoded.
function say_ready(): void {
  const stop = effect(() => {
    const { probes, blocks, steps } = run.value;
    const nothing = probes.length === 0 || blocks.length === 0 || steps.length === 0;
    if (!nothing && data.value.block(block_index.value, at.value.p).status === "loading") return;
    requestAnimationFrame(() => {
      stop();
      document.body.dataset["ready"] = String(Math.round(performance.now()));
    });
  });
}

function start(): void {
  const preference = matchMedia("(prefers-color-scheme: dark)");
  system_dark.value = preference.matches;
  preference.addEventListener("change", () => (system_dark.value = preference.matches));
  effect(() => void (document.documentElement.dataset["theme"] = dark.value ? "dark" : "light"));
  const text = document.getElementById("hl-manifest")?.textContent;
  if (!text) {
    render(
      <main>
        <Trouble
          title="No run in this page"
          message={
            "This is the page of headlight view without data. " + "Make a file with: headlight view RUN -o view.html"
          }
        />
      </main>,
      root,
    );
    document.body.dataset["ready"] = "0";
    return;
  }
  try {
    show_manifest(parse_manifest(text));
  } catch (error) {
    render(
      <main>
        <Trouble title="This file cannot be shown" message={(error as Error).message} />
      </main>,
      root,
    );
    document.body.dataset["ready"] = "0";
    return;
  }
  // A saved page opens as it was saved.
  const saved = document.documentElement.dataset["saved"];
  if (saved && location.hash === "") history.replaceState(null, "", saved);
  read_hash();
  expose();
  window.addEventListener("hashchange", read_hash);
  window.addEventListener("keydown", on_key);
  effect(() => void (document.title = `${run.value.name} · Headlight`));
  render(<Page />, root);
  if (manifest.value!.live) follow(manifest.value!.live);
  say_ready();
}

start();
