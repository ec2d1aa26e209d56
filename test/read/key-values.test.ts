import { describe, expect, test } from "@jest/globals";

import { NumberValue } from "../../src/change/attribute-value.js";
import { encodeKeyValues } from "../../src/read/key-values.js";
import { binaryKey, numberKey, resolveKey } from "../../src/view/key.js";

const key = resolveKey(["customer", numberKey("year")]);

describe("the values of a key", () => {
  test("are encoded by the types declared, numbers of any kind exactly", () => {
    const digits = "12345678901234567890123456789012345678";
    for (const year of [2026, 2026n, NumberValue.from(digits)])
      expect(encodeKeyValues("view", key, { customer: "c", year })).toEqual({
        customer: { S: "c" },
        year: { N: String(year) },
      });
    const bytes = new Uint8Array([1]);
    expect(encodeKeyValues("view", [binaryKey("id")], { id: bytes })).toEqual({ id: { B: bytes } });
  });

  test.each([
    [{ customer: "c" }, "customer (string)"],
    [{ customer: "c", year: "2026" }, "customer (string) and year (string)"],
    [
      { customer: "c", year: 2026, more: null },
      "customer (string) and year (number) and more (object)",
    ],
    [{ customer: "", year: 2026 }, "customer (string) and year (number)"],
    [{}, "nothing"],
  ])("that are not those of the key are told: %j", (given, told) => {
    expect(() => encodeKeyValues('view "v"', key, given)).toThrow(
      `view "v": give customer (string) and year (number) and nothing else; given was ${told}`,
    );
  });
});
