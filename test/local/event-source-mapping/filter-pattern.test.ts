import { readFileSync } from "node:fs";

import { describe, expect, test } from "@jest/globals";

import { compilePattern } from "../../../src/local/event-source-mapping/filter-pattern.js";
import { readCases } from "./cases.js";

interface FilterCase {
  readonly name: string;
  readonly pattern?: unknown;
  readonly patternJson?: string;
  readonly patterns?: readonly unknown[];
  readonly record?: unknown;
  readonly recordJson?: string;
  readonly recordRef?: string;
  readonly matches?: boolean;
  readonly invalid?: boolean;
  readonly valid?: boolean;
  readonly evidence: string;
  readonly eventRulerAgrees?: boolean;
}

const KINDS = [
  "lambda-esm-recorded",
  "aws-samples",
  "eventbridge-recorded",
  "dynamodb-event-ruler",
  "event-ruler-tests",
];
const records = JSON.parse(
  readFileSync(new URL("cases/filter-records.json", import.meta.url), "utf8"),
) as Readonly<Record<string, unknown>>;

/** Nobody knows the answer, or it is a limit on complexity that EventBridge has and Lambda does not document. */
function isOpen({ evidence, eventRulerAgrees }: FilterCase): boolean {
  return (
    evidence === "none" || evidence === "aws-recorded-weak-negative" || eventRulerAgrees === false
  );
}

function patternsOf({ pattern, patternJson, patterns }: FilterCase): readonly string[] {
  return patternJson !== undefined
    ? [patternJson]
    : (patterns ?? [pattern]).map((each) => JSON.stringify(each));
}

function recordOf({ record, recordJson, recordRef }: FilterCase): unknown {
  if (recordRef !== undefined) return records[recordRef];
  return recordJson === undefined ? record : JSON.parse(recordJson);
}

describe.each(KINDS)("event patterns: %s", (kind) => {
  const cases = readCases<FilterCase>(`filter-cases.${kind}`).filter((each) => !isOpen(each));

  test.each(cases.map((each) => [each.name, each] as const))("%s", (_name, each) => {
    if (each.invalid) {
      expect(() => patternsOf(each).map(compilePattern)).toThrow(
        "Invalid filter pattern definition.",
      );
      return;
    }
    const matchers = patternsOf(each).map(compilePattern);
    if (each.matches !== undefined) {
      expect(matchers.some((matches) => matches(recordOf(each)))).toBe(each.matches);
    } else {
      expect(each.valid).toBe(true);
    }
  });
});
