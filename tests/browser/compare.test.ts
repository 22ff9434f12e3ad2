// Comparison of runs and of steps.

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { browser_test, changed_file, leave, open, settle, view_file } from "./browser.ts";
import { pixel, png_pixels } from "./png.ts";
import { ViewData } from "./view_data.ts";

browser_test("(11) a run minus itself is zero in every cell", async () => {
  const file = view_file("reverse");
  const run = new ViewData(file).manifest.runs[0]!;
  const { page } = await open(file, { hash: `#v=compare&blk=dec.cross&l=1&cmp=@${run.steps.at(-1)}&cv=diff` });
  await settle(page);
  await page.mouse.move(5, 5);
  const cell = Number(await page.locator(".cells").getAttribute("data-cell"));
  const image = png_pixels(await page.locator(".cells").screenshot());
  const [rows, cols] = run.blocks[2]!.shapes[0]!;
  for (let q = 0; q < rows; ++q)
    for (let k = 0; k < cols; ++k) {
      assert.equal(pixel(image, (k + 0.5) * cell, (q + 0.5) * cell), "#f7f7f7");
    }
  assert.match((await page.locator(".side").textContent())!, /Largest change 0\./);
});

browser_test("(11) another run is compared with a difference of settings; cells agree with both files", async () => {
  const file = view_file("reverse");
  const data = new ViewData(file);
  const [a, b] = data.manifest.runs;
  const { page } = await open(file, { hash: `#v=compare&blk=dec.self&l=1&cmp=${b!.id}&cv=diff` });
  await settle(page);
  const last = a!.steps.length - 1;
  const place = { block: 1, probe: 0, snapshot: last, layer: 1, head: 0 };
  let most = 0;
  const [rows] = a!.blocks[1]!.shapes[0]!;
  for (let q = 0; q < rows; ++q)
    for (let k = 0; k <= q; ++k) {
      const exact = (run: typeof a) => data.exact(run!, { ...place, step: run!.steps[last]! }, q, k)!;
      most = Math.max(most, Math.abs(exact(a) - exact(b)));
    }
  const text = await page.locator(".side").textContent();
  assert.ok(
    text!.includes(`Largest change ${most >= 1 ? most.toFixed(2) : most.toFixed(3)}`),
    `${text} has not ${most}`,
  );
  assert.ok((await page.getByText("Settings that differ").locator("..").locator("tbody tr").count()) > 0);
});

browser_test("(11) side by side the cursor is in both; swipe moves with the pointer and its slider", async () => {
  const { page } = await open(view_file("reverse"), { hash: "#v=compare&cmp=b" });
  await settle(page);
  assert.equal(await page.locator(".cells").count(), 2);
  await page
    .locator(".cells")
    .first()
    .hover({ position: { x: 60, y: 60 } });
  assert.equal(await page.locator(".rows .band").count(), 2);
  await page.getByRole("button", { name: "swipe" }).click();
  await page.getByLabel("Boundary").fill("20");
  assert.equal(
    await page.locator(".swipe").evaluate((element) => (element as HTMLElement).style.getPropertyValue("--cut")),
    "20%",
  );
});

browser_test("(11) runs with another vocabulary or other probes are refused with a sentence", async () => {
  const { page, messages } = await open(view_file("mismatch"), { hash: "#v=compare&cmp=odd" });
  await settle(page);
  assert.match(
    (await page.locator("main").textContent())!,
    /cannot be compared\. “.+” and “.+” have different vocabularies/,
  );
  assert.equal(await page.locator(".cells").count(), 0);
  assert.deepEqual(messages, []);
});

/// An exact weight, or a difference of two, as the status line writes it.
function exact_text(value: number): string {
  return (Math.abs(value) < 1e-3 ? value.toExponential(4) : value.toFixed(5)).replace(/^-/, "−");
}

/// Hovers a cell and reads what the status line says of it.
async function status_at(page: Page, nth: number, q: number, k: number): Promise<string> {
  const cells = page.locator(".cells").nth(nth);
  const cell = Number(await cells.getAttribute("data-cell"));
  await cells.hover({ position: { x: (k + 0.5) * cell, y: (q + 0.5) * cell } });
  return (await page.locator(".status").textContent())!;
}

