import { describe, expect, test } from "@jest/globals";

import { sortCondition, type SortRange } from "../../src/read/sort-range.js";

const text = { name: "at", type: "S" } as const;
const number = { name: "rank", type: "N" } as const;

describe("a range of sort keys", () => {
  test.each([
    [{ gt: "a" }, "#sort > :gt", { ":gt": { S: "a" } }, []],
    [{ gte: "a" }, "#sort >= :gte", { ":gte": { S: "a" } }, []],
    [{ lt: "a" }, "#sort < :lt", { ":lt": { S: "a" } }, []],
    [{ lte: "a" }, "#sort <= :lte", { ":lte": { S: "a" } }, []],
    [{ prefix: "a" }, "begins_with(#sort, :prefix)", { ":prefix": { S: "a" } }, []],
    [
      { lt: "b", gte: "a" },
      "#sort BETWEEN :gte AND :lt",
      { ":gte": { S: "a" }, ":lt": { S: "b" } },
      ["b"],
    ],
  ])("%j is one condition on the sort key", (range, expression, values, excluded) => {
    expect(sortCondition("v", text, range)).toEqual({ expression, values, excluded });
  });

  test("that says nothing is none", () => {
    expect(sortCondition("v", text, {})).toBeUndefined();
    expect(sortCondition("v", undefined, {})).toBeUndefined();
  });

  test.each([
    [undefined, { gt: "a" }, 'view "v": range is given, but the view\'s key has no sort key'],
    [text, { gt: 1 }, 'has gt: 1, which does not fit sort key "at" of type S'],
    [text, { gt: "a", gte: "b" }, "has gt and gte; give at most one lower and one upper bound"],
    [text, { prefix: "a", lt: "b" }, "has a prefix, which stands alone"],
    [number, { prefix: "1" }, 'has prefix: 1, which does not fit sort key "rank" of type N'],
    [text, { begins: "a" }, 'has "begins"; there are gt, gte, lt, lte, prefix'],
  ])("that DynamoDB could not take is told: %j %j", (sort, range, told) => {
    expect(() => sortCondition("v", sort, range as SortRange)).toThrow(told);
  });
});
