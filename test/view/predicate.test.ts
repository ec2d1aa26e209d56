import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { type Item, NumberValue } from "../../src/change/attribute-value.js";
import {
  compilePredicate,
  type Condition,
  predicateMistakes,
  type Scalar,
} from "../../src/view/predicate.js";

function holds(condition: readonly Scalar[] | Condition, value?: unknown): boolean {
  const item: Item = value === undefined ? {} : { a: value };
  return compilePredicate<Item>({ a: condition })(item);
}

const EXACT = NumberValue.from("9007199254740993");

describe("a predicate as data", () => {
  test.each<[string, readonly Scalar[] | Condition, unknown[], unknown[]]>([
    ["a list of text", ["x", "y"], ["x", "y"], ["z", "", 1, null, undefined]],
    ["a list of numbers", [1, 2.5], [1, 2.5, 1n, NumberValue.from("2.50")], ["1", 3, undefined]],
    ["a list of booleans", [true], [true], [false, "true", 1, undefined]],
    ["a list with null", [null], [null], [undefined, 0, "", false]],
    ["a number a double cannot tell", [9007199254740992], [2 ** 53], [EXACT]],
    ["gt of a number", { gt: 10 }, [10.1, 11], [10, 9, "11", null, undefined]],
    ["gt next to a double", { gt: 9007199254740992 }, [EXACT], [2 ** 53]],
    ["gte", { gte: 10 }, [10, 11], [9.9, "10", undefined]],
    ["lt", { lt: 10 }, [9, -1], [10, 11, "9", null, undefined]],
    ["lt next to a double", { lt: 9007199254740994 }, [EXACT, 2 ** 53], [2 ** 53 + 2]],
    ["lte", { lte: 10 }, [10, 9], [10.1, undefined]],
    ["gt of text", { gt: "b" }, ["c", "ba"], ["b", "a", 5, undefined]],
    ["lte of text", { lte: "b" }, ["b", "a", ""], ["c", 0, undefined]],
    ["a range", { gte: 1, lt: 3 }, [1, 2], [0, 3]],
    ["prefix", { prefix: "ab" }, ["ab", "abc"], ["a", "xab", 1, undefined]],
    ["not", { not: ["x", null] }, ["y", 1, undefined], ["x", null]],
    ["exists", { exists: true }, ["", 0, null, false], [undefined]],
    ["absent", { exists: false }, [undefined], ["", 0, null]],
    ["several parts", { exists: true, not: ["x"], prefix: "" }, ["y"], ["x", undefined, 1]],
  ])("holds by %s", (_what, condition, inside, outside) => {
    for (const value of inside) expect([value, holds(condition, value)]).toEqual([value, true]);
    for (const value of outside) expect([value, holds(condition, value)]).toEqual([value, false]);
  });

  test("holds where all its attributes hold, and everywhere where it names none", () => {
    const open = compilePredicate<Item>({ status: ["OPEN"], total: { gte: 100 } });
    expect(open({ status: "OPEN", total: 100 })).toBe(true);
    expect(open({ status: "OPEN", total: 99 })).toBe(false);
    expect(open({ status: "PAID", total: 100 })).toBe(false);
    expect(compilePredicate<Item>({})({ a: 1 })).toBe(true);
  });

  test("says of any number and bound what comparing them says", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (value, bound) => {
        expect(holds({ gt: bound }, value)).toBe(value > bound);
        expect(holds({ gte: bound }, value)).toBe(value >= bound);
        expect(holds({ lt: bound }, value)).toBe(value < bound);
        expect(holds({ lte: bound }, value)).toBe(value <= bound);
        expect(holds({ gt: bound }, NumberValue.from(String(value)))).toBe(value > bound);
      }),
    );
  });
});

describe("mistakes in a predicate", () => {
  test.each<[string, unknown]>([
    ["none", undefined],
    ["a function", () => true],
    ["no attribute", {}],
    [
      "every operator",
      { a: { gt: 1, gte: "1", lt: 2, lte: 2, prefix: "", not: [1], exists: true } },
    ],
    ["every kind of value", { a: ["x", 1, true, null], b: { not: ["", 0, false, null] } }],
  ])("are not found in %s", (_what, where) => {
    expect(predicateMistakes("view", where)).toEqual([]);
  });

  test.each<[unknown, string]>([
    [null, "view: where is null; give a function, or an object of attributes and their values"],
    ["OPEN", 'view: where is "OPEN"; give a function'],
    [["OPEN"], 'view: where is ["OPEN"]; give a function'],
    [{ a: "x" }, 'view: where.a is "x"; write the values it may have as a list: ["x"]'],
    [{ a: null }, "view: where.a is null; write the values it may have as a list: [null]"],
    [{ a: [] }, "view: where.a is an empty list; name at least one value"],
    [{ a: {} }, "view: where.a is empty, which says nothing; leave it out, or use gt, gte,"],
    [{ a: ["x", { b: 1 }] }, 'view: where.a lists {"b":1}; a value is a string, a finite number,'],
    [{ a: [NaN] }, "view: where.a lists NaN; a value is"],
    [{ a: [undefined] }, "view: where.a lists undefined; a value is"],
    [
      { a: { above: 1 } },
      "view: where.a.above is no operator; there are gt, gte, lt, lte, prefix,",
    ],
    [{ a: { gt: null } }, "view: where.a.gt is null; give a string or a finite number"],
    [{ a: { lte: NaN } }, "view: where.a.lte is NaN; give a string or a finite number"],
    [{ a: { gte: undefined } }, "view: where.a.gte is undefined; give a string"],
    [{ a: { lt: [1] } }, "view: where.a.lt is [1]; give a string or a finite number"],
    [{ a: { prefix: 1 } }, "view: where.a.prefix is 1; give the text it begins with"],
    [{ a: { not: "x" } }, 'view: where.a.not is "x"; write the values it must not have as a list'],
    [{ a: { not: [] } }, "view: where.a.not is an empty list; name at least one value"],
    [{ a: { not: [{}] } }, "view: where.a.not lists {}; a value is"],
    [{ a: { exists: "yes" } }, 'view: where.a.exists is "yes"; give true or false'],
  ])("are told with the value and the remedy: %j", (where, start) => {
    const mistakes = predicateMistakes("view", where);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]!.slice(0, start.length)).toBe(start);
  });

  test("are told all together", () => {
    const where = { a: "x", b: { gt: null, above: 1 }, c: [] };
    expect(predicateMistakes("view", where)).toHaveLength(4);
  });
});
