import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { NumberValue } from "../../src/change/attribute-value.js";
import { keyText } from "../../src/change/item-key.js";

type KeyValue = string | number | bigint | NumberValue | Uint8Array;

const texts = fc.oneof(
  fc.string({ minLength: 1, unit: "binary" }),
  fc.constantFrom('"', '","', "1", '{"B":"AQ=="}', "]", "\\", "\ud800"),
);
const numbers = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(NumberValue.from("1.0"), 1n, NumberValue.from("9007199254740993")),
);
const binaries = fc.uint8Array({ minLength: 1, maxLength: 3 });
const values: fc.Arbitrary<KeyValue> = fc.oneof(texts, numbers, binaries);
const keys = fc.array(values, { minLength: 2, maxLength: 2 });

function textOf(values: readonly unknown[]): string {
  const names = values.map((_value, i) => `k${i}`);
  return keyText(names, Object.fromEntries(values.map((value, i) => [`k${i}`, value])));
}

/** Whether DynamoDB would call two key values the same. */
function isSameValue(a: KeyValue, b: KeyValue): boolean {
  if (typeof a === "string" || typeof b === "string") return a === b;
  if (a instanceof Uint8Array || b instanceof Uint8Array)
    return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  return (
    a.toString() === b.toString() || (Number(a) === Number(b) && Number.isSafeInteger(Number(a)))
  );
}

describe("the text of a key", () => {
  test.each<[string, unknown[], string]>([
    ["one string", ["o-1"], '["o-1"]'],
    ["two strings", ["c-1", "o-7"], '["c-1","o-7"]'],
    ["a string and a number", ["SFO", 42], '["SFO",42]'],
    ["a number beyond a double", [NumberValue.from("90071992547409930")], "[90071992547409930]"],
    ["a bigint", [90071992547409931n], "[90071992547409931]"],
    ["a number in other words", [NumberValue.from("1E2")], "[100]"],
    ["negative zero", [-0], "[0]"],
    ["binary", [Uint8Array.of(1, 255)], '[{"B":"Af8="}]'],
    ["quotes and brackets", ['a","b', "]"], '["a\\",\\"b","]"]'],
  ])("is its values as a JSON array: %s", (_what, values, text) => {
    expect(textOf(values)).toBe(text);
  });

  test("is equal exactly if the keys are the same", () => {
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        const same = a.every((value, i) => isSameValue(value, b[i] as KeyValue));
        expect(textOf(a) === textOf(b)).toBe(same);
      }),
      { numRuns: 1_000 },
    );
  });

  test("is printable, so that it can be a key of any store", () => {
    fc.assert(
      fc.property(keys, (key) => {
        expect(textOf(key)).not.toMatch(/[\u0000-\u001f]|[\ud800-\udbff](?![\udc00-\udfff])/);
      }),
    );
  });

  test("takes the attributes named, in that order, and no others", () => {
    expect(keyText(["b", "a"], { a: "1", b: "2", c: "3" })).toBe('["2","1"]');
  });

  test.each<[string, unknown, string]>([
    ["missing", undefined, "missing"],
    ["an empty string", "", "an empty string"],
    ["null", null, "null"],
    ["NaN", NaN, "null"],
    ["infinite", Infinity, "null"],
    ["a boolean", true, "true"],
    ["empty binary", new Uint8Array(), "of type Uint8Array"],
    ["a list", ["a"], "of type Array"],
    ["a map", { a: 1 }, "of type Object"],
    ["a date", new Date(0), "of type Date"],
  ])("is refused where a key attribute is %s", (_what, value, found) => {
    expect(() => keyText(["pk", "sk"], { pk: "x", sk: value })).toThrow(
      `key attribute "sk" is ${found}; a key attribute must be a non-empty string, a finite number or non-empty binary`,
    );
  });
});
