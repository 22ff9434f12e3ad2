// What the build of the page and that of the tests share.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/// Colour tables as their bytes in base64: half as large as the lists of "#rrggbb" that they become again. Grey, the entry
/// of which is its index three times, is counted out.
const colormaps = {
  name: "colormaps",
  setup(build) {
    build.onLoad({ filter: /colormaps\.json$/ }, ({ path }) => {
      const { maps } = JSON.parse(readFileSync(path, "utf8"));
      const grey = Buffer.from(Array.from({ length: 256 }, (_, i) => [i, i, i]).flat());
      const packed = Object.entries(maps).map(([name, colours]) => {
        const bytes = Buffer.from(colours.join("").replaceAll("#", ""), "hex");
        return [name, bytes.equals(grey) ? "" : bytes.toString("base64")];
      });
      const contents = `const hex = (byte) => byte.toString(16).padStart(2, "0");
        const grey = Array.from({ length: 256 }, (_, i) => "#" + hex(i).repeat(3));
        const list = (text) => atob(text).match(/[^]{3}/g)?.map((rgb) =>
          "#" + [...rgb].map((byte) => hex(byte.charCodeAt(0))).join("")) ?? grey;
        const maps = ${JSON.stringify(Object.fromEntries(packed))};
        for (const name in maps) maps[name] = list(maps[name]);
        export default { maps };`;
      return { contents, loader: "js" };
    });
  },
};

export const options = {
  bundle: true,
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  // Calls of h() with children behind the properties and not among them: 4 kB less than the automatic runtime.
  jsx: "transform",
  jsxFactory: "h",
  jsxFragment: "Fragment",
  // tsconfig.json is for the type checker alone.
  tsconfigRaw: {},
  // What components are called back by: names that no file and no other script knows.
  mangleProps: /^on_/,
  inject: [fileURLToPath(new URL("jsx.mjs", import.meta.url))],
  plugins: [colormaps],
};
