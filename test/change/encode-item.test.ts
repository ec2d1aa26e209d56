import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { decodeItem, type Item, NumberValue } from "../../src/change/attribute-value.js";
import { encodeItem, itemSizeBytes, MAX_ITEM_BYTES } from "../../src/change/encode-item.js";
import { sameValue } from "../../src/view/row.js";

const scalars = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.integer(),
  fc
    .double({ noNaN: true, min: -1e125, max: 1e125 })
    .filter((n) => n === 0 || Math.abs(n) > 1e-120),
  fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array(),
);
const sets = fc.oneof(
  fc.uniqueArray(fc.string(), { minLength: 1 }).map((elements) => new Set<unknown>(elements)),
  fc.uniqueArray(fc.integer(), { minLength: 1 }).map((elements) => new Set<unknown>(elements)),
  fc.uint8Array({ minLength: 1 }).map((bytes) => new Set<unknown>([bytes])),
);
const names = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom("__proto__", "constructor"));
const { value: values } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalars,
    sets,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(names, tie("value"), { maxKeys: 3 }).map((map) => ({ ...map })),
  ),
}));
const items = fc.dictionary(names, values, { maxKeys: 5 }).map((map) => ({ ...map }));

describe("an item encoded for DynamoDB", () => {
  test("G9: is the same item when it is decoded again", () => {
    fc.assert(
      fc.property(items, (item) => {
        expect(sameValue(decodeItem(encodeItem(item)), item)).toBe(true);
      }),
    );
  });

  test("writes every type as DynamoDB spells it", () => {
    const item = {
      text: "a",
      empty: "",
      number: 1e21,
      exact: NumberValue.from("0.1000000000000000055511151231257827"),
      big: 12345678901234567890n,
      bytes: Uint8Array.of(1),
      yes: true,
      nothing: null,
      texts: new Set(["b", "a"]),
      numbers: new Set([1, 2n]),
      binaries: new Set([Uint8Array.of(2)]),
      list: [1, "a"],
      map: { nested: { deep: 1 } },
    };
    expect(encodeItem(item)).toEqual({
      text: { S: "a" },
      empty: { S: "" },
      number: { N: "1000000000000000000000" },
      exact: { N: "0.1000000000000000055511151231257827" },
      big: { N: "12345678901234567890" },
      bytes: { B: Uint8Array.of(1) },
      yes: { BOOL: true },
      nothing: { NULL: true },
      texts: { SS: ["b", "a"] },
      numbers: { NS: ["1", "2"] },
      binaries: { BS: [Uint8Array.of(2)] },
      list: { L: [{ N: "1" }, { S: "a" }] },
      map: { M: { nested: { M: { deep: { N: "1" } } } } },
    });
  });

  test.each<[string, unknown, RegExp]>([
    ["undefined", undefined, /^attribute "a" is undefined; leave the attribute out/],
    ["NaN", NaN, /^attribute "a" is NaN; a number must be finite/],
    ["infinite", -Infinity, /^attribute "a" is -Infinity; a number must be finite/],
    ["a number too great", 1e126, /^attribute "a" is 1e126; .* from 1e-130 to below 1e126/],
    ["a number too small", 5e-324, /^attribute "a" is 5e-324; .* from 1e-130 to below 1e126/],
    ["too small by a digit", NumberValue.from("9.9E-131"), /is 9\.9e-131; .* from 1e-130 to/],
    ["a bigint too great", 10n ** 126n, /^attribute "a" is 1e126; .* below 1e126/],
    ["39 digits", 10n ** 38n + 1n, /at most 38 digits, this has 39; write it as a string/],
    ["a function", () => 1, /^attribute "a" is a function; a row holds data only/],
    ["a symbol", Symbol("x"), /^attribute "a" is a symbol/],
    ["a date", new Date(0), /^attribute "a" is a Date; write date.toISOString\(\) or seconds/],
    ["a Map", new Map(), /^attribute "a" is a Map; write it as plain attributes/],
    ["of no known kind", Object.create(Object.create(null) as object), /object of a foreign kind/],
    ["an empty set", new Set(), /^attribute "a" is an empty set; DynamoDB has none/],
    ["a mixed set", new Set([1, "a"]), /^attribute "a" is a set of mixed types/],
    ["a set of booleans", new Set([true]), /^attribute "a" is a set of mixed types/],
    ["wrong inside a list", ["x", { b: [undefined] }], /^attribute "a\[1\]\.b\[0\]" is undefined/],
    ["wrong inside a map", { b: { c: NaN } }, /^attribute "a\.b\.c" is NaN/],
  ])("is refused by name where an attribute is %s", (_what, value, message) => {
    expect(() => encodeItem({ fine: 1, a: value })).toThrow(message);
    expect(() => encodeItem({ a: value })).toThrow(
      expect.objectContaining({ code: "invalid-row" }),
    );
  });

  test("holds the greatest and smallest numbers DynamoDB has", () => {
    const greatest = NumberValue.from("9.9999999999999999999999999999999999999E+125");
    expect(encodeItem({ a: greatest })).toEqual({
      a: { N: "9.9999999999999999999999999999999999999e125" },
    });
    expect(encodeItem({ a: 1e-130 })).toEqual({ a: { N: "1e-130" } });
  });
});

describe("the size of an item", () => {
  // Recorded on AWS: SizeBytes of a stream record is the sum over its parts (see the first two),
  // the others by https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
  test.each<[string, Item, number]>([
    ["a key", { pk: "x" }, 3],
    ["a short number", { pk: "x", n: 1 }, 6],
    ["names in UTF-8", { é: "€" }, 5],
    ["an emoji", { a: "😀" }, 5],
    ["a negative number", { a: -12 }, 4],
    ["a number's significant digits", { a: 123000 }, 4],
    ["zero", { a: 0 }, 2],
    ["a boolean", { a: true }, 2],
    ["null", { a: null }, 2],
    ["binary", { a: new Uint8Array(10) }, 11],
    ["a set of strings", { a: new Set(["ab", "c"]) }, 4],
    ["a set of numbers", { a: new Set([1, 100]) }, 5],
    ["a set of binary", { a: new Set([new Uint8Array(4)]) }, 5],
    ["a list", { a: ["x", "y"] }, 1 + 3 + 2 + 2],
    ["a map", { a: { b: "x" } }, 1 + 3 + 1 + 2],
  ])("counts %s", (_what, item, bytes) => {
    expect(itemSizeBytes(encodeItem(item))).toBe(bytes);
  });

  test("counts binary in base64 by its bytes", () => {
    expect(itemSizeBytes({ a: { B: "AAECAw==" }, b: { BS: ["AAEC"] } })).toBe(1 + 4 + 1 + 3);
  });

  test("counts the text of an item at the limit to the byte", () => {
    expect(itemSizeBytes({ a: { S: "x".repeat(MAX_ITEM_BYTES - 1) } })).toBe(409_600);
  });
});
