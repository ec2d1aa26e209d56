import { expect, test } from "@jest/globals";
import fc from "fast-check";

import { keyText } from "../../src/change/item-key.js";
import { decodeKey } from "../../src/dynamodb/decode-key.js";

const key = [
  { name: "a", type: "S" },
  { name: "b", type: "N" },
] as const;

test("a key text leads back to the key, whatever its strings hold, and without rounding a number", () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, unit: "grapheme" }),
      fc.bigInt({ min: 0n, max: 10n ** 37n }),
      (a, b) => {
        expect(decodeKey(key, keyText(["a", "b"], { a, b }))).toEqual({
          a: { S: a },
          b: { N: b.toString() },
        });
      },
    ),
  );
});

test("binary comes back as bytes", () => {
  const b = new Uint8Array([1, 2, 255]);
  expect(decodeKey([{ name: "b", type: "B" }], keyText(["b"], { b }))).toEqual({ b: { B: b } });
});

test.each(["x", "[]", '["a"]', '["a",1,2]', "{}"])("%s is refused by name", (text) => {
  expect(() => decodeKey(key, text)).toThrow(`${text} is not a key of ["a","b"]`);
});

test("a value of another type than the key attribute's is refused by name, with how to write it", () => {
  expect(() => decodeKey(key, '[1,"b"]')).toThrow(
    '1 is no value of key attribute "a", which is of type S; write text in double quotes',
  );
  expect(() => decodeKey(key, '["a","b"]')).toThrow(
    '"b" is no value of key attribute "b", which is of type N',
  );
});
