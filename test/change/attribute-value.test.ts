import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import {
  type AttributeValue,
  canonicalNumber,
  compareNumbers,
  decodeItem,
  decodeNumber,
  NumberValue,
} from "../../src/change/attribute-value.js";

const DIGITS_38 = "12345678901234567890123456789012345678";

/** A decimal as DynamoDB may hold it: up to 38 digits times a power of ten. */
const decimals = fc.record({
  digits: fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
  exponent: fc.integer({ min: -130, max: 87 }),
});

/** The same number in different words: shifted point, trailing and leading zeros, exponent of either case. */
function spellings({ digits, exponent }: { digits: bigint; exponent: number }): string[] {
  const sign = digits < 0n ? "-" : "";
  const text = String(digits < 0n ? -digits : digits);
  return [
    `${digits}e${exponent}`,
    `${sign}000${text}.000E${exponent >= 0 ? "+" : ""}${exponent}`,
    `${digits}0e${exponent - 1}`,
    `${sign}${text.slice(0, 1)}.${text.slice(1)}e${exponent + text.length - 1}`,
    `${sign}.${text}e${exponent + text.length}`,
  ];
}

describe("an attribute", () => {
  test.each<[string, AttributeValue, unknown]>([
    ["a string", { S: "text" }, "text"],
    ["an empty string", { S: "" }, ""],
    ["a number", { N: "12.5" }, 12.5],
    ["binary in base64", { B: "AAEC/w==" }, Uint8Array.of(0, 1, 2, 255)],
    ["binary in bytes", { B: Uint8Array.of(7) }, Uint8Array.of(7)],
    ["empty binary", { B: "" }, new Uint8Array()],
    ["true", { BOOL: true }, true],
    ["false", { BOOL: false }, false],
    ["null", { NULL: true }, null],
    ["a set of strings", { SS: ["a", "b"] }, new Set(["a", "b"])],
    ["a set of numbers", { NS: ["1", "2.5"] }, new Set([1, 2.5])],
    ["a set of binary", { BS: ["AQ==", "Ag=="] }, new Set([Uint8Array.of(1), Uint8Array.of(2)])],
    ["a list", { L: [{ S: "a" }, { N: "1" }, { L: [] }] }, ["a", 1, []]],
    ["a map", { M: { a: { M: { b: { N: "1" } } } } }, { a: { b: 1 } }],
    ["a value beside absent types, as the SDK spells it", { N: undefined, S: "a" }, "a"],
  ])("G9: is decoded from %s", (_what, wire, value) => {
    expect(decodeItem({ a: wire })).toEqual({ a: value });
  });

  test("may have the name of something every object has", () => {
    const wire = JSON.parse(
      '{"__proto__":{"M":{"status":{"S":"OPEN"}}},"constructor":{"S":"x"}}',
    ) as Record<string, AttributeValue>;
    const item = decodeItem(wire);
    expect(Object.keys(item)).toEqual(["__proto__", "constructor"]);
    expect(item["status"]).toBeUndefined();
    expect(Object.getPrototypeOf(item)).toBe(Object.prototype);
  });

  test.each<[string, unknown]>([
    ["no type", {}],
    ["an unknown type", { X: "1" }],
    ["a type of the SDK's for what it does not know", { $unknown: ["Z", 1] }],
    ["a bare value", "text"],
    ["null instead of a value", null],
    ["a string that is none", { S: 5 }],
    ["a number that is none", { N: "abc" }],
    ["an empty number", { N: "" }],
    ["a number in JavaScript's words", { N: "0x10" }],
    ["a number that is infinite", { N: "Infinity" }],
    ["a number that is not text", { N: 5 }],
    ["a long number that is none", { N: "12345678901234567890x" }],
    ["base64 that is none", { B: "%%%" }],
    ["binary that is a number", { B: 5 }],
    ["a boolean that is none", { BOOL: "true" }],
    ["a map that is none", { M: null }],
    ["a list that is none", { L: { S: "a" } }],
    ["a list with a bare element", { L: ["a"] }],
    ["a set that is text", { SS: "abc" }],
    ["a set of numbers with one that is none", { NS: ["1", "x"] }],
    ["a set of strings with a number", { SS: ["a", 1] }],
    ["a set of binary with one that is not base64", { BS: ["AQ==", "%"] }],
  ])("is refused by name when it has %s", (_what, wire) => {
    const decode = () => decodeItem({ fine: { S: "x" }, total: wire as AttributeValue });
    expect(decode).toThrow(/^attribute "total" is .*, which is no DynamoDB value; expected one of/);
    expect(decode).toThrow(expect.objectContaining({ code: "malformed-record" }));
  });

  test("is refused by its own name where it is nested", () => {
    expect(() => decodeItem({ a: { M: { inner: { N: "x" } } } })).toThrow('attribute "inner" is');
  });
});

