import { expect, test } from "@jest/globals";

import {
  lastProcessingResult,
  NO_RECORDS_PROCESSED,
} from "../../../src/local/event-source-mapping/last-processing-result.js";
import { readCases } from "./cases.js";
import { mapped, records, runDelivery, STARTS_AT_MS } from "./run-delivery.js";

interface ResultCase {
  readonly name: string;
  readonly LastProcessingResult: string;
}

test.each(readCases<ResultCase>("last-processing-result-cases"))(
  "G17: $name",
  async ({ name, LastProcessingResult }) => {
    const isAged = name.includes("age");
    const batch = isAged ? [mapped("1", STARTS_AT_MS / 1000 - 100)] : records("1");
    const { invoked } = await runDelivery({ maximumRecordAgeInSeconds: 60 }, batch, () => {
      if (/error|throw|fail/.test(name) && !name.includes("partial")) throw new Error("planned");
    });
    const last = invoked.at(-1);
    expect(last ? lastProcessingResult(last.outcome) : NO_RECORDS_PROCESSED).toBe(
      LastProcessingResult,
    );
  },
);

test("a valid partial response is OK, a failed call is a problem", () => {
  expect(lastProcessingResult({ type: "partial", index: 1 })).toBe("OK");
  expect(lastProcessingResult({ type: "failure", thrown: true })).toBe(
    "PROBLEM: Function call failed",
  );
});
