import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import type { Item } from "../../src/change/attribute-value.js";
import { type EventPattern, eventPatterns } from "../../src/deploy/filters.js";
import { cacheView } from "../../src/view/cache-view.js";
import { compilePredicate, type DataPredicate } from "../../src/view/predicate.js";
import { source } from "../../src/view/source.js";
import { tableView, type Where } from "../../src/view/table-view.js";
import { streamRecord } from "../support/records.js";

interface Order {
  id: string;
  status?: unknown;
  total?: unknown;
  "a.b"?: unknown;
}

const orders = source<Order>({ table: "orders", key: ["id"] });

function viewWhere(where?: Where<Order>, name = "some") {
  return tableView({ name, source: orders, key: ["id"], ...(where && { where }) });
}

/** What Lambda does with the operators we use. Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html */
function matches(pattern: EventPattern | readonly unknown[], value: unknown): boolean {
  if (!Array.isArray(pattern)) {
    return Object.entries(pattern as EventPattern).every(([name, inner]) =>
      matches(inner, (value as Record<string, unknown> | undefined)?.[name]),
    );
  }
  return pattern.some((wanted: unknown) => {
    if (typeof wanted !== "object" || wanted === null) return value === wanted;
    if ("prefix" in wanted)
      return typeof value === "string" && value.startsWith(wanted.prefix as string);
    return value !== undefined && typeof value !== "object";
  });
}

function arrives(patterns: readonly EventPattern[], old?: Item, after?: Item): boolean {
  const record = streamRecord({ ...(old && { old }), ...(after && { new: after }) });
  return patterns.length === 0 || patterns.some((pattern) => matches(pattern, record));
}

describe("the event patterns of a mapping", () => {
  test("let a record through by its new or its old image", () => {
    expect(eventPatterns([viewWhere({ status: ["OPEN", "HELD"] })])).toEqual([
      { dynamodb: { NewImage: { status: { S: ["OPEN", "HELD"] } } } },
      { dynamodb: { OldImage: { status: { S: ["OPEN", "HELD"] } } } },
    ]);
  });

  test.each<[string, DataPredicate<Item>, EventPattern]>([
    ["a prefix", { status: { prefix: "OP" } }, { status: { S: [{ prefix: "OP" }] } }],
    ["a boolean", { status: [true] }, { status: { BOOL: [true] } }],
    ["a number, being one", { total: [5] }, { total: { N: [{ exists: true }] } }],
    ["a number's bound", { total: { gte: 100 } }, { total: { N: [{ exists: true }] } }],
    ["a text's bound", { status: { lt: "M" } }, { status: { S: [{ exists: true }] } }],
    ["the empty prefix", { status: { prefix: "" } }, { status: { S: [{ exists: true }] } }],
    [
      "all that is said of several attributes",
      { status: ["OPEN"], total: { gt: 1 } },
      { status: { S: ["OPEN"] }, total: { N: [{ exists: true }] } },
    ],
    [
      "what can be said, without what cannot",
      { status: ["OPEN"], total: { exists: false } },
      { status: { S: ["OPEN"] } },
    ],
  ])("say %s", (_what, where, image) => {
    expect(eventPatterns([viewWhere(where)])[0]).toEqual({ dynamodb: { NewImage: image } });
  });

  test.each<[string, Where<Order> | undefined]>([
    ["without a predicate", undefined],
    ["whose predicate is a function", ({ status }) => status === "OPEN"],
    ["that excludes values, as an absent attribute has none", { status: { not: ["CLOSED"] } }],
    ["that asks for absence", { status: { exists: false } }],
    ["that takes values of several types", { status: ["OPEN", 1] }],
    ["that takes null", { status: [null] }],
    ["whose attribute's name would mean nesting", { "a.b": ["x"] }],
  ])("let everything through for a view %s", (_what, where) => {
    expect(eventPatterns([viewWhere(where)])).toEqual([]);
  });

  test("let through what any of several views must see, of tables and caches alike", () => {
    const hot = cacheView({
      name: "hot",
      source: orders,
      where: { status: ["HELD"] },
      type: "json",
      key: ({ id }) => id,
    });
    const patterns = eventPatterns([viewWhere({ status: ["OPEN"] }), hot]);
    expect(patterns).toHaveLength(4);
    expect(arrives(patterns, undefined, { id: "1", status: "HELD" })).toBe(true);
    expect(arrives(patterns, undefined, { id: "1", status: "CLOSED" })).toBe(false);
    expect(eventPatterns([viewWhere({ status: ["OPEN"] }), viewWhere()])).toEqual([]);
  });

  test("are the same once for views that ask the same", () => {
    const twice = ["one", "other"].map((name) => viewWhere({ status: ["OPEN"] }, name));
    expect(eventPatterns(twice)).toHaveLength(2);
  });

  test("are given up beyond AWS's five patterns, and beyond 4,096 characters", () => {
    const three = ["A", "B", "C"].map((status) => viewWhere({ status: [status] }, status));
    expect(eventPatterns(three.slice(0, 2))).toHaveLength(4);
    expect(eventPatterns(three)).toEqual([]);
    expect(eventPatterns([viewWhere({ status: ["x".repeat(4_000)] })])).toHaveLength(2);
    expect(eventPatterns([viewWhere({ status: ["x".repeat(4_096)] })])).toEqual([]);
  });
});

const attribute = fc.constantFrom("status", "total", "a.b");
const value = fc.oneof(
  fc.constantFrom("OPEN", "OPENED", "CLOSED", "", true, false, null),
  fc.integer({ min: -2, max: 2 }),
  fc.integer({ min: -1e9, max: 1e9 }).map((cents) => cents / 100),
);
const bound = fc.oneof(fc.constantFrom("OPEN", "B", ""), fc.integer({ min: -2, max: 2 }));
const list = fc.array(value, { minLength: 1, maxLength: 3 });
const condition = fc.oneof(
  list,
  fc
    .record(
      {
        gt: bound,
        gte: bound,
        lt: bound,
        lte: bound,
        prefix: fc.constantFrom("OP", ""),
        not: list,
        exists: fc.boolean(),
      },
      { requiredKeys: [] },
    )
    .filter((operands) => Object.keys(operands).length > 0),
);
const predicate = fc.dictionary(attribute, condition, { minKeys: 1, maxKeys: 3 });
const image = fc.option(
  fc.dictionary(attribute, value, { maxKeys: 3 }).map((rest): Item => ({ ...rest, id: "1" })),
  { nil: undefined },
);

describe("whatever the predicates", () => {
  test("a record with an image in a view always arrives", () => {
    fc.assert(
      fc.property(
        fc.array(predicate, { minLength: 1, maxLength: 2 }),
        image,
        image,
        (all, old, after) => {
          const patterns = eventPatterns(all.map((where, i) => viewWhere(where, `v${i}`)));
          const concerned = all
            .map((where) => compilePredicate<Item>(where))
            .some((holds) => (old && holds(old)) || (after && holds(after)));
          if (concerned) expect(arrives(patterns, old, after)).toBe(true);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
