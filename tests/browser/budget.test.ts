// Budgets: the size of the page, time until a file of 4 MB is shown, time to draw 96 thumbnails, memory.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { browser_test, open, settle, shown, view_file } from "./browser.ts";
import { ViewData } from "./view_data.ts";

declare const VIEWER_DIR: string;

test("(15) the page has at most 160 kB", (context) => {
  const { size } = statSync(join(VIEWER_DIR, "dist", "viewer.html"));
  context.diagnostic(`viewer.html: ${size} bytes`);
  assert.ok(size <= 160_000);
});

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

browser_test("(15) ready within 1.5 s for 4 MB; 96 thumbnails drawn in 33 ms; memory within three times the data", async () => {
  const file = view_file("many");
  const { size } = statSync(file);
  const { page } = await open(file);
  const ready = Number(await page.locator("body").getAttribute("data-ready"));
  await settle(page);
  assert.equal(await page.locator(".thumb:not(.extra)").count(), 96);
  const times: number[] = [];
  for (let i = 0; i < 20; ++i) {
    await page.keyboard.press("[");
    await settle(page);
  }
  for (let i = 0; i < 20; ++i) {
    await page.keyboard.press("]");
    const began = await page.evaluate(() => new Promise<number>((done) => {
      const at = performance.now();
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - at)));
    }));
    times.push(began);
  }
  const drawn = await page.evaluate(() => [...(window as unknown as { __headlight: { timings: (what: string) => number[] } })
    .__headlight.timings("overview")]);
  const run = new ViewData(file).manifest.runs[0]!;
  const raw = run.blocks.reduce((sum, block) => sum + block.shapes.reduce((cells, [rows]) =>
    cells + (block.layers * block.heads * run.steps.length * rows * (rows + 1)) / 2, 0), 0);
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const heap = await page.evaluate(() => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize);
  const usage = await session.send("Runtime.getHeapUsage") as { usedSize: number; backingStorageSize?: number };
  const used = usage.usedSize + (usage.backingStorageSize ?? 0);
  console.log(`file ${size} bytes, ready ${ready} ms, 96 thumbnails ${median(drawn).toFixed(1)} ms (frames ${median(times).toFixed(1)} ms), ` +
    `heap ${heap} and buffers: ${used} bytes of ${raw} raw`);
  assert.equal(await shown(page, "snapshot"), run.steps.length - 1);
  assert.ok(ready <= 1500, `ready after ${ready} ms`);
  assert.ok(median(drawn) <= 33, `96 thumbnails take ${median(drawn)} ms`);
  assert.ok(used <= 3 * (raw + size), `${used} bytes for ${raw} bytes of data in ${size} of text`);
});
