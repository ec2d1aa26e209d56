import { describe, expect, test } from "@jest/globals";

import { readResponse } from "../../../src/local/event-source-mapping/response.js";
import { readCases } from "./cases.js";

interface ResponseCase {
  readonly name: string;
  readonly kind: string;
  readonly response?: unknown;
  readonly throws?: boolean;
  readonly reportBatchItemFailures: boolean;
  readonly outcome: "success" | "partial-failure" | "complete-failure" | "unknown";
  readonly batch?: readonly string[];
}

const TYPES = {
  success: "success",
  "partial-failure": "partial",
  "complete-failure": "failure",
} as const;
const cases = readCases<ResponseCase>("response-cases").filter(
  ({ kind, outcome, throws }) => kind === "response" && outcome !== "unknown" && !throws,
);

describe("a handler's response is read as AWS reads it", () => {
  test.each(cases)(
    "$name",
    ({ response, batch = ["seq1", "seq2"], reportBatchItemFailures, outcome }) => {
      expect(outcome).not.toBe("unknown");
      const read = readResponse(response, batch, reportBatchItemFailures);
      expect(read.type).toBe(TYPES[outcome as keyof typeof TYPES]);
    },
  );

  test("of several failures the lowest sequence number counts, compared as numbers", () => {
    const failures = ["1000", "99", "998"].map((itemIdentifier) => ({ itemIdentifier }));
    const batch = ["99", "998", "1000"];
    expect(readResponse({ batchItemFailures: failures }, batch, true)).toEqual({
      type: "partial",
      index: 0,
    });
  });

  test("one unknown identifier among known ones fails the whole batch", () => {
    const batchItemFailures = [{ itemIdentifier: "2" }, { itemIdentifier: "9" }];
    expect(readResponse({ batchItemFailures }, ["1", "2"], true)).toEqual({
      type: "failure",
      thrown: false,
    });
  });

  test("no response matters where failures are not reported", () => {
    expect(readResponse({ batchItemFailures: [{ itemIdentifier: "1" }] }, ["1"], false).type).toBe(
      "success",
    );
  });
});