describe("a number", () => {
  test.each<[string, number]>([
    ["0", 0],
    ["-0", 0],
    ["-0.0", 0],
    ["-0E+50", 0],
    ["0.1", 0.1],
    ["-12.5", -12.5],
    ["300.0", 300],
    ["1E+2", 100],
    ["1e-7", 1e-7],
    ["123456789012345", 123456789012345],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["9007199254740992", 2 ** 53],
    ["1E125", 1e125],
    ["0.30000000000000004", 0.1 + 0.2],
  ])("G9: %s is the JavaScript number where that is exact", (text, number) => {
    const decoded = decodeNumber(text);
    expect(decoded).toBe(number);
  });

  test.each([
    DIGITS_38,
    "-" + DIGITS_38,
    "9007199254740993",
    "0.1000000000000000055511151231257827",
    "1.0000000000000000000000000000000000001",
    "9.9999999999999999999999999999999999999E+125",
  ])("G9: %s stays exact where a JavaScript number would round it", (text) => {
    const decoded = decodeNumber(text);
    expect(decoded).toBeInstanceOf(NumberValue);
    expect(compareNumbers(decoded, NumberValue.from(text))).toBe(0);
    expect(canonicalNumber(decoded.toString())).toBe(canonicalNumber(text));
  });

  test("G9: never changes its amount by being decoded, however it is spelled", () => {
    fc.assert(
      fc.property(decimals, (decimal) => {
        for (const text of spellings(decimal)) {
          expect(canonicalNumber(decodeNumber(text).toString())).toBe(canonicalNumber(text));
        }
      }),
    );
  });

  test.each(["", "abc", "1-2", "1.2.3", "0x10", " 1", "NaN", "Infinity", "1e", "."])(
    "is refused when it is %j",
    (text) => expect(() => decodeNumber(text)).toThrow(`"${text}" is not a number`),
  );
});

describe("the canonical text of a number", () => {
  test.each([
    ["1E2", "100"],
    ["100.0", "100"],
    ["+5", "5"],
    ["-0", "0"],
    ["0e99", "0"],
    [".5", "0.5"],
    ["5.", "5"],
    ["0012.3400", "12.34"],
    ["1e-3", "0.001"],
    ["1E39", "1" + "0".repeat(39)],
    ["1E40", "1e40"],
    ["-1.5e60", "-1.5e60"],
    ["1e-60", "1e-60"],
  ])("of %s is %s", (text, canonical) => {
    expect(canonicalNumber(text)).toBe(canonical);
  });

  test("is one for all spellings of a number", () => {
    fc.assert(
      fc.property(decimals, (decimal) => {
        expect(new Set(spellings(decimal).map(canonicalNumber)).size).toBe(1);
      }),
    );
  });

  test("is its own canonical text, and no other number's", () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        const [left, right] = [a, b].map(({ digits, exponent }) =>
          canonicalNumber(`${digits}e${exponent}`),
        ) as [string, string];
        expect(canonicalNumber(left)).toBe(left);
        expect(left === right).toBe(amount(a) === amount(b));
      }),
    );
  });
});

describe("the order of numbers", () => {
  test("is exact, of whatever kind they are", () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        const [left, right] = [a, b].map(({ digits, exponent }) =>
          decodeNumber(`${digits}e${exponent}`),
        ) as [number, number];
        const order = amount(a) < amount(b) ? -1 : amount(a) > amount(b) ? 1 : 0;
        expect(Math.sign(compareNumbers(left, right))).toBe(order);
      }),
    );
  });

  test("tells a number from the double next to it", () => {
    const exact = NumberValue.from("9007199254740993");
    expect(compareNumbers(exact, 9007199254740992)).toBeGreaterThan(0);
    expect(compareNumbers(9007199254740994, exact)).toBeGreaterThan(0);
    expect(compareNumbers(exact, 9007199254740993n)).toBe(0);
  });
});

/** The number in units of 1e-130, as an integer. */
function amount({ digits, exponent }: { digits: bigint; exponent: number }): bigint {
  return digits * 10n ** BigInt(exponent + 130);
}
