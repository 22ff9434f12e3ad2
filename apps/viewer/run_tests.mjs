// Bundles tests (TypeScript) and runs them with Node's own test runner.
//   node run_tests.mjs DIRECTORY [FILTER]            runs DIRECTORY/*.test.ts whose names contain FILTER
//   node run_tests.mjs --fixture NAME FILE           writes a file for looking at

import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { basename, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { options } from "./bundle.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
// Inside node_modules, so that packages which stay outside the bundle are found from there.
const out = join(here, "node_modules", ".cache", "tests");

async function bundle(files, folder) {
  rmSync(folder, { recursive: true, force: true });
  await build({
    ...options,
    entryPoints: files,
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    platform: "node",
    format: "esm",
    external: ["playwright-core", "axe-core"],
    nodePaths: [join(here, "node_modules")],
    sourcemap: "inline",
    define: { VIEWER_DIR: JSON.stringify(here) },
  });
}

const [first, ...rest] = process.argv.slice(2);
if (first === "--fixture") {
  await bundle([join(here, "tests", "fixture.ts")], join(out, "fixture"));
  const { fixture_page } = await import(pathToFileURL(join(out, "fixture", "fixture.mjs")));
  const page = readFileSync(join(here, "dist", "viewer.html"), "utf8");
  writeFileSync(rest[1], fixture_page(page, rest[0]));
} else {
  const folder = resolve(here, first);
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".test.ts") && name.includes(rest[0] ?? ""))
    .sort();
  const target = join(out, basename(folder));
  await bundle(
    files.map((name) => join(folder, name)),
    target,
  );
  const made = files.map((name) => join(target, name.replace(/\.ts$/, ".mjs")));
  const run = spawnSync(
    process.execPath,
    ["--enable-source-maps", "--test", "--test-reporter=spec", "--test-concurrency=1", ...made],
    { stdio: "inherit" },
  );
  process.exit(run.status ?? 1);
}
