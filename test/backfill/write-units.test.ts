import { expect, test } from "@jest/globals";

import { writeUnits } from "../../src/backfill/write-units.js";
import { boardByDestination, boardCards, boardRoutes } from "./pipeline.js";

const row = (bytes: number) => ({ value: { text: "x".repeat(bytes) } });

test("a row takes a unit a kilobyte, a contribution twice that and its counter, an entry in the cache none", () => {
  expect([100, 1_000, 2_500].map((bytes) => writeUnits(boardByDestination, row(bytes)))).toEqual([
    1, 2, 3,
  ]);
  expect(writeUnits(boardRoutes, row(100))).toBe(4);
  expect(writeUnits(boardCards, row(100_000))).toBe(0);
});

test("what no table can hold is counted all the same", () => {
  expect(writeUnits(boardByDestination, { value: { bad: undefined } })).toBe(1);
});
