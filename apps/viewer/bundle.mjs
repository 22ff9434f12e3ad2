// What the build of the page and that of the tests share.

import { readFileSync } from "node:fs";

/// Colour tables as one string of hexadecimal digits each: a third smaller than as lists.
const colormaps = {
  name: "colormaps",
  setup(build) {
    build.onLoad({ filter: /colormaps\.json$/ }, ({ path }) => {
      const { maps } = JSON.parse(readFileSync(path, "utf8"));
      const packed = Object.entries(maps).map(([name, colours]) => [name, colours.join("").replaceAll("#", "")]);
      const contents = `const list = (hex) => hex.match(/.{6}/g).map((digits) => "#" + digits);
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
  jsx: "automatic",
  jsxImportSource: "preact",
  plugins: [colormaps],
};
