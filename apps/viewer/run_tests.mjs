// Bundles tests (TypeScript) and runs them with Node's own test runner.
//   node run_tests.mjs DIRECTORY [FILTER]            runs DIRECTORY/*.test.ts whose names contain FILTER, each by itself
//   node run_tests.mjs --shared DIRECTORY [FILTER]   the same in two processes, so that they share two browsers
//   node run_tests.mjs --fixture NAME FILE           writes a file for looking at

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

/// Entries that import the files in turns.
function shards(files, count, folder) {
  mkdirSync(folder, { recursive: true });
  return Array.from({ length: Math.min(count, files.length) }, (_, i) => {
    const entry = join(folder, `part-${i + 1}.test.ts`);
    const own = files.filter((_, at) => at % count === i);
    writeFileSync(entry, own.map((path) => `import ${JSON.stringify(path)};\n`).join(""));
    return entry;
  });
}

const [first, ...rest] = process.argv.slice(2);
if (first === "--fixture") {
  await bundle([join(here, "tests", "fixture.ts")], join(out, "fixture"));
  const { fixture_page } = await import(pathToFileURL(join(out, "fixture", "fixture.mjs")));
  const page = readFileSync(join(here, "dist", "viewer.html"), "utf8");
  writeFileSync(rest[1], fixture_page(page, rest[0]));
} else {
  const shared = first === "--shared";
  const [place, filter = ""] = shared ? rest : [first, ...rest];
  const folder = resolve(here, place);
  let files = readdirSync(folder)
    .filter((name) => name.endsWith(".test.ts") && name.includes(filter))
    .sort()
    .map((name) => join(folder, name));
  if (files.length === 0) throw new Error(`no test file in ${folder} has ${filter} in its name`);
  const target = join(out, basename(folder));
  if (shared) files = shards(files, 2, `${target}-parts`);
  await bundle(files, target);
  const made = files.map((name) => join(target, basename(name).replace(/\.ts$/, ".mjs")));
  const run = spawnSync(
    process.execPath,
    ["--enable-source-maps", "--test", "--test-reporter=spec", `--test-concurrency=${shared ? 2 : 1}`, ...made],
    { stdio: "inherit" },
  );
  process.exit(run.status ?? 1);
}
