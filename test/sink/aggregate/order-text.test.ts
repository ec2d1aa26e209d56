import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { compareNumbers, decodeNumber } from "../../../src/change/attribute-value.js";
import { orderText } from "../../../src/sink/aggregate/order-text.js";

const digits = fc
  .tuple(fc.boolean(), fc.stringMatching(/^[1-9]\d{0,37}$/), fc.integer({ min: -125, max: 80 }))
  .map(([isNegative, whole, exponent]) => `${isNegative ? "-" : ""}${whole}e${exponent}`);
const numbers = fc.oneof(
  digits.map(decodeNumber),
  fc.constantFrom(0, 1, -1, 1.5, -1.5, 10, -10, 0.1, -0.1, 0.01, 99, 100, 101, -99, -100, -101),
  fc.integer(),
);
const bytes = (text: string) => Buffer.from(text);

describe("order text", () => {
  test("G22: sorts numbers as their amounts do, exactly, up to 38 digits and the ends of the range", () => {
    fc.assert(
      fc.property(numbers, numbers, (left, right) => {
        const [a, b] = [bytes(orderText(left)), bytes(orderText(right))];
        expect(Buffer.compare(a, b)).toBe(Math.sign(compareNumbers(left, right)));
      }),
      { numRuns: 1_000 },
    );
  });

  test("G22: sorts text by its bytes, whatever is appended, and after all numbers", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "\u0000", "\u0001", "\u0002", "\u0003", "é", "\u{10000}"), maxLength: 4 }); // prettier-ignore
    fc.assert(
      fc.property(text, text, text, text, (left, right, tail, otherTail) => {
        const order = Buffer.compare(bytes(left), bytes(right));
        const [a, b] = [bytes(orderText(left) + tail), bytes(orderText(right) + otherTail)];
        if (order !== 0) expect(Buffer.compare(a, b)).toBe(order);
      }),
      { numRuns: 1_000 },
    );
    expect(orderText(9e99) < orderText("")).toBe(true);
  });
});
