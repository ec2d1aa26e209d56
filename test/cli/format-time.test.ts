import { expect, test } from "@jest/globals";

import { agoOf, clockOf, durationOf } from "../../src/cli/format-time.js";

test.each([
  [0, "0.0 s"],
  [812, "0.8 s"],
  [9_960, "10 s"],
  [119_000, "119 s"],
  [20 * 60_000 + 59_000, "20 min"],
  [5 * 3_600_000, "5 h"],
  [3 * 86_400_000, "3 d"],
  [-5, "0.0 s"],
])("%d ms are %s", (ms, text) => {
  expect(durationOf(ms)).toBe(text);
});

test("what was is so long ago, in whole units", () => {
  expect([agoOf(0, 3_400), agoOf(0, 400_000), agoOf(5_000, 0)]).toEqual([
    "3 s ago",
    "6 min ago",
    "0 s ago",
  ]);
});

test("a time is one of day, with the date of another day", () => {
  const now = Date.UTC(2026, 0, 5, 10);
  expect(clockOf(now - 60_000, now)).toBe("09:59:00");
  expect(clockOf(now - 86_400_000, now)).toBe("2026-01-04 10:00:00");
});
