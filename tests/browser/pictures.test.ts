// Golden pictures, narrow and enlarged screens, print.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { ROOT, browser_test, leave, open, settle, view_file, viewer_page, write_file } from "./browser.ts";
import { png_pixels } from "./png.ts";
import { fixture_page } from "../../apps/viewer/tests/fixture.ts";

const golden = join(ROOT, "tests", "browser", "golden");
const update = process.env["HEADLIGHT_UPDATE_GOLDEN"] === "1";

/// Text is taken away, because fonts differ between machines; so is what text makes wider or narrower, and the page scrolls
/// as a whole, so that the height of lines of text does not change the room for a map.
const NO_TEXT = `* { color: transparent !important; text-shadow: none !important; caret-color: transparent !important; }
  #hl-page { height: auto !important; } main { overflow: visible !important; } .timebar { display: none !important; } h3, .cap, p { visibility: hidden; height: 18px; overflow: hidden; } *, *::before, *::after { transition: none !important; }`;

async function check_golden(page: Page, selector: string, name: string): Promise<void> {
  await page.mouse.move(2, 2);
  await page.addStyleTag({ content: NO_TEXT });
  await settle(page);
  const png = await page.locator(selector).first().screenshot();
  const path = join(golden, `${name}.png`);
  if (update || !existsSync(path)) {
    if (!update) assert.fail(`${name}: no golden picture; HEADLIGHT_UPDATE_GOLDEN=1 writes it`);
    writeFileSync(path, png);
    return;
  }
  const [a, b] = [png_pixels(readFileSync(path)), png_pixels(png)];
  assert.deepEqual([b.width, b.height], [a.width, a.height], name);
  let different = 0;
  for (let i = 0; i < a.data.length; i += 4) {
    // A step of one in a channel is rounding of blended colours.
    if ([0, 1, 2].some((channel) => Math.abs(a.data[i + channel]! - b.data[i + channel]!) > 1)) ++different;
  }
  const share = different / (a.data.length / 4);
  if (share > 0.001) {
    const kept = join(tmpdir(), `headlight-${name}.png`);
    writeFileSync(kept, png);
    assert.fail(`${name}: ${(100 * share).toFixed(2)} % of the pixels differ from the golden picture; see ${kept}`);
  }
}

/// Golden pictures are of fixtures, whatever files other tests use.
const fixture = (name: string) => write_file(`golden-${name}`, () => fixture_page(viewer_page(), name));

const PICTURES: [string, string, string, string, "light" | "dark"][] = [
  ["grid-light", "reverse", "", "[role=grid]", "light"],
  ["grid-dark", "reverse", "", "[role=grid]", "dark"],
  ["grid-early-sqrt", "reverse", "#t=300&sc=sqrt&cm=magma", "[role=grid]", "dark"],
  ["head-causal-selection", "reverse", "#v=head&blk=dec.self&l=1&h=1&sel=q3.k1.q5k2", ".cells", "light"],
  ["head-window-padding", "decoder", "#v=head&p=1&l=1", ".cells", "dark"],
  ["head-nan", "nan", "#v=head&t=252", ".cells", "light"],
  ["compare-difference-light", "reverse", "#v=compare&blk=dec.cross&l=1&cmp=@0&cv=diff", ".cells", "light"],
  ["compare-difference-dark", "reverse", "#v=compare&blk=dec.cross&l=1&cmp=@0&cv=diff", ".cells", "dark"],
];

for (const [name, file, hash, selector, colorScheme] of PICTURES) {
  browser_test(`(17) golden picture ${name}`, async () => {
    mkdirSync(golden, { recursive: true });
    const { page } = await open(fixture(file), { hash, colorScheme });
    await settle(page);
    await check_golden(page, selector, name);
  });
}

/// What sticks out of the page to the right, apart from what scrolls in a box of its own.
function overflow(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const out: string[] =
      document.documentElement.scrollWidth > innerWidth + 1
        ? [`page is ${document.documentElement.scrollWidth} wide`]
        : [];
    for (const element of document.querySelectorAll("header, main, footer, .card, button, select, .notes")) {
      if (element.closest(".plot, .wide, .scroll, .tokens, [role=tablist]") && !element.matches(".card")) continue;
      const box = element.getBoundingClientRect();
      if (box.width > 0 && box.right > innerWidth + 1) out.push(element.outerHTML.slice(0, 80));
    }
    return out;
  });
}

for (const [name, width, height] of [
  ["320 pixels", 320, 640],
  ["200 % zoom", 640, 400],
] as const) {
  browser_test(`(16) ${name}: nothing is lost to the side, and every view draws`, async () => {
    const folder = join(tmpdir(), "headlight-view-screens");
    mkdirSync(folder, { recursive: true });
    for (const colorScheme of ["light", "dark"] as const) {
      const { page, messages } = await open(view_file("reverse"), { viewport: { width, height }, colorScheme });
      for (const key of ["1", "2", "3", "4", "c", "6"]) {
        await page.keyboard.press(key);
        await settle(page);
        await page.screenshot({ path: join(folder, `${width}-${colorScheme}-${key}.png`) });
        assert.deepEqual(await overflow(page), [], `view ${key}`);
      }
      assert.deepEqual(messages, []);
      leave(page);
    }
  });
}

browser_test("(18) printed pages are not empty", async () => {
  const { page } = await open(view_file("reverse"), { hash: "#v=head&blk=dec.cross&l=1" });
  await settle(page);
  const pdf = await page.pdf();
  assert.equal(pdf.subarray(0, 5).toString("latin1"), "%PDF-");
  assert.ok(pdf.length > 10_000, `${pdf.length} bytes`);
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("[role=tablist]").isVisible(), false);
  assert.equal(await page.locator(".cells").isVisible(), true);
});
