// Files that the page hands out: they parse, and hold what is shown.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { browser_test, leave, open, settle, shown, view_file, write_file } from "./browser.ts";
import { gif_frames } from "./gif.ts";
import { pixel, png_pixels } from "./png.ts";
import { colours, ViewData } from "./view_data.ts";

async function save(page: Page, button: string): Promise<{ name: string; bytes: Buffer }> {
  await page.keyboard.press("x");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button, exact: true }).click(),
  ]);
  await page.waitForSelector("dialog", { state: "detached" });
  return { name: download.suggestedFilename(), bytes: readFileSync((await download.path())!) };
}

const HEAD = "#v=head&blk=dec.cross&l=1";

browser_test("(10) .npy holds the float32 weights of the head", async () => {
  const file = view_file("reverse");
  const data = new ViewData(file);
  const run = data.manifest.runs[0]!;
  const { page } = await open(file, { hash: HEAD });
  await settle(page);
  const { bytes } = await save(page, ".npy array");
  assert.equal(bytes.subarray(0, 6).toString("latin1"), "\x93NUMPY");
  const length = bytes.readUInt16LE(8);
  const [rows, cols] = run.blocks[2]!.shapes[0]!;
  assert.match(
    bytes.subarray(10, 10 + length).toString("latin1"),
    new RegExp(`'<f4'.*'shape': \\(${rows}, ${cols}\\)`),
  );
  for (let i = 0; i < rows * cols; ++i) {
    const place = { block: 2, probe: 0, step: run.steps.at(-1)!, layer: 1, head: 0 };
    assert.equal(bytes.readFloatLE(10 + length + 4 * i), data.exact(run, place, Math.floor(i / cols), i % cols));
  }
});

browser_test("(10) CSV holds the same, with tokens", async () => {
  const file = view_file("reverse");
  const data = new ViewData(file);
  const run = data.manifest.runs[0]!;
  const { page } = await open(file, { hash: HEAD });
  await settle(page);
  const { bytes, name } = await save(page, "CSV");
  assert.match(name, /dec\.cross-L1-H0-p0-step\d+\.csv$/);
  const lines = bytes
    .toString("utf8")
    .trimEnd()
    .split("\r\n")
    .map((line) => line.split(","));
  const [rows, cols] = run.blocks[2]!.shapes[0]!;
  assert.deepEqual([lines.length, lines[0]!.length], [rows + 1, cols + 1]);
  const vocab = run.vocab ?? data.manifest.vocab;
  assert.equal(lines[0]![1], `0:${vocab[run.probes[0]!.src[0]!]}`);
  for (let q = 0; q < rows; ++q) {
    for (let k = 0; k < cols; ++k) {
      const place = { block: 2, probe: 0, step: run.steps.at(-1)!, layer: 1, head: 0 };
      assert.equal(Math.fround(Number(lines[q + 1]![k + 1])), data.exact(run, place, q, k));
    }
  }
});

