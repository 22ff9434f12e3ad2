// Debian's Chromium, driven by playwright-core: one browser for a test file, one page for a test.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { fixture_page, with_wrong_checksum } from "../../apps/viewer/tests/fixture.ts";
import type { Manifest, Run } from "../../apps/viewer/src/format/manifest.ts";
import type { Shown } from "../../apps/viewer/src/state/probe.ts";

declare const VIEWER_DIR: string;

export const ROOT = join(VIEWER_DIR, "..", "..");
const executable = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const found = existsSync(executable);
const required = process.env["HEADLIGHT_REQUIRE_CHROMIUM"] === "1";
/// Milliseconds after which a test hangs: on a machine with other work pages may take minutes. Short of what ctest gives
/// all of them, so that the one that hangs is named.
const PATIENCE = 240_000;
const made = join(tmpdir(), `headlight-view-${process.pid}`);

let browser: Browser | undefined;

async function launched(): Promise<Browser> {
  browser ??= await chromium.launch({
    executablePath: executable,
    headless: true,
    args: ["--no-sandbox", "--disable-gpu"],
  });
  return browser;
}

after(async () => browser?.close());

export function viewer_page(): string {
  return readFileSync(join(VIEWER_DIR, "dist", "viewer.html"), "utf8");
}

/// A file by name: NAME.html in HEADLIGHT_VIEW_DIR where that has one (files that the program made), else a fixture.
export function view_file(name: string): string {
  const folder = process.env["HEADLIGHT_VIEW_DIR"];
  const own = folder && join(folder, `${name}.html`);
  if (own && existsSync(own)) return own;
  return write_file(name, () => fixture_page(viewer_page(), name));
}

/// A file of which one section has a wrong checksum.
export function damaged_file(name: string, section: number): string {
  return write_file(`${name}-damaged-${section}`, () =>
    with_wrong_checksum(readFileSync(view_file(name), "utf8"), section),
  );
}

/// A file of which the manifest was changed.
export function changed_file(name: string, what: string, change: (runs: Run[]) => void): string {
  return write_file(`${name}-${what}`, () =>
    readFileSync(view_file(name), "utf8").replace(/(?<=id="hl-manifest">)[^]*?(?=<\/script>)/, (text) => {
      const manifest = JSON.parse(text) as Manifest;
      change(manifest.runs);
      return JSON.stringify(manifest).replaceAll("<", "\\u003c");
    }),
  );
}

export function write_file(name: string, content: () => string): string {
  mkdirSync(made, { recursive: true });
  const path = join(made, `${name}.html`);
  if (!existsSync(path)) writeFileSync(path, content());
  return path;
}

export interface Opened {
  page: Page;
  /// Addresses of all requests.
  requests: string[];
  /// Console messages and uncaught errors.
  messages: string[];
}

export interface OpenOptions extends BrowserContextOptions {
  hash?: string;
}

/// A page of the browser. To open a new one takes longer than most tests do with it, so a test gets one that an earlier one
/// has left, with its size and its media as it wants them.
interface Kept {
  /// What cannot be changed of a page.
  fixed: string;
  page: Page;
  shows: Opened;
  taken: boolean;
}
const kept: Kept[] = [];

async function kept_page(options: BrowserContextOptions): Promise<Kept> {
  const { viewport, colorScheme, reducedMotion = null, forcedColors = null, ...rest } = options;
  const fixed = JSON.stringify(rest);
  let one = kept.find((left) => left.fixed === fixed && !left.taken);
  if (!one) {
    const page = await (await (await launched()).newContext(rest)).newPage();
    page.setDefaultTimeout(PATIENCE / 2);
    const made: Kept = { fixed, page, shows: { page, requests: [], messages: [] }, taken: true };
    page.on("request", (request) => made.shows.requests.push(request.url()));
    page.on("console", (message) => made.shows.messages.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => made.shows.messages.push(String(error.stack)));
    kept.push(made);
    one = made;
  }
  one.taken = true;
  await one.page.goto("about:blank");
  await one.page.emulateMedia({ media: null, colorScheme: colorScheme ?? "light", reducedMotion, forcedColors });
  await one.page.setViewportSize(viewport ?? { width: 1280, height: 800 });
  return one;
}

/// A page with a file opened from disk, offline, and decoded.
export async function open(file: string, options: OpenOptions = {}): Promise<Opened> {
  const { hash = "", ...context_options } = options;
  return visit(pathToFileURL(file).href + hash, { offline: true, ...context_options });
}

/// A page with an address opened in it, and decoded.
export async function visit(address: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const chosen = await kept_page({ deviceScaleFactor: 1, ...options });
  const opened: Opened = { page: chosen.page, requests: [], messages: [] };
  chosen.shows = opened;
  await opened.page.goto(address);
  await opened.page.waitForSelector("body[data-ready]");
  return opened;
}

/// Says that a test is done with a page before it ends.
export function leave(page: Page): void {
  for (const one of kept) if (one.page === page) one.taken = false;
}

/// What the page says of itself.
export function shown<K extends keyof Shown>(page: Page, key: K): Promise<Shown[K]> {
  return page.evaluate(
    (name) => (window as unknown as { __headlight: Record<string, unknown> }).__headlight[name],
    key as string,
  ) as Promise<Shown[K]>;
}

/// Waits until everything that was asked for has been decoded and drawn.
export async function settle(page: Page): Promise<void> {
  await page.waitForFunction(() => !document.querySelector(".loading"));
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/// A test that needs Chromium: skipped with a message where there is none, unless it is required.
export function browser_test(name: string, body: () => Promise<void>): void {
  const skip = found || required ? false : `no Chromium at ${executable}; set CHROMIUM`;
  test(name, { skip, timeout: PATIENCE }, async () => {
    try {
      await body();
      for (const one of kept) one.taken = false;
    } catch (error) {
      // What a failed test has left is not handed to the next.
      kept.length = 0;
      for (const context of browser?.contexts() ?? []) await context.close();
      throw error;
    }
  });
}
