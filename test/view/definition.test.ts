import { describe, expect, test } from "@jest/globals";

import { avg, count, max } from "../../src/view/aggregate/measure.js";
import { definitionOf } from "../../src/view/definition.js";
import { parseViewName, viewName } from "../../src/view/view-name.js";

/** Functions as a compiler lays them out: jest's own would not leave one as it is written. */
const compiled = (source: string) => ({ toString: () => source }) as unknown;
const functionOf = (source: string): unknown => Object.assign(() => undefined, compiled(source));

const definition = (part: unknown) => definitionOf({ part })["part"];

describe("G43: a definition", () => {
  test("has a text for each part that is given", () => {
    expect(definitionOf({ kind: "table-view", row: undefined, key: ["a"] })).toEqual({
      kind: '"table-view"',
      key: '["a"]',
    });
  });

  test.each([
    ["attributes in another order", { a: 1, b: ["x"] }, { b: ["x"], a: 1 }],
    ["a number written otherwise", { gte: 100 }, { gte: 1e2 }],
    ["a function laid out otherwise", functionOf("(o) =>  o.id"), functionOf("(o) =>\n o.id")],
    ["what a compiler notes", functionOf("() => /* @__PURE__ */ f()"), functionOf("() => f()")],
    ["the same measures", { n: count(), m: max("x") }, { m: max("x"), n: count() }],
  ])("is the same with %s", (_what, one, other) => {
    expect(definition(one)).toBe(definition(other));
  });

  test.each([
    ["another value", { status: ["OPEN"] }, { status: ["CLOSED"] }],
    ["another order in a list", ["a", "b"], ["b", "a"]],
    ["another function", functionOf("(o) => o.id"), functionOf("(o) => o.ids")],
    ["another measure", { n: max("x") }, { n: avg("x") }],
    ["another attribute measured", { n: max("x") }, { n: max("y") }],
    [
      "a measure by another function",
      { n: max((o: { x: number }) => o.x) },
      { n: max((o: { x: number }) => -o.x) },
    ],
    ["text for a number", ["1"], [1]],
  ])("is another with %s", (_what, one, other) => {
    expect(definition(one)).not.toBe(definition(other));
  });
});

test("a version of a view is called by its name, and by its number from the second on", () => {
  expect(viewName({ view: "open-orders", version: 1 })).toBe("open-orders");
  for (const version of [1, 2, 17]) {
    const name = { view: "open-orders", version };
    expect(parseViewName(viewName(name))).toEqual(name);
  }
});
