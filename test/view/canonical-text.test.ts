import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { NumberValue } from "../../src/change/attribute-value.js";
import { canonicalText } from "../../src/view/canonical-text.js";
import { sameValue } from "../../src/view/row.js";

const elements = fc.constantFrom<unknown>(
  "a",
  "b",
  "1",
  1,
  1n,
  NumberValue.from("1.0"),
  2,
  null,
  true,
);
const { value: values } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    elements,
    fc.uint8Array({ maxLength: 2 }),
    fc
      .uniqueArray(fc.constantFrom("a", "b", "1"), { maxLength: 2 })
      .map((texts) => new Set<unknown>(texts)),
    fc
      .uniqueArray(fc.constantFrom(1, 2), { maxLength: 2 })
      .map((numbers) => new Set<unknown>(numbers)),
    fc.array(tie("value"), { maxLength: 2 }),
    fc
      .dictionary(fc.constantFrom("a", "b", 'a":1,"b'), tie("value"), { maxKeys: 2 })
      .map((map) => ({ ...map })),
  ),
}));

describe("the canonical text of a value", () => {
  test("is equal exactly if the values are the same", () => {
    fc.assert(
      fc.property(values, values, (left, right) => {
        expect(canonicalText(left) === canonicalText(right)).toBe(sameValue(left, right));
      }),
      { numRuns: 1_000 },
    );
  });

  test("does not depend on the order of attributes or of a set", () => {
    expect(canonicalText({ a: new Set(["x", "y"]), b: 1 })).toBe(
      canonicalText({ b: NumberValue.from("1.0"), a: new Set(["y", "x"]) }),
    );
  });

  test("tells text from what it looks like", () => {
    const texts = [
      "1",
      1,
      "null",
      null,
      "true",
      true,
      "b(1)",
      Uint8Array.of(1),
      "s(1)",
      new Set([1]),
    ];
    expect(new Set(texts.map(canonicalText)).size).toBe(texts.length);
  });
});
