// Builds dist/viewer.html, one file without data, and dist/THIRD_PARTY_LICENSES.txt, or, with an argument, both in another
// folder. The same sources give the same bytes.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { options } from "./bundle.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const LIBRARIES = ["preact", "@preact/signals", "@preact/signals-core"];
const LIMIT = 160_000;

async function bundle(entry) {
  const result = await build({ ...options, entryPoints: [here(entry)], minify: true, write: false, format: "iife" });
  return result.outputFiles[0].text.trimEnd();
}

/// Script text that cannot end its element or open a comment in it.
function script_safe(text) {
  return text.replace(/<(?=\/script|!--)/gi, "\\x3C");
}

/// Functions and not strings replace, because `$&` in code would mean something in a string.
function insert(page, marker, text) {
  if (page.split(marker).length !== 2) throw new Error(`index.html must have ${marker} once`);
  return page.replace(marker, () => text);
}

function licences() {
  const parts = LIBRARIES.map((name) => {
    const { version, license } = JSON.parse(readFileSync(here(`node_modules/${name}/package.json`), "utf8"));
    const text = readFileSync(here(`node_modules/${name}/LICENSE`), "utf8").trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  const colours =
    "Colours of differences: RdBu of ColorBrewer, Copyright (c) 2002 Cynthia Brewer, Mark Harrower and The " +
    "Pennsylvania State University, licensed under the Apache License, Version 2.0 " +
    "(http://www.apache.org/licenses/LICENSE-2.0).\n\nColour maps cividis (Nuñez, Anderton and Renslow 2018), viridis " +
    "and magma (Smith and van der Walt 2015) are in the public domain (CC0).\n";
  return [...parts, colours].join(`\n${"-".repeat(78)}\n\n`);
}

const styles = await bundle("src/style/all.css");
const script = await bundle("src/main.tsx");
let page = readFileSync(here("src/index.html"), "utf8");
page = insert(page, "/*headlight:style*/", styles);
page = insert(page, "/*headlight:script*/", script_safe(script));
if (Buffer.byteLength(page) > LIMIT)
  throw new Error(`viewer.html has ${Buffer.byteLength(page)} bytes, above ${LIMIT}`);
const out = process.argv[2] ?? here("dist");
mkdirSync(out, { recursive: true });
writeFileSync(join(out, "viewer.html"), page);
writeFileSync(join(out, "THIRD_PARTY_LICENSES.txt"), licences());
console.log(`${join(out, "viewer.html")}: ${Buffer.byteLength(page)} bytes`);