browser_test("(10) PNG at three sizes and SVG show the cells in their colours and say what they are", async () => {
  const file = view_file("reverse");
  const data = new ViewData(file);
  const run = data.manifest.runs[0]!;
  const { page } = await open(file, { hash: HEAD });
  await settle(page);
  const svg = (await save(page, "SVG")).bytes.toString("utf8");
  const picture = /<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" fill="url\(#hatch\)"/.exec(svg)!;
  const [x, y, width, height] = picture.slice(1).map(Number) as [number, number, number, number];
  const [rows, cols] = run.blocks[2]!.shapes[0]!;
  const table = colours("cividis", false);
  const codes = data.codes(run, 2, 0);
  const code = (q: number, k: number) =>
    data.code(run, { block: 2, probe: 0, snapshot: run.steps.length - 1, layer: 1, head: 0 }, q, k, codes)!;
  for (const [button, scale] of [
    ["PNG", 1],
    ["PNG ×2", 2],
    ["PNG ×4", 4],
  ] as const) {
    const image = png_pixels((await save(page, button)).bytes);
    for (let q = 0; q < rows; ++q) {
      for (let k = 0; k < cols; ++k) {
        const at = pixel(image, scale * (x + ((k + 0.5) * width) / cols), scale * (y + ((q + 0.5) * height) / rows));
        assert.equal(at, table[code(q, k)]);
      }
    }
  }
  // Text stays text: run, step, block, layer, head, probe, scale.
  const words = [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map((match) => match[1]).join("\n");
  for (const part of [
    run.name,
    `step ${run.steps.at(-1)}`,
    "dec.cross L1 H0",
    "probe 0",
    "linear, 0 to 1",
    "cividis",
    "·8",
  ]) {
    assert.ok(words.includes(part), `${part} in ${words}`);
  }
  const parsed = await page.evaluate((text) => {
    const root = new DOMParser().parseFromString(text, "image/svg+xml");
    return {
      error: root.querySelector("parsererror")?.textContent ?? "",
      colours: [...root.querySelectorAll("g rect")].map((r) => r.getAttribute("fill")),
    };
  }, svg);
  assert.equal(parsed.error, "");
  assert.ok(parsed.colours.includes(table[code(0, cols - 1)]!));
});

browser_test("(10) a GIF has a frame for each snapshot, with the cells in their colours", async () => {
  const file = view_file("reverse");
  const data = new ViewData(file);
  const run = data.manifest.runs[0]!;
  const { page } = await open(file, { hash: HEAD });
  await settle(page);
  const saved = await save(page, "GIF over training");
  assert.match(saved.name, /-head-dec\.cross-L1-H0-p0-training\.gif$/);
  const gif = gif_frames(saved.bytes);
  assert.equal(gif.frames.length, run.steps.length);
  // Four snapshots a second, and two seconds for the last one.
  assert.deepEqual(
    gif.frames.map((frame) => frame.hundredths),
    run.steps.map((_, i) => (i === run.steps.length - 1 ? 200 : 25)),
  );
  // The cells stand where the PNG of the last snapshot has them: found by its colours.
  const [rows, cols] = run.blocks[2]!.shapes[0]!;
  const table = colours("cividis", false);
  const codes = data.codes(run, 2, 0);
  const code = (nth: number, q: number, k: number) =>
    data.code(run, { block: 2, probe: 0, snapshot: nth, layer: 1, head: 0 }, q, k, codes)!;
  const svg = (await save(page, "SVG")).bytes.toString("utf8");
  const box = /<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" fill="url\(#hatch\)"/.exec(svg)!;
  const [x, y, width, height] = box.slice(1).map(Number) as [number, number, number, number];
  assert.ok(gif.width > x + width && gif.height > y + height);
  // The labels of some snapshot may be wider than those of the last one, so its cells begin further to the right there.
  const channels = (hex: string) => [1, 3, 5].map((from) => parseInt(hex.slice(from, from + 2), 16));
  const away = (found: string, wanted: string) =>
    Math.max(...channels(found).map((c, i) => Math.abs(c - channels(wanted)[i]!)));
  const worst = (shift: number) => {
    let most = 0;
    gif.frames.forEach((frame, nth) => {
      for (let q = 0; q < rows; ++q) {
        for (let k = 0; k < cols; ++k) {
          const [px, py] = [shift + x + ((k + 0.5) * width) / cols, y + ((q + 0.5) * height) / rows];
          most = Math.max(most, away(pixel(frame, px, py), table[code(nth, q, k)]!));
        }
      }
    });
    return most;
  };
  const shifts = Array.from({ length: gif.width - Math.ceil(x + width) }, (_, shift) => worst(shift));
  // A palette of 255 has 225 of the 256 colours of the map: the next one is half a step of the map away, at most 3 of 255.
  assert.ok(Math.min(...shifts) <= 3, `colours are ${Math.min(...shifts)} away`);
});

browser_test("(10) every view can be saved as PNG and SVG, in both themes and with odd tokens", async () => {
  for (const name of ["reverse", "odd"]) {
    const { page, messages } = await open(view_file(name), { colorScheme: "dark" });
    // Odd tokens are in the pictures of these views alone.
    for (const key of name === "odd" ? ["2", "3", "6"] : ["1", "2", "3", "4", "5", "6"]) {
      await page.keyboard.press(key);
      if (key === "5") await page.keyboard.press("c");
      await settle(page);
      const image = png_pixels((await save(page, "PNG")).bytes);
      assert.ok(image.width > 200 && image.height > 100);
      const svg = (await save(page, "SVG")).bytes.toString("utf8");
      const error = await page.evaluate(
        (text) =>
          new DOMParser().parseFromString(text, "image/svg+xml").querySelector("parsererror")?.textContent ?? "",
        svg,
      );
      assert.equal(error, "");
      assert.ok(!/<script|onerror=alert\(1\)>/.test(svg));
    }
    assert.deepEqual(messages, []);
    leave(page);
  }
});

browser_test("(10) tables: roles and curves as CSV", async () => {
  const file = view_file("reverse");
  const { page } = await open(file, { hash: "#v=roles" });
  await settle(page);
  const run = new ViewData(file).manifest.runs[0]!;
  const heads = run.blocks.reduce((sum, block) => sum + block.layers * block.heads, 0);
  const roles = (await save(page, "CSV")).bytes.toString("utf8").trimEnd().split("\r\n");
  assert.equal(roles.length, heads + 1);
  assert.match(roles[0]!, /^block,layer,head,tag,previous,previous chance,previous n,/);
  await page.keyboard.press("6");
  await settle(page);
  const curves = (await save(page, "CSV")).bytes.toString("utf8").trimEnd().split("\r\n");
  assert.equal(curves.length, 1 + run.scalars.reduce((sum, scalar) => sum + scalar.n, 0));
});

browser_test("(10) a saved page is the same file again and opens as it was saved; a link can be copied", async () => {
  const { page } = await open(view_file("reverse"), {
    hash: `${HEAD}&sel=q3&num=1`,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  await settle(page);
  const { bytes } = await save(page, "Save this page");
  const again = await open(write_file("saved-again", () => bytes.toString("utf8")));
  await settle(again.page);
  assert.deepEqual(await shown(again.page, "address"), await shown(page, "address"));
  assert.deepEqual(await shown(again.page, "map"), await shown(page, "map"));
  assert.deepEqual(again.messages, []);
  const twice = await save(again.page, "Save this page");
  assert.equal(twice.bytes.toString("utf8"), bytes.toString("utf8"));
  await page.keyboard.press("x");
  await page.getByRole("button", { name: "Copy link" }).click();
  await page.waitForSelector("dialog", { state: "detached" });
  assert.equal(await page.locator(".status").textContent(), "Link copied");
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await shown(page, "link"));
});
