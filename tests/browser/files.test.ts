// Files of unusual content, and damaged ones.

import assert from "node:assert/strict";
import { browser_test, changed_file, damaged_file, leave, open, settle, shown, view_file, viewer_page, write_file } from "./browser.ts";
import { readFileSync } from "node:fs";
import { ViewData } from "./view_data.ts";

async function all_views(name: string): Promise<void> {
  const { page, messages } = await open(view_file(name));
  for (const key of [
    "1",
    "2",
    "3",
    "4",
    "5",
    "c",
    "6",
    "2",
    "ArrowRight",
    "ArrowDown",
    "End",
    "Enter",
    "Escape",
    "]",
    "[",
    "p",
    "b",
    "m",
    "Space",
  ]) {
    await page.keyboard.press(key);
    await settle(page);
  }
  assert.deepEqual(messages, []);
  leave(page);
}

browser_test("(13) one token, one head, one snapshot", async () => {
  await all_views("tiny");
  const { page } = await open(view_file("tiny"), { hash: "#v=head" });
  await settle(page);
  const map = (await shown(page, "map"))!;
  assert.deepEqual([map.rows, map.cols, map.values[0]], [1, 1, 1]);
});

browser_test("(13) no probes: a sentence in every view that needs some, and the notes of the file", async () => {
  await all_views("empty");
  const { page } = await open(view_file("empty"));
  assert.match((await page.locator("main").textContent())!, /holds no probes/);
  assert.match((await page.locator(".notes").textContent())!, /left out for the size budget/);
});

browser_test("(13) more than 256 tokens are pooled by their maximum and can be zoomed", async () => {
  const { page, messages } = await open(view_file("huge"), { hash: "#v=head&h=1" });
  await settle(page);
  const cells = page.locator(".cells");
  assert.equal(await cells.getAttribute("data-rows"), "200");
  for (let i = 0; i < 3; ++i) await page.getByRole("button", { name: "Zoom in" }).click();
  await settle(page);
  assert.equal(await cells.getAttribute("data-rows"), "600");
  assert.ok((await page.locator(".tick").count()) < 400, "labels are only those in view");
  assert.deepEqual(messages, []);
});

browser_test("(4, 13) the cursor on a pooled map means the cell that gives the colour", async () => {
  const file = view_file("huge");
  const data = new ViewData(file);
  const run = data.manifest.runs[0]!;
  const codes = data.codes(run, 0, 0);
  /// The first of the largest codes of three by three cells.
  const strongest = (row: number, col: number) => {
    let best = { q: 3 * row, k: 3 * col, code: -1 };
    for (let q = 3 * row; q < 3 * row + 3; ++q)
      for (let k = 3 * col; k < 3 * col + 3; ++k) {
        const code = data.code(run, { block: 0, probe: 0, snapshot: 0, layer: 0, head: 0 }, q, k, codes) ?? -1;
        if (code > best.code) best = { q, k, code };
      }
    return best;
  };
  const { page } = await open(file, { hash: "#v=head&t=0" });
  await settle(page);
  const cells = page.locator(".cells");
  const cell = Number(await cells.getAttribute("data-cell"));
  let others = 0;
  for (const [row, col] of [
    [7, 3],
    [20, 20],
    [33, 1],
    [41, 12],
  ] as const) {
    await cells.hover({ position: { x: (col + 0.5) * cell, y: (row + 0.5) * cell } });
    const { q, k, code } = strongest(row, col);
    others += Number(q !== 3 * row || k !== 3 * col);
    const value = code === 0 ? "<0.002" : (code / 255).toFixed(3);
    const status = (await page.locator(".status").textContent())!;
    assert.match(status, new RegExp(`q${q} .*·${q} → k${k} .*·${k} ${value} \\(8-bit\\)$`));
    const label = (await page.locator(".cells [role=gridcell]").getAttribute("aria-label"))!;
    assert.match(label, new RegExp(`^q${q} .* → k${k} .*, ${value} \\(8-bit\\)$`));
    await cells.click({ position: { x: (col + 0.5) * cell, y: (row + 0.5) * cell } });
    assert.equal((await shown(page, "address"))["sel"], `q${q}k${k}`);
  }
  assert.ok(others > 0, "some blocks have their largest weight elsewhere than in the corner");
  // From the keyboard a block is one step, and Enter locks what is meant.
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  const { q, k } = strongest(40, 12);
  assert.equal((await shown(page, "address"))["sel"], `q${q}k${k}`);
});

