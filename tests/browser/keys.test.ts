// The keyboard: every key of the table, the order of Tab, and names that a screen reader hears.

import assert from "node:assert/strict";
import { browser_test, leave, open, settle, shown, view_file } from "./browser.ts";
import { ViewData } from "./view_data.ts";

const file = () => view_file("reverse");

browser_test("(6) 1 to 6 choose the view", async () => {
  const { page } = await open(file());
  const names = ["overview", "head", "tokens", "roles", "compare", "run"];
  for (const [i, name] of names.entries()) {
    await page.keyboard.press(String(i + 1));
    assert.equal((await shown(page, "address"))["v"], name);
    assert.equal(
      await page
        .locator("[role=tab][aria-selected=true]")
        .textContent()
        .then((text) => text!.toLowerCase().slice(1)),
      name,
    );
  }
});

browser_test(
  "(6) arrows walk the grid over blocks, layers, heads and what combines them; the focus follows",
  async () => {
    const { page } = await open(file());
    await settle(page);
    await page.locator("[role=gridcell][tabindex='0']").focus();
    const at = async () => {
      const { blk, l, h, agg } = await shown(page, "address");
      return [blk, l, h, agg];
    };
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
      return at();
    };
    assert.deepEqual(await press("ArrowRight", "ArrowDown"), ["", 1, 1, "head"]);
    assert.deepEqual(await press("End"), ["", 1, 0, "rollout"]);
    assert.deepEqual(await press("ArrowLeft"), ["", 1, 0, "max"]);
    assert.deepEqual(await press("Home"), ["", 1, 0, "head"]);
    assert.deepEqual(await press("ArrowDown"), ["dec.self", 0, 0, "head"]);
    assert.deepEqual(await press("ArrowUp", "ArrowLeft"), ["", 1, 0, "head"]);
    const label = await page.evaluate(() => document.activeElement!.querySelector(".unseen")!.textContent);
    assert.match(label!, /^enc\.self layer 1 head 0, .+ entropy .+ bits$/);
    assert.equal(await page.locator("[role=grid] [tabindex='0']").count(), 1);
    await page.keyboard.press("Enter");
    assert.equal((await shown(page, "address"))["v"], "head");
  },
);

browser_test("(6) arrows, Home, End, Enter and Escape in the matrix", async () => {
  const { page } = await open(file(), { hash: "#v=head&blk=dec.cross&l=1" });
  await settle(page);
  const [rows, cols] = new ViewData(file()).manifest.runs[0]!.blocks[2]!.shapes[0]!;
  for (const key of ["ArrowRight", "ArrowRight", "ArrowDown"]) await page.keyboard.press(key);
  assert.deepEqual(await shown(page, "cursor"), { q: 1, k: 1 });
  await page.keyboard.press("End");
  assert.deepEqual(await shown(page, "cursor"), { q: 1, k: cols - 1 });
  await page.keyboard.press("Home");
  for (let i = 0; i < rows + 3; ++i) await page.keyboard.press("ArrowDown");
  assert.deepEqual(await shown(page, "cursor"), { q: rows - 1, k: 0 });
  await page.keyboard.press("Enter");
  assert.equal((await shown(page, "address"))["sel"], `q${rows - 1}k0`);
  const name = await page.locator(".cells [role=gridcell]").getAttribute("aria-label");
  assert.match(name!, new RegExp(`^q${rows - 1} .+ → k0 .+, .+ \\(exact\\)$`));
  await page.keyboard.press("Escape");
  assert.equal((await shown(page, "address"))["sel"], "");
  assert.equal(await shown(page, "cursor"), null);
});

