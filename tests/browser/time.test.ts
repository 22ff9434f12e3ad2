// The time bar: one step for slider, chart, address and matrix; play.

import assert from "node:assert/strict";
import { browser_test, leave, open, settle, shown, view_file } from "./browser.ts";
import { ViewData } from "./view_data.ts";

browser_test("(9) at every snapshot slider, playhead and matrix agree with the bytes of the file", async () => {
  const file = view_file("reverse");
  const data = new ViewData(file);
  const run = data.manifest.runs[0]!;
  const { page } = await open(file, { hash: "#v=head&blk=dec.self&l=1&h=3" });
  await settle(page);
  const codes = data.codes(run, 1, 0);
  const [rows] = run.blocks[1]!.shapes[0]!;
  for (let snapshot = 0; snapshot < run.steps.length; ++snapshot) {
    await page.locator("#hl-step").fill(String(snapshot));
    await settle(page);
    assert.equal(await shown(page, "step"), run.steps[snapshot]);
    assert.equal(await page.locator(".chart").first().getAttribute("data-playhead"), String(run.steps[snapshot]));
    assert.equal(await page.locator("#hl-step").inputValue(), String(snapshot));
    const map = (await shown(page, "map"))!;
    for (let q = 0; q < rows; ++q) {
      for (let k = 0; k <= q; ++k) {
        const code = data.code(run, { block: 1, probe: 0, snapshot, layer: 1, head: 3 }, q, k, codes)!;
        assert.equal(Math.floor(255 * map.values[q * map.cols + k]! + 0.5), code);
      }
    }
  }
});

browser_test("(9) a click on the chart goes to the nearest snapshot", async () => {
  const file = view_file("reverse");
  const { steps } = new ViewData(file).manifest.runs[0]!;
  const { page } = await open(file);
  await settle(page);
  const canvas = page.locator("footer .chart canvas");
  const box = (await canvas.boundingBox())!;
  await canvas.click({ position: { x: 46, y: 40 } });
  assert.equal(await shown(page, "snapshot"), 0);
  await canvas.click({ position: { x: box.width - 44, y: 40 } });
  assert.equal(await shown(page, "step"), steps.at(-1));
});

browser_test("(9) play runs to the end and stops there; a loop goes on", async () => {
  const file = view_file("decoder");
  const { steps } = new ViewData(file).manifest.runs[0]!;
  const { page } = await open(file);
  await page.getByLabel("Frames per second").selectOption("16");
  await page.keyboard.press("Space");
  assert.equal(await shown(page, "playing"), true);
  assert.equal(await page.locator(".status").getAttribute("aria-live"), "off");
  await page.waitForFunction(() => !(window as unknown as { __headlight: { playing: boolean } }).__headlight.playing);
  assert.equal(await shown(page, "snapshot"), steps.length - 1);
  await page.getByLabel("loop").check();
  await page.locator("h1").click();
  await page.keyboard.press("Space");
  const seen = new Set<number>();
  for (let i = 0; i < 200 && seen.size < steps.length; ++i) {
    seen.add(await shown(page, "snapshot"));
    await page.waitForTimeout(20);
  }
  assert.equal(await shown(page, "playing"), true);
  assert.equal(seen.size, steps.length);
});

browser_test("(9) nothing plays by itself, and with reduced motion nothing moves", async () => {
  for (const reducedMotion of ["reduce", "no-preference"] as const) {
    const { page } = await open(view_file("reverse"), { reducedMotion, hash: "#v=head" });
    await page.waitForTimeout(400);
    assert.equal(await shown(page, "playing"), false);
    const transitions = await page.evaluate(
      () =>
        [...document.querySelectorAll("*")].filter((element) =>
          getComputedStyle(element)
            .transitionDuration.split(",")
            .some((time) => parseFloat(time) > 0),
        ).length,
    );
    assert.equal(transitions > 0, reducedMotion === "no-preference");
    leave(page);
  }
});
