import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import {
  addExactly,
  holdableNumber,
  meanOf,
  negated,
  numberOrNothing,
} from "../../../src/view/aggregate/decimal.js";

describe("decimal arithmetic", () => {
  test("N10: adds exactly where floating point does not", () => {
    expect(addExactly(0.1, 0.2)).toBe("0.3");
    expect(addExactly("1e37", "1e-90")).toBe(`1${"0".repeat(37)}.${"0".repeat(89)}1`);
    expect(addExactly(9007199254740993n, "-1")).toBe("9007199254740992");
    expect(addExactly("5", negated("5"))).toBe("0");
    expect(negated(0)).toBe("0");
  });

  test("N10: agrees with integers of any size, in any order", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n })), (integers) => {
        const sum = integers.reduce((left, right) => left + right, 0n).toString();
        const exactly = (list: bigint[]) =>
          list.reduce((left, right) => addExactly(left, right), "0");
        expect([exactly(integers), exactly([...integers].reverse())]).toEqual([sum, sum]);
      }),
    );
  });

  test("N10: divides to 38 digits, half to even", () => {
    expect(String(meanOf("1", 3))).toBe(`0.${"3".repeat(38)}`);
    expect(String(meanOf("2", 3))).toBe(`0.${"6".repeat(37)}7`);
    expect(String(meanOf("10", 4))).toBe("2.5");
    expect(String(meanOf("-0.3", "3"))).toBe("-0.1");
  });

  test("G25: holds up to 38 digits, and tells of more", () => {
    expect(String(holdableNumber("9".repeat(38)))).toBe("9".repeat(38));
    expect(() => holdableNumber("9".repeat(39))).toThrow("at most 38 digits");
    expect([numberOrNothing("9".repeat(39)), String(numberOrNothing("1.5"))]).toEqual([
      undefined,
      "1.5",
    ]);
  });
});
