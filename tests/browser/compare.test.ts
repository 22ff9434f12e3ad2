// Comparison of runs and of steps.

import assert from "node:assert/strict";
import { browser_test, open, settle, view_file } from "./browser.ts";
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
