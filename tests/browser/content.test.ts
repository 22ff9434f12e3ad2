// What a file shows: nothing but itself is loaded, and pixels, numbers and tokens are those of the data.

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { browser_test, leave, open, settle, shown, view_file } from "./browser.ts";
import { pixel, png_pixels } from "./png.ts";
import { colours, ViewData } from "./view_data.ts";
import { ODD_TOKENS } from "../../apps/viewer/tests/fixture.ts";

browser_test("(1) one request, the file itself, and not a word on the console, in every view", async () => {
  const file = view_file("reverse");
  const { page, requests, messages } = await open(file);
  for (const key of ["1", "2", "3", "4", "5", "6"]) {
    await page.keyboard.press(key);
    await settle(page);
  }
  assert.deepEqual(requests, [pathToFileURL(file).href]);
  assert.deepEqual(messages, []);
});

browser_test("(2) files of the folder that is given are made by the program", async () => {
  if (!process.env["HEADLIGHT_VIEW_DIR"]) return;
  for (const name of ["reverse", "decoder", "odd", "nan", "tiny", "empty", "mismatch"]) {
    const { generator } = new ViewData(view_file(name)).manifest;
    assert.match(generator, /^headlight \d/, name);
  }
});

/// Compares the middle of every cell of the head view with the colour of its code.
async function check_pixels(
  name: string,
  hash: string,
  place: { block: number; probe: number; layer: number; head: number },
  dark: boolean,
): Promise<void> {
  const file = view_file(name);
  const data = new ViewData(file);
  const run = data.manifest.runs[0]!;
  // The first snapshot has 8-bit weights only, the last one exact ones too.
  for (const snapshot of [0, run.steps.length - 1]) {
    const step = run.steps[snapshot]!;
    const { page } = await open(file, { hash: `#v=head${hash}&t=${step}`, colorScheme: dark ? "dark" : "light" });
    await settle(page);
    await page.mouse.move(5, 5);
    const cells = page.locator(".cells");
    const cell = Number(await cells.getAttribute("data-cell"));
    const image = png_pixels(await cells.screenshot());
    const table = colours("cividis", dark);
    const codes = data.codes(run, place.block, place.probe);
    const [rows, cols] = run.blocks[place.block]!.shapes[place.probe]!;
    let hidden = 0;
    for (let q = 0; q < rows; ++q) {
      for (let k = 0; k < cols; ++k) {
        const code = data.code(run, { ...place, snapshot }, q, k, codes);
        const found = pixel(image, (k + 0.5) * cell, (q + 0.5) * cell);
        if (code === undefined) {
          ++hidden;
          continue;
        }
        const weight = data.exact(run, { ...place, step }, q, k);
        const index = weight === undefined ? code : Math.floor(255 * weight + 0.5);
        assert.equal(index, code, "the code of a weight is that of its exact value");
        assert.equal(found, table[index], `step ${step}, q ${q}, k ${k}`);
      }
    }
    const map = await shown(page, "map");
    assert.equal(map!.marks.filter((mark) => mark === 1 || mark === 2).length, hidden);
    leave(page);
  }
}

browser_test("(3) every pixel of a full block is the colour of its weight", () =>
  check_pixels("reverse", "", { block: 0, probe: 0, layer: 0, head: 0 }, false),
);
browser_test("(3) of a causal block", () =>
  check_pixels("reverse", "&blk=dec.self&l=1&h=2", { block: 1, probe: 0, layer: 1, head: 2 }, true),
);
browser_test("(3) of a rectangular block", () =>
  check_pixels("reverse", "&blk=dec.cross&l=1&p=1", { block: 2, probe: 1, layer: 1, head: 0 }, false),
);
browser_test("(3, 12) of a block with a window and padding", () =>
  check_pixels("decoder", "&p=1&l=1", { block: 0, probe: 1, layer: 1, head: 0 }, true),
);

