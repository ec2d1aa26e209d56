import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { batchResponse } from "../../src/lambda/batch-response.js";

describe("the batch response", () => {
  test("names nothing where nothing is left", () => {
    expect(batchResponse({ unresolved: [] })).toEqual({ batchItemFailures: [] });
  });

  test("N1: names the lowest, by length before digits: sequence numbers grow longer", () => {
    const unresolved = [
      "10000000000000000000000",
      "9999999999999999999999",
      "99999999999999999999999",
    ];
    expect(batchResponse({ unresolved })).toEqual({
      batchItemFailures: [{ itemIdentifier: "9999999999999999999999" }],
    });
  });

  test("tells apart numbers that no double can", () => {
    const unresolved = ["1234567890123456789012346", "1234567890123456789012345"];
    expect(batchResponse({ unresolved }).batchItemFailures).toEqual([
      { itemIdentifier: "1234567890123456789012345" },
    ]);
  });

  test("G8, N3: whatever is left, names exactly one of it, as it was written, and none is lower", () => {
    const numbers = fc.bigInt({ min: 0n, max: 10n ** 40n - 1n });
    fc.assert(
      fc.property(fc.uniqueArray(numbers, { minLength: 1 }), (unresolved) => {
        const { batchItemFailures } = batchResponse({ unresolved: unresolved.map(String) });
        const lowest = unresolved.reduce((a, b) => (a < b ? a : b));
        expect(batchItemFailures).toEqual([{ itemIdentifier: String(lowest) }]);
      }),
    );
  });
});
