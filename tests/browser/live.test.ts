// The page of headlight serve: it shows a run as it grows. Needs the program (HEADLIGHT_PROGRAM) and a run that it trains.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browser_test, settle, visit } from "./browser.ts";

const program = process.env["HEADLIGHT_PROGRAM"];

/// A run of a second, and its server.
async function served(body: (address: string, run: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "headlight-live-"));
  const run = join(folder, "run");
  const config = join(folder, "tiny.json");
  writeFileSync(
    config,
    JSON.stringify({
      name: "tiny",
      task: { type: "reverse", symbols: 3, length: 4, train_examples: 40, eval: { examples: 20, seed: 1 } },
      model: { d_model: 8, heads: 2, layers: 1, d_ff: 16 },
      trainer: { steps: 12, batch_size: 8, log_every: 4, eval_every: 5 },
    }),
  );
  const trained = spawnSync(program!, ["train", config, "--run-dir", run], { encoding: "utf8" });
  assert.equal(trained.status, 0, trained.stderr);
  const server = spawn(program!, ["serve", run, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const address = await new Promise<string>((done) => server.stdout.once("data", (text) => done(String(text).trim())));
    await body(address, run);
  } finally {
    const ended = new Promise((done) => server.once("exit", done));
    server.kill("SIGINT");
    assert.equal(await ended, 0);
    rmSync(folder, { recursive: true });
  }
}

const live_test = program ? browser_test : (name: string, _: () => Promise<void>) => console.log(`left out: ${name}`);

live_test("a served page asks its own server alone, and shows what becomes of its run", () =>
  served(async (address, run) => {
    const { page, requests, messages } = await visit(`${address}#v=run`);
    await settle(page);
    const says = (word: string) => page.waitForFunction((text) => document.body.textContent!.includes(text), word);
    await says("finished");
    // The curve gets a point, and the run another state.
    appendFileSync(join(run, "metrics.jsonl"), '{"step":90,"time":1.0,"split":"eval","loss":0.5,"tok_acc":0.75}\n');
    const record = join(run, "run.json");
    writeFileSync(record, readFileSync(record, "utf8").replace('"finished"', '"watched"'));
    await says("watched");
    await page.getByRole("button", { name: "Show as table" }).first().click();
    await says("0.75");
    for (const request of requests) assert.ok(request.startsWith(address), request);
    assert.ok(requests.some((request) => /\/section\/[0-9a-f]+-\d+$/.test(request)));
    assert.deepEqual(messages, []);
  }),
);