browser_test(
  "(4) the status line has the exact float32 under the cursor, and the code where there is no exact one",
  async () => {
    const file = view_file("reverse");
    const data = new ViewData(file);
    const run = data.manifest.runs[0]!;
    const place = { block: 2, probe: 0, layer: 1, head: 0 };
    const { page } = await open(file, { hash: "#v=head&blk=dec.cross&l=1" });
    await settle(page);
    const cell = Number(await page.locator(".cells").getAttribute("data-cell"));
    for (const [q, k] of [
      [0, 0],
      [3, 4],
      [7, 0],
    ] as const) {
      await page.locator(".cells").hover({ position: { x: (k + 0.5) * cell, y: (q + 0.5) * cell } });
      const weight = data.exact(run, { ...place, step: run.steps.at(-1)! }, q, k)!;
      const text = weight < 1e-3 ? weight.toExponential(4) : weight.toFixed(5);
      const status = await page.locator(".status").textContent();
      assert.ok(status!.endsWith(`${text} (exact)`), `${status} has not ${text}`);
      assert.match(status!, new RegExp(`step ${run.steps.at(-1)} · dec.cross L1 H0 · q${q} .*·${q} → k${k} .*·${k} `));
    }
    await page.keyboard.press("[");
    await settle(page);
    await page.locator(".cells").hover({ position: { x: 4.5 * cell, y: 3.5 * cell } });
    const code = data.code(run, { ...place, snapshot: run.steps.length - 2 }, 3, 4)!;
    const wanted = code === 0 ? "<0.002" : (code / 255).toFixed(3);
    assert.ok((await page.locator(".status").textContent())!.endsWith(`${wanted} (8-bit)`));
  },
);

browser_test("(5) odd tokens are shown verbatim and run nothing", async () => {
  const { page, messages } = await open(view_file("odd"), { hash: "#v=run" });
  await settle(page);
  // Space, newline, tab and nothing have a glyph; what has no shape is escaped; all else is as it is.
  const glyphs: Record<string, string> = {
    "\n": "⏎",
    " ": "␠",
    "\t": "⇥",
    "": "∅",
    "\u202e": "\\u202e",
    "\u0007": "\\x07",
    "\u0301": "◌\u0301",
    "👩‍🚀": "👩\\u200d🚀",
  };
  const wanted = ODD_TOKENS.map((token) => glyphs[token] ?? token.replaceAll(" ", "␠"));
  const words = await page.locator(".seq").first().locator("bdi").allTextContents();
  assert.deepEqual(words, wanted);
  await page.keyboard.press("2");
  await settle(page);
  const titles = await page
    .locator(".rows .tick")
    .evaluateAll((ticks) => ticks.map((tick) => tick.getAttribute("title")));
  assert.deepEqual(titles, wanted);
  assert.equal(await page.locator("main img, main script, main s").count(), 0);
  assert.deepEqual(messages, []);
});

browser_test("(12) NaN and infinities are marked, in the colour of none of the weights", async () => {
  const file = view_file("nan");
  const run = new ViewData(file).manifest.runs[0]!;
  const { page } = await open(file, { hash: `#v=head&t=${run.steps[2]}` });
  await settle(page);
  const map = (await shown(page, "map"))!;
  const mark = (q: number, k: number) => map.marks[q * map.cols + k];
  assert.deepEqual([mark(3, 1), mark(4, 2), mark(5, 0), mark(5, 5), mark(0, 1), mark(0, 0)], [3, 4, 5, 5, 1, 0]);
  const cell = Number(await page.locator(".cells").getAttribute("data-cell"));
  await page.locator(".cells").hover({ position: { x: 1.5 * cell, y: 3.5 * cell } });
  assert.match((await page.locator(".status").textContent())!, /NaN$/);
  await page.locator(".cells").hover({ position: { x: 2.5 * cell, y: 0.5 * cell } });
  assert.match((await page.locator(".status").textContent())!, /hidden by the mask$/);
  await page.mouse.move(5, 5);
  const image = png_pixels(await page.locator(".cells").screenshot());
  assert.equal(pixel(image, cell + 3, 3 * cell + 3), "#c2185b");
});
