import { readFileSync } from "node:fs";

import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

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

/** What an operator asks of one leaf, said once more in the simplest way. */
const ORACLE: Readonly<Record<string, (leaf: unknown, argument: string) => boolean>> = {
  prefix: (leaf, argument) => typeof leaf === "string" && leaf.startsWith(argument),
  suffix: (leaf, argument) => typeof leaf === "string" && leaf.endsWith(argument),
  "equals-ignore-case": (leaf, argument) =>
    typeof leaf === "string" && leaf.toLowerCase() === argument.toLowerCase(),
  "anything-but": (leaf, argument) => leaf !== argument,
  exactly: (leaf, argument) => leaf === argument,
  wildcard: (leaf, argument) =>
    typeof leaf === "string" && new RegExp(`^${argument.replaceAll("*", ".*")}$`).test(leaf),
};

describe("event patterns agree with a plain reading of them", () => {
  const text = fc
    .array(fc.constantFrom("a", "b", "A"), { maxLength: 4 })
    .map((letters) => letters.join(""));
  const leaf = fc.oneof(text, fc.integer({ min: 0, max: 3 }), fc.boolean(), fc.constant(null));

  test("for lists of leaves, one operator or several", () => {
    const operator = fc.tuple(fc.constantFrom(...Object.keys(ORACLE)), text);
    fc.assert(
      fc.property(
        fc.array(leaf, { maxLength: 3 }),
        fc.array(operator, { minLength: 1, maxLength: 3 }),
        (leaves, operators) => {
          const pattern = { f: operators.map(([name, argument]) => ({ [name]: argument })) };
          const expected = leaves.some((each) =>
            operators.some(([name, argument]) => ORACLE[name]?.(each, argument)),
          );
          expect(compilePattern(JSON.stringify(pattern))({ f: leaves })).toBe(expected);
        },
      ),
    );
  });

  test("for lists of objects, whose fields must fit in one and the same element", () => {
    const element = fc.record({ x: fc.nat({ max: 2 }), y: fc.nat({ max: 2 }) });
    fc.assert(
      fc.property(fc.array(element, { maxLength: 4 }), element, (list, wanted) => {
        const pattern = { list: { x: [wanted.x], y: [{ numeric: ["=", wanted.y] }] } };
        const expected = list.some(({ x, y }) => x === wanted.x && y === wanted.y);
        expect(compilePattern(JSON.stringify(pattern))({ list })).toBe(expected);
      }),
    );
  });

  test("a path named twice asks what it asks last; dotted and nested keys name the same path", () => {
    const pattern = '{"a.b":["x"],"a":{"b":["y"]}}';
    expect([{ a: { b: "x" } }, { "a.b": "y" }].map(compilePattern(pattern))).toEqual([false, true]);
    const merged = '{"a":{"b":["x"]},"a":{"c":["y"]}}';
    expect([{ a: { c: "y" } }, { a: { b: "x", c: "y" } }].map(compilePattern(merged))).toEqual([
      false,
      true,
    ]);
  });
});
