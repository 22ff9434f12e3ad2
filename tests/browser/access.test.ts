// Accessibility rules of axe-core, in every view and theme.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { browser_test, open, settle, shown, view_file, type OpenOptions } from "./browser.ts";
import { ViewData } from "./view_data.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Result {
  violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
}

/// Every rule, or those on colours alone: all others judge what does not change with the theme.
type Rules = "all" | "colours";

async function violations(options: OpenOptions, keys: string[], rules: Rules = "all"): Promise<string[]> {
  // axe is put into the page as a script of its own, which the page's policy would refuse.
  const { page } = await open(view_file("reverse"), { bypassCSP: true, ...options });
  const out: string[] = [];
  await page.addScriptTag({ content: axe });
  for (const key of keys) {
    await page.keyboard.press(key);
    await settle(page);
    const result = await page.evaluate((only) => {
      const tool = (window as unknown as { axe: { run: (options: object) => Promise<Result> } }).axe;
      return tool.run({ resultTypes: ["violations"], ...(only === "colours" ? { runOnly: ["color-contrast", "link-in-text-block"] } : {}) });
    }, rules);
    for (const violation of result.violations) {
      for (const node of violation.nodes)
        out.push(`${key}: ${violation.id}: ${node.html.slice(0, 160)} ${node.failureSummary}`);
    }
  }
  return out;
}

function none(found: string[]): void {
  assert.equal(found.length, 0, found.join("\n"));
}

const VIEWS = ["1", "2", "3", "4", "5", "6"];

browser_test("(7) no violation in the light theme", async () => none(await violations({}, VIEWS)));
browser_test("(7) nor in the dark one", async () => none(await violations({ colorScheme: "dark" }, VIEWS, "colours")));
browser_test("(7) nor in forced colours", async () => none(await violations({ forcedColors: "active" }, VIEWS, "colours")));
browser_test("(7) nor in comparisons, dialogs and tables", async () => {
  none(await violations({ hash: "#v=compare&cmp=b&cv=diff" }, ["n"]));
  none(await violations({}, ["?"]));
  none(await violations({ colorScheme: "dark" }, ["x"]));
});

browser_test("(7) curves are a table for those who do not see the chart", async () => {
  const { page } = await open(view_file("reverse"));
  await page.getByRole("button", { name: "Show as table" }).click();
  assert.ok((await page.locator("dialog table tbody tr").count()) > 10);
  assert.equal(await page.locator(".chart").first().getAttribute("aria-hidden"), "true");
});

browser_test("(7) a table of 100,000 points has them all, a page at a time, in the digits that tell them apart", async () => {
  const file = view_file("curves");
  const data = new ViewData(file);
  const scalar = data.manifest.runs[0]!.scalars.find((entry) => entry.name === "loss")!;
  const section = data.section(scalar.section);
  const { page } = await open(file);
  await page.getByRole("button", { name: "Show as table" }).click();
  assert.match((await page.locator(".pager [aria-live]").textContent())!, /of 500 · 100.000 steps/);
  const row = async (step: number) => {
    await page.locator(".pager input").fill(String(step));
    await page.locator(".pager input").press("Tab");
    const found = page.locator(`dialog tbody tr:has(th:text-is("${step}"))`);
    return [(await found.locator("td").first().textContent())!, await page.locator("dialog tbody tr").count()] as const;
  };
  for (const step of [1, 12_345, 100_000]) {
    const [text, rows] = await row(step);
    assert.equal(rows, 200);
    const wanted = section.readDoubleLE(8 * (scalar.n + step - 1));
    assert.ok(Math.abs(Number(text) - wanted) <= 5e-6, `${text} is not ${wanted}`);
  }
  assert.equal((await row(5001))[0], "NaN");
});

browser_test("(7) the theme follows the system, and a choice outlives it", async () => {
  const { page } = await open(view_file("reverse"), { colorScheme: "dark" });
  assert.equal(await shown(page, "dark"), true);
  await page.emulateMedia({ colorScheme: "light" });
  await page.waitForFunction(() => document.documentElement.dataset["theme"] === "light");
  await page.keyboard.press("t");
  await page.emulateMedia({ colorScheme: "light" });
  assert.equal(await shown(page, "dark"), true);
});