browser_test("(13) an ablation that is not by the mean is shown, and named, in every view", async () => {
  const file = changed_file("reverse", "zero-alone", (runs) => {
    for (const { head_stats } of runs)
      head_stats!.columns = head_stats!.columns.map((column) => column.replace("ablation.mean.", "not.known."));
  });
  const { page, messages } = await open(file, { hash: "#f=ablation>0.5" });
  await settle(page);
  assert.equal(await page.locator('[role=grid] [title*="NaN"]').count(), 0);
  assert.match((await page.locator("main").textContent())!, /when the head is replaced by zero \(red; the longest is [\d.]+/);
  assert.ok((await page.locator(".thumb.dim").count()) > 0 && (await page.locator(".mini.effect").count()) > 0);
  await page.keyboard.press("2");
  assert.match((await page.locator(".side").textContent())!, /ablated \(zero\)loss [\d.]+ ± /);
  await page.keyboard.press("4");
  assert.equal(await page.getByLabel("A head is replaced by").inputValue(), "zero");
  assert.equal(await page.getByRole("columnheader", { name: "Δ loss" }).count(), 1);
  assert.deepEqual(messages, []);
});

browser_test("(13) without snapshots time stands at the last row of the curves, and roles at those measured last", async () => {
  await all_views("unrecorded");
  const { page } = await open(view_file("unrecorded"), { hash: "#v=run" });
  await settle(page);
  assert.match((await page.locator(".timebar .step").textContent())!, /^step 400 \/ 400$/);
  const figures = await page.locator("main .keys").allTextContents();
  // Loss 1/400 in the last row; 99.97 % of all sequences are not all of them.
  assert.deepEqual(figures.map((text) => text.replace("\u2009", " ")), ["train 0.002500", "eval 99.97 %"]);
  assert.equal(await page.locator("#hl-step").getAttribute("aria-valuetext"), "step 400, loss 0.00250, sequence accuracy 99.9\u2009%");
  assert.doesNotMatch((await page.locator("body").innerText())!, /step -1|−1|NaN/);
  await page.keyboard.press("4");
  assert.match((await page.locator("tbody").textContent())!, /dec\.self L0 H1/);
  assert.equal(await page.locator("[data-measured]").getAttribute("data-measured"), "300");
  assert.match((await page.locator("tbody tr").nth(1).textContent())!, /^dec\.self L0 H1previous0\.870/);
});

browser_test("(13) layers of another block in between: layers have their numbers, and there is no rollout", async () => {
  const file = changed_file("decoder", "layers", ([run]) => (run!.blocks[0]!.layer_numbers = [0, 2]));
  const { page, messages } = await open(file, { hash: "#l=1&agg=rollout" });
  await settle(page);
  assert.deepEqual(await page.locator(".layer > .name").allTextContents(), ["L0", "L2"]);
  assert.match((await page.locator("main h3").textContent())!, /no rollout over dec\.self: layers of other sizes lie between/);
  assert.match((await page.locator(".notes").textContent())!, /no rollout over dec\.self.*; the single head is shown/);
  assert.equal(await page.locator('[data-place$="rollout"]').count(), 0);
  assert.match((await page.locator(".status").textContent())!, /dec\.self L2 H0$/);
  await page.keyboard.press("2");
  assert.equal(await page.getByLabel("Layer", { exact: true }).inputValue(), "1");
  assert.match((await page.getByLabel("Layer", { exact: true }).textContent())!, /^L0L2$/);
  assert.equal((await shown(page, "address"))["l"], 1);
  assert.deepEqual(messages, []);
});

browser_test("(13) of many tokens those are in view that the address selects", async () => {
  const { page } = await open(view_file("many"), { hash: "#v=tokens&sel=q60" });
  await settle(page);
  const token = page.locator('.strip [aria-pressed="true"]');
  assert.match((await token.textContent())!, /·60$/);
  const [strip, place] = [await page.locator(".tokens").boundingBox(), await token.boundingBox()];
  assert.ok(place!.x >= strip!.x && place!.x + place!.width <= strip!.x + strip!.width, "the token is in view");
});

browser_test("(13) a model that answers once has one row of predictions", async () => {
  const whole = readFileSync(view_file("tiny"), "utf8").replace('"rows":"tgt_in"', '"rows":"all"');
  const { page, messages } = await open(write_file("answers-once", () => whole), { hash: "#v=tokens" });
  await settle(page);
  await page.waitForSelector("text=The answer");
  assert.equal(await page.locator(".card table").first().locator("tbody tr").count(), 5);
  assert.deepEqual(messages, []);
});

browser_test("(14) a section with a wrong checksum is a card in its place, and the rest works", async () => {
  const file = view_file("reverse");
  const bad = new ViewData(file).manifest.runs[0]!.blocks[1]!.sections[0]!;
  const { page, messages } = await open(damaged_file("reverse", bad));
  await settle(page);
  const card = page.locator(".card.trouble");
  assert.equal(await card.count(), 1);
  assert.match(
    (await card.textContent())!,
    new RegExp(`Section ${bad} \\(dec\\.self, probe 0\\) cannot be read: its checksum is`),
  );
  assert.equal(await page.locator("[role=row].layer").count(), 4, "the four layers of the other blocks are there");
  await page.keyboard.press("p");
  await settle(page);
  assert.equal(await page.locator(".card.trouble").count(), 0);
  assert.deepEqual(messages, []);
});

browser_test("(14) broken exact weights: 8-bit ones are shown, and a sentence", async () => {
  const file = view_file("reverse");
  const run = new ViewData(file).manifest.runs[0]!;
  const bad = run.exact.find(
    (entry) => entry.block === 0 && entry.probe === 0 && entry.step === run.steps.at(-1),
  )!.section;
  const { page } = await open(damaged_file("reverse", bad), { hash: "#v=head" });
  await settle(page);
  await page.waitForSelector("text=The 8-bit weights are shown");
  assert.equal((await shown(page, "map"))!.exact, false);
});

browser_test("(14) a file cut in two, another version, no data: a sentence, no crash", async () => {
  const whole = readFileSync(view_file("reverse"), "utf8");
  const cut = whole.replace(/(id="hl-s0"[^>]*>)[^<]{200}/, "$1");
  const cases: [string, string, RegExp][] = [
    ["no-data", viewer_page(), /without data/],
    ["other-version", whole.replace('"headlight.view/1"', '"headlight.view/7"'), /headlight\.view\/7/],
    ["no-json", whole.replace('"format":', '"format";'), /no JSON/],
    ["cut", cut, /cannot be read/],
  ];
  for (const [name, text, words] of cases) {
    const { page, messages } = await open(write_file(`odd-${name}`, () => text));
    await settle(page);
    assert.match((await page.locator(".card").first().textContent())!, words);
    assert.deepEqual(messages, []);
    leave(page);
  }
});
