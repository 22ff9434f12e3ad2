// node compare.mjs DIRECTORY [TOLERANCE]
//
// Each folder of DIRECTORY has model.onnx and run-*.json, inputs with the outputs that Headlight computed. Runs the model
// on them and prints the largest difference |a - b| / max(1, |b|) of each model, over all outputs and runs. Exit code 1
// when one is above TOLERANCE (1e-5) or is no number, or an output is missing, unknown or of another shape.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";

const makers = {
  int64: (data) => BigInt64Array.from(data, BigInt),
  float32: (data) => Float32Array.from(data),
};

function feedsOf(inputs) {
  const entries = Object.entries(inputs);
  return Object.fromEntries(entries.map(([name, { type, dims, data }]) => [name, new Tensor(type, makers[type](data), dims)]));
}

/** The largest difference of one output, or a text that says why there is none. */
function differenceOf(found, wanted) {
  if (found === undefined) return "it is missing";
  if (found.dims.join() !== wanted.dims.join()) return `its shape is (${found.dims}) and not (${wanted.dims})`;
  let largest = 0;
  for (let i = 0; i < wanted.data.length; ++i) {
    const difference = Math.abs(found.data[i] - wanted.data[i]) / Math.max(1, Math.abs(wanted.data[i]));
    if (!Number.isFinite(difference)) return `element ${i} is ${found.data[i]} and not ${wanted.data[i]}`;
    largest = Math.max(largest, difference);
  }
  return largest;
}

async function compare(folder, tolerance) {
  const session = await InferenceSession.create(join(folder, "model.onnx"), { logSeverityLevel: 3 });
  const worst = { difference: 0, output: "" };
  const faults = [];
  let runs = 0;
  for (const file of readdirSync(folder).filter((name) => /^run-\d+\.json$/.test(name))) {
    const { inputs, outputs } = JSON.parse(readFileSync(join(folder, file), "utf8"));
    const found = await session.run(feedsOf(inputs));
    ++runs;
    for (const name of Object.keys(found)) if (!(name in outputs)) faults.push(`${file}: Headlight has no ${name}`);
    for (const [name, wanted] of Object.entries(outputs)) {
      const difference = differenceOf(found[name], wanted);
      if (typeof difference === "string") faults.push(`${file}: ${name}: ${difference}`);
      else if (difference > worst.difference) Object.assign(worst, { difference, output: name });
    }
  }
  if (runs === 0) faults.push("there is no run to compare");
  if (worst.difference > tolerance) faults.push(`${worst.output}: above ${tolerance}`);
  await session.release();
  return { ...worst, faults };
}

const [directory, tolerance = "1e-5"] = process.argv.slice(2);
if (directory === undefined) {
  console.error("usage: node compare.mjs DIRECTORY [TOLERANCE]");
  process.exit(2);
}
const names = readdirSync(directory).sort();
let largest = 0;
let failed = names.length === 0;
for (const name of names) {
  let result;
  try {
    result = await compare(join(directory, name), Number(tolerance));
  } catch (error) {
    result = { difference: 0, output: "", faults: [error.message] };
  }
  largest = Math.max(largest, result.difference);
  failed ||= result.faults.length > 0;
  console.log(`${result.difference.toExponential(1)}  ${name}${result.output ? ` (${result.output})` : ""}`);
  for (const fault of result.faults) console.log(`  fault: ${fault}`);
}
console.log(`${largest.toExponential(1)}  the largest of ${names.length} models`);
process.exit(failed ? 1 : 0);