browser_test("(6) snapshots, probes, blocks and the other letters", async () => {
  const { page } = await open(file());
  const run = new ViewData(file()).manifest.runs[0]!;
  const count = run.steps.length;
  const press = async (key: string) => (await page.keyboard.press(key), shown(page, "address"));
  const snapshot = async (key: string) => (await page.keyboard.press(key), shown(page, "snapshot"));
  assert.equal(await snapshot("["), count - 2);
  assert.equal(await snapshot("Shift+BracketLeft"), count - 12);
  assert.equal(await snapshot("Shift+BracketRight"), count - 2);
  assert.equal(await snapshot("]"), count - 1);
  assert.equal(await snapshot("]"), count - 1);
  assert.equal((await press("p"))["p"], 1);
  assert.equal((await press("Shift+P"))["p"], 0);
  assert.equal((await press("Shift+P"))["p"], run.probes.length - 1);
  for (const block of [...run.blocks.slice(1), run.blocks[0]!]) {
    assert.equal((await press("b"))["blk"], block === run.blocks[0] ? "" : block.name);
  }
  assert.deepEqual(
    [(await press("m"))["agg"], (await press("m"))["agg"], (await press("m"))["agg"]],
    ["mean", "max", "head"],
  );
  const scales = [];
  for (let i = 0; i < 5; ++i) scales.push((await press("s"))["sc"]);
  assert.deepEqual(scales, ["row", "head", "sqrt", "log", "lin"]);
  assert.deepEqual([(await press("n"))["num"], (await press("n"))["num"]], [true, false]);
  assert.deepEqual([(await press("t"))["th"], (await press("t"))["th"]], ["dark", "light"]);
  assert.equal((await press("c"))["v"], "compare");
  await page.keyboard.press("/");
  await page.waitForFunction(() => document.activeElement?.id === "hl-filter");
  await page.keyboard.type("1sx");
  assert.equal((await shown(page, "address"))["v"], "overview");
  assert.equal((await shown(page, "address"))["sc"], "lin");
  await page.locator("#hl-filter").blur();
  for (const [key, title] of [
    ["x", "Export what is shown"],
    ["?", "Keys and help"],
  ] as const) {
    await page.keyboard.press(key);
    assert.equal(await page.locator("dialog[open]").getAttribute("aria-label"), title);
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
  }
  await page.keyboard.press("Space");
  assert.equal(await shown(page, "playing"), true);
  await page.keyboard.press("Space");
  assert.equal(await shown(page, "playing"), false);
});

browser_test(
  "(6) Home and End on the slider are the first and last step; a modifier leaves keys to the browser",
  async () => {
    const { page } = await open(file());
    const { steps } = new ViewData(file()).manifest.runs[0]!;
    await page.locator("#hl-step").focus();
    await page.keyboard.press("Home");
    assert.equal(await shown(page, "step"), steps[0]);
    await page.keyboard.press("ArrowRight");
    assert.equal(await shown(page, "step"), steps[1]);
    await page.keyboard.press("End");
    assert.equal(await shown(page, "step"), steps.at(-1));
    assert.match(
      (await page.locator("#hl-step").getAttribute("aria-valuetext"))!,
      /^step \d+, loss [\d.e-]+, token accuracy [\d.]+\s%, sequence accuracy [\d.]+\s%$/,
    );
    await page.keyboard.press("Control+b");
    assert.equal((await shown(page, "address"))["blk"], "");
  },
);

browser_test("(6) character keys can be turned off; the others stay", async () => {
  const { page } = await open(file());
  await page.keyboard.press("?");
  await page.locator("dialog input[type=checkbox]").uncheck();
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.locator("h1").click();
  for (const key of ["2", "b", "x", "s", "?"]) await page.keyboard.press(key);
  const address = await shown(page, "address");
  assert.deepEqual([address["v"], address["blk"], address["sc"]], ["overview", "", "lin"]);
  assert.equal(await page.locator("dialog").count(), 0);
  await page.keyboard.press("ArrowRight");
  assert.equal((await shown(page, "address"))["h"], 1);
});

browser_test("(6) Tab reaches each region once", async () => {
  for (const [hash, regions] of [
    ["", ["header", "tablist", "main", "footer"]],
    ["#v=head", ["header", "tablist", "main", "footer"]],
    ["#v=roles", ["header", "tablist", "main", "footer"]],
  ] as const) {
    const { page } = await open(file(), { hash });
    await settle(page);
    const seen: string[] = [];
    const grid_stops = new Set<string>();
    for (let i = 0; i < 140; ++i) {
      await page.keyboard.press("Tab");
      const place = await page.evaluate(() => {
        const element = document.activeElement!;
        if (element === document.body) return "";
        return (
          (element.closest("[role=grid]") ? "grid " : "") +
          (element.closest("header.top, [role=tablist], main, footer")?.matches("[role=tablist]")
            ? "tablist"
            : (element.closest("header.top, main, footer")?.tagName.toLowerCase() ?? "?"))
        );
      });
      if (place === "") break;
      const region = place.replace("grid ", "");
      if (place.startsWith("grid")) grid_stops.add(String(i));
      if (seen.at(-1) !== region) seen.push(region);
    }
    assert.deepEqual(seen, regions);
    assert.ok(grid_stops.size <= 1, "the grid is one stop");
    leave(page);
  }
});

browser_test("(6) every target is at least 24 pixels", async () => {
  const { page } = await open(file());
  for (const key of ["1", "2", "3", "4", "5", "6"]) {
    await page.keyboard.press(key);
    await settle(page);
    const small = await page.evaluate(() =>
      [...document.querySelectorAll("button, select, input:not([type=checkbox]), label.check")]
        .filter((element) => (element as HTMLElement).offsetParent !== null)
        .map((element) => ({ box: element.getBoundingClientRect(), text: element.outerHTML.slice(0, 80) }))
        .filter(({ box }) => box.width < 24 || box.height < 24)
        .map(({ text }) => text),
    );
    assert.deepEqual(small, []);
  }
});
