// Files of unusual content, and damaged ones.

import assert from "node:assert/strict";
import { browser_test, damaged_file, leave, open, settle, shown, view_file, viewer_page, write_file } from "./browser.ts";
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