browser_test("(4, 11) the status line says what the comparison shows: the difference, or both weights", async () => {
  const file = view_file("reverse");
  const data = new ViewData(file);
  const [a, b] = data.manifest.runs;
  const last = a!.steps.at(-1)!;
  const place = { block: 1, probe: 0, layer: 1, head: 2, step: last };
  const [q, k] = [5, 3];
  const exact = [data.exact(a!, place, q, k)!, data.exact(b!, place, q, k)!] as const;
  // Dropping the first key is the head view's alone, and stays in the address.
  const hash = "#v=compare&blk=dec.self&l=1&h=2&df=1&cmp=";
  const { page } = await open(file, { hash: `${hash}${b!.id}&cv=diff` });
  await settle(page);
  const cell = `dec.self L1 H2 · q${q} `;
  let status = await status_at(page, 0, q, k);
  assert.ok(status.includes(cell), status);
  assert.ok(status.endsWith(` difference: ${exact_text(Math.fround(exact[0] - exact[1]))} (exact)`), status);
  await page.getByRole("button", { name: "side by side" }).click();
  const both = `${a!.name}, step ${last}: ${exact_text(exact[0])} (exact) · ${b!.name}, step ${last}: ${exact_text(exact[1])} (exact)`;
  for (const nth of [0, 1]) {
    status = await status_at(page, nth, q, k);
    assert.ok(status.endsWith(both), `${status} has not ${both}`);
  }
  await page.getByRole("button", { name: "swipe" }).click();
  const box = (await page.locator(".swipe").boundingBox())!;
  const [rows, cols] = a!.blocks[1]!.shapes[0]!;
  await page.mouse.move(box.x + ((k + 0.5) * box.width) / cols, box.y + ((q + 0.5) * box.height) / rows);
  status = (await page.locator(".status").textContent())!;
  assert.ok(status.includes(cell) && status.endsWith(both), `${status} has not ${both}`);
  // A difference with 8-bit weights is no exact one.
  leave(page);
  const early = await open(file, { hash: `${hash}@${a!.steps[0]}&cv=diff` });
  await settle(early.page);
  assert.match(await status_at(early.page, 0, q, k), /difference: [<−]?\d\.\d{3} \(8-bit\)$/);
});

browser_test("(4) the token view says the weights of its lines, of each chosen head", async () => {
  const file = view_file("reverse");
  const data = new ViewData(file);
  const run = data.manifest.runs[0]!;
  const { page } = await open(file, { hash: "#v=tokens&blk=dec.self&l=1&h=2&df=1&hs=1.3" });
  await settle(page);
  await page.locator(".strip").first().locator("button").nth(5).hover();
  const weight = (head: number) =>
    exact_text(data.exact(run, { block: 1, probe: 0, layer: 1, head, step: run.steps.at(-1)! }, 5, 0)!);
  const status = (await page.locator(".status").textContent())!;
  assert.ok(status.endsWith(`H1: ${weight(1)} (exact) · H3: ${weight(3)} (exact)`), status);
});

browser_test("(11) probes of other vectors, other targets or another target vocabulary are refused", async () => {
  const vectors = (run: { probes: { src: number[]; src_text?: string[] }[] }, text?: string) => {
    for (const probe of run.probes) {
      probe.src = probe.src.map(() => -1);
      if (text !== undefined) probe.src_text = probe.src.map(() => text);
    }
  };
  const cases: [string, RegExp | undefined, Parameters<typeof changed_file>[2]][] = [
    ["same-vectors", undefined, ([a, b]) => (vectors(a!, "1 0"), vectors(b!, "1 0"))],
    ["vectors", /Probe 0 is another example in/, ([a, b]) => (vectors(a!, "1 0"), vectors(b!, "0 1"))],
    ["unnamed", /Probe 0 has vectors that this file does not hold/, ([a, b]) => (vectors(a!), vectors(b!))],
    ["target", /Probe 0 is another example in/, ([, b]) => (b!.probes[0]!.tgt_out[0] = 9)],
    ["symbols", /have different vocabularies \(13 and 2 tokens/, ([, b]) => (b!.target_vocab = ["no", "yes"])],
  ];
  for (const [name, words, change] of cases) {
    const { page, messages } = await open(changed_file("reverse", name, change), { hash: "#v=compare&cmp=b" });
    await settle(page);
    if (words) assert.match((await page.locator("main").textContent())!, words);
    assert.equal(await page.locator(".cells").count(), words ? 0 : 2, name);
    assert.deepEqual(messages, []);
    leave(page);
  }
});
