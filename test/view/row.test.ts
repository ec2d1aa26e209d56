import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { NumberValue } from "../../src/change/attribute-value.js";
import { MillraceError } from "../../src/errors.js";
import { callView, sameValue } from "../../src/view/row.js";

const DIGITS = "12345678901234567890123456789012345678";

describe("two values are the same", () => {
  test.each<[string, unknown, unknown]>([
    ["text", "a", "a"],
    ["null", null, null],
    ["NaN", NaN, NaN],
    ["zeros of either sign", 0, -0],
    ["numbers in other words", NumberValue.from("1E2"), 100],
    ["a bigint and a number", 5n, 5],
    ["exact numbers", NumberValue.from(DIGITS), NumberValue.from(`${DIGITS}.0`)],
    ["bytes", Uint8Array.of(1, 2), Buffer.from([1, 2])],
    ["sets in another order", new Set(["a", "b"]), new Set(["b", "a"])],
    ["sets of numbers", new Set([1, 2]), new Set([NumberValue.from("2.0"), 1])],
    ["sets of bytes", new Set([Uint8Array.of(1)]), new Set([Uint8Array.of(1)])],
    ["lists", [1, ["a"]], [1, ["a"]]],
    ["maps in another order", { a: 1, b: { c: 2 } }, { b: { c: 2 }, a: 1 }],
  ])("as %s", (_what, left, right) => {
    expect(sameValue(left, right)).toBe(true);
    expect(sameValue(right, left)).toBe(true);
  });

  test.each<[string, unknown, unknown]>([
    ["text and a number", "1", 1],
    ["null and nothing", null, undefined],
    ["null and a map", null, {}],
    ["null and zero", null, 0],
    ["false and zero", false, 0],
    [
      "neighbours beyond a double",
      NumberValue.from(DIGITS),
      NumberValue.from(DIGITS.replace(/8$/, "9")),
    ],
    ["an exact number and its double", NumberValue.from("9007199254740993"), 9007199254740992],
    ["a number and its text in a set", new Set([1]), new Set(["1"])],
    ["bytes of another length", Uint8Array.of(1), Uint8Array.of(1, 2)],
    ["bytes and a list", Uint8Array.of(1), [1]],
    ["a set and a list", new Set(["a"]), ["a"]],
    ["sets of another size", new Set(["a"]), new Set(["a", "b"])],
    ["sets of other text", new Set(["a"]), new Set(["b"])],
    ["lists in another order", [1, 2], [2, 1]],
    ["lists of another length", [1], [1, 2]],
    ["a list and a map", [], {}],
    ["a map with an attribute more", { a: 1 }, { a: 1, b: 2 }],
    ["a map with another attribute", { a: undefined }, { b: undefined }],
    ["an attribute that every object inherits", { toString: undefined }, { a: 1 }],
  ])("but not %s", (_what, left, right) => {
    expect(sameValue(left, right)).toBe(false);
    expect(sameValue(right, left)).toBe(false);
  });

  test("as themselves and as their copies, whatever they are", () => {
    fc.assert(
      fc.property(fc.object({ withBigInt: true, withSet: false }), (value) => {
        expect(sameValue(value, structuredClone(value))).toBe(true);
      }),
    );
  });
});

describe("a view's own function", () => {
  test("gives what it returns", () => {
    expect(callView("v", "row", () => 5)).toBe(5);
  });

  test.each<[string, unknown, string]>([
    ["an error", new TypeError("no such thing"), "no such thing"],
    ["text", "just text", "just text"],
    ["null", null, "null"],
  ])("that throws %s fails under its view's name, with the cause", (_what, thrown, message) => {
    const call = () =>
      callView("v", "row", () => {
        throw thrown;
      });
    expect(call).toThrow(`view "v": row threw: ${message}`);
    expect(call).toThrow(
      expect.objectContaining({
        code: "view-failed",
        cause: thrown,
        context: { view: "v" },
        retriable: false,
      }),
    );
  });

  test("that throws an error of Millrace's own passes it on", () => {
    const own = new MillraceError("invalid-row", "told already");
    expect(() =>
      callView("v", "row", () => {
        throw own;
      }),
    ).toThrow(own);
  });
});
