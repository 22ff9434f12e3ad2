// Numbers and tokens as they are written.

import assert from "node:assert/strict";
import { test } from "node:test";
import { round_ticks } from "../src/draw/ticks.ts";
import { cell_number, coded_weight, different_numbers, exact_weight, percent, short_number } from "../src/text/number.ts";
import { indexed, shortened, visible_token } from "../src/text/token.ts";

test("axes have round numbers", () => {
  assert.deepEqual(round_ticks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(round_ticks(0, 5000, 10), [0, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500, 5000]);
  assert.deepEqual(round_ticks(0.02, 2.4, 2), [2]);
  assert.deepEqual(round_ticks(3, 3, 4), [3]);
});

test("tokens as the program shows them", () => {
  const pairs = [
    [" ", "␠"],
    ["\n", "⏎"],
    ["\t", "⇥"],
    ["", "∅"],
    ["<s>", "<s>"],
    ["\u001b[0m", "\\x1b[0m"],
    ["\u202e", "\\u202e"],
    ["a b", "a␠b"],
    ["\u0301", "◌\u0301"],
    ["é", "é"],
    ["\u{e0001}", "\\U000e0001"],
    ["🦊", "🦊"],
    ["\u00a0", "\\xa0"],
  ] as const;
  for (const [token, shown] of pairs) assert.equal(visible_token(token), shown);
  assert.equal(indexed("a", 3), "a·3");
  assert.equal(shortened("🦊🦊🦊", 2), "🦊…");
});

test("numbers", () => {
  assert.deepEqual([0.97312, 1, 0, 1.2345e-5].map(exact_weight), ["0.97312", "1.00000", "0.00000", "1.2345e-5"]);
  // Codes are off by 1/510 = 0.00196 at most, so a mean of two heads with codes 0 and 1, 0.00196 again, is below 0.004.
  const weight = (value: number) => coded_weight(value, 1 / 510);
  assert.deepEqual([0, 0.0005, 1 / 255, 248 / 255].map(weight), ["<0.002", "<0.003", "0.004", "0.973"]);
  // Differences of two are off by 1/255 = 0.0039: equal codes may hide as much, and one more or less is what it says.
  const change = (value: number) => coded_weight(value, 2 / 510);
  assert.deepEqual([0, 0.001, -1 / 255, -0.5].map(change), ["<0.004", "<0.005", "-0.004", "-0.500"]);
  assert.deepEqual([0, 0.001, 0.97, 1, 0.999, -0.5, 12].map(cell_number), ["0", "<.01", ".97", "1", "1", "−.50", "12"]);
  assert.deepEqual(
    [0.041, 1234, NaN, Infinity, -2, 1.2e-5, 0].map((v) => short_number(v)),
    ["0.0410", "1234", "NaN", "∞", "−2.00", "1.20e−5", "0"],
  );
});

test("100 % is said of everything alone, and 0 % of nothing", () => {
  const texts = (shares: number[], digits: number) => shares.map((share) => percent(share, digits).replace("\u2009%", ""));
  assert.deepEqual(texts([1, 0.9999, 0.9995, 0.9994, 0.5, 0.0005, 0.0004, 0], 1), [
    ...["100.0", "99.9", "99.9", "99.9", "50.0", "0.1", "<0.1", "0.0"],
  ]);
  assert.deepEqual(texts([1, 1 - 1e-9, 0.99994, 0.0001, 0.00004, 1e-12, 0], 2), [
    ...["100.00", "99.99", "99.99", "0.01", "<0.01", "<0.01", "0.00"],
  ]);
  assert.deepEqual(texts([1, 0.997, 0.006, 0.004, 0], 0), ["100", "99", "1", "<1", "0"]);
  assert.deepEqual([percent(NaN), percent(undefined)], ["–", "–"]);
});

test("numbers of an axis have as many digits as tell them apart", () => {
  assert.deepEqual(different_numbers([0, 1, 2]), ["0", "1.0", "2.0"]);
  assert.deepEqual(different_numbers([2.35, 2.4, 2.45]), ["2.35", "2.40", "2.45"]);
  assert.deepEqual(different_numbers([1, 1]), ["1.000000", "1.000000"]);
});
