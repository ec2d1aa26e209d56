import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { NumberValue } from "../../../src/change/attribute-value.js";
import {
  asHashEntry,
  asJsonEntry,
  encodeHashEntry,
  encodeJsonEntry,
  parseExactJson,
} from "../../../src/sink/redis/encode-entry.js";
import { canonicalText } from "../../../src/view/canonical-text.js";

describe("a JSON entry", () => {
  test("begins with the stamp, then holds the value: numbers exact, binary in base64, sets as sorted lists", () => {
    const text = encodeJsonEntry("STAMP", {
      n: NumberValue.from("12345678901234567890.5"),
      b: new Uint8Array([1, 2]),
      s: new Set(["b", "a"]),
      nested: [{ x: null }],
    });
    expect(text).toBe(
      '{"_v":"STAMP","n":12345678901234567890.5,"b":"AQI=","s":["a","b"],"nested":[{"x":null}]}',
    );
  });

  test("of no attributes is still an object", () => {
    expect(encodeJsonEntry("STAMP", {})).toBe('{"_v":"STAMP"}');
  });

  test("reads back as what asJsonEntry says, whatever it holds", () => {
    const number = fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n });
    const scalar = fc.oneof(
      fc.string({ unit: "grapheme" }),
      number,
      fc.boolean(),
      fc.constant(null),
    );
    const value = fc.dictionary(
      fc.string().filter((name) => name !== "_v" && name !== "__proto__"),
      fc.oneof(scalar, fc.array(scalar), fc.dictionary(fc.constantFrom("a", "b"), scalar)),
    );
    fc.assert(
      fc.property(value, (item) => {
        const { _v: stamp, ...own } = parseExactJson(encodeJsonEntry("STAMP", item));
        expect(stamp).toBe("STAMP");
        expect(canonicalText(own)).toBe(canonicalText(asJsonEntry(item)));
        expect(canonicalText(own)).toBe(canonicalText(item));
      }),
    );
  });

  test("digits inside text stay text", () => {
    const item = { text: 'a "12345678901234567890123" b', n: 12345678901234567890n };
    expect(canonicalText(asJsonEntry(item))).toBe(canonicalText(item));
  });
});

describe("a hash entry", () => {
  test("holds text as it is, numbers and booleans as text, everything else as JSON", () => {
    const item = { t: "x", n: 0.1, yes: true, none: null, list: ["a"], map: { a: 1 } };
    expect(asHashEntry(item)).toEqual({
      t: "x",
      n: "0.1",
      yes: "true",
      none: "null",
      list: '["a"]',
      map: '{"a":1}',
    });
    expect(encodeHashEntry({ a: 1, b: "2" })).toEqual(["a", "1", "b", "2"]);
  });
});

test('the names of the bookkeeping are reserved: "_v" in both kinds, "_o" in a hash', () => {
  expect(() => encodeJsonEntry("STAMP", { _v: "x" })).toThrow(/"_v", which is reserved; rename it/);
  expect(() => encodeHashEntry({ _v: "x" })).toThrow(/"_v", which is reserved; rename it/);
  expect(() => encodeHashEntry({ _o: "x" })).toThrow(/"_o", which is reserved; rename it/);
});
