// The address: what is shown is in it, what it says is shown, and what cannot be is corrected with a note.

import assert from "node:assert/strict";
import { browser_test, open, settle, shown, view_file } from "./browser.ts";
import { ViewData } from "./view_data.ts";
import { noise } from "../../apps/viewer/tests/fixture.ts";

browser_test("(8) 200 random states survive a round trip through the address", async () => {
  const file = view_file("reverse");
  const run = new ViewData(file).manifest.runs[0]!;
  const { page, messages } = await open(file, { viewport: { width: 640, height: 400 } }); // little to draw
  const pick = <T>(list: readonly T[], ...seed: number[]): T => list[Math.floor(noise(...seed) * list.length)]!;
  const states = Array.from({ length: 200 }, (_, i) => {
    const block = pick(run.blocks, i, 1);
    const probe = Math.floor(noise(i, 2) * run.probes.length);
    const [rows, cols] = block.shapes[probe]!;
    const parts = [
      `v=${pick(["head", "tokens", "roles", "compare", "run"], i, 3)}`,
      `blk=${block.name}`,
      `l=${Math.floor(noise(i, 4) * block.layers)}`,
      `h=${Math.floor(noise(i, 5) * block.heads)}`,
      `p=${probe}`,
      `t=${pick(run.steps.slice(0, -1), i, 6)}`,
      `sel=q${Math.floor(noise(i, 7) * rows)}.k${Math.floor(noise(i, 8) * cols)}`,
      `sc=${pick(["row", "head", "sqrt", "log"], i, 9)}`,
      `th=${pick(["light", "dark"], i, 10)}`,
      `agg=${pick(["mean", "max"], i, 11)}`,
      `num=1`,
      `k=${1 + Math.floor(noise(i, 12) * 10)}`,
      `cm=${pick(["viridis", "magma", "grey"], i, 13)}`,
      `later=${i}`,
    ];
    // Defaults are left out: the first block, layer, head and probe, and three lines.
    const kept = parts.filter((part) => !["l=0", "h=0", "p=0", "k=3", `blk=${run.blocks[0]!.name}`].includes(part));
    return { wanted: `#${parts.join("&")}`, kept: `#${kept.join("&")}` };
  });
  const back = await page.evaluate(async (hashes) => {
    const out: string[] = [];
    for (const hash of hashes) {
      location.hash = hash;
      await new Promise((done) => addEventListener("hashchange", done, { once: true }));
      out.push(location.hash);
    }
    return out;
  }, states.map(({ wanted }) => wanted));
  assert.deepEqual(back, states.map(({ kept }) => kept));
  await settle(page);
  assert.deepEqual(await page.locator(".notes li").count(), 0);
  assert.deepEqual(messages, []);
});

browser_test("(8) an impossible address is corrected, with a note for each value, and never throws", async () => {
  const { page, messages } = await open(view_file("reverse"), {
    hash: "#run=zz&v=moon&blk=dec.nope&l=99&h=-3&p=77&t=123456&sel=q999&sc=%E0%A4%A&x=1",
  });
  await settle(page);
  const notes = await page.locator(".notes li span").allTextContents();
  for (const part of [
    /no run “zz”/,
    /v=moon/,
    /no block “dec.nope”/,
    /no layer l=99/,
    /h=-3/,
    /no probe p=77/,
    /no snapshot of step 123456/,
    /selection q999/,
    /sc=/,
  ]) {
    assert.ok(
      notes.some((note) => part.test(note)),
      `${part} in ${notes.join(" | ")}`,
    );
  }
  assert.deepEqual(messages, []);
  assert.match(await page.evaluate(() => location.hash), /x=1$/);
  await page.locator(".notes button").first().click();
  assert.equal(await page.locator(".notes li").count(), notes.length - 1);
});

browser_test("(8) what one does is written into the address, and a copied link shows it again", async () => {
  const { page } = await open(view_file("reverse"));
  await settle(page);
  for (const key of ["2", "b", "b", "[", "s"]) await page.keyboard.press(key);
  // The address is written at most a few times a second.
  const wanted = `#v=head&blk=dec.cross&t=${await shown(page, "step")}&sc=row`;
  assert.ok((await shown(page, "link")).endsWith(wanted));
  await page.waitForFunction((hash) => location.hash === hash, wanted);
  const again = await open(view_file("reverse"), { hash: await page.evaluate(() => location.hash) });
  assert.deepEqual(await shown(again.page, "address"), await shown(page, "address"));
});
