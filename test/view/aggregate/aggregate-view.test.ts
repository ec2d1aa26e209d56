import { describe, expect, test } from "@jest/globals";

import { NumberValue } from "../../../src/change/attribute-value.js";
import { aggregateView, isDirect } from "../../../src/view/aggregate/aggregate-view.js";
import {
  avg,
  count,
  countIf,
  distinctCount,
  earliest,
  latest,
  max,
  sum,
  topK,
} from "../../../src/view/aggregate/measure.js";
import { collectDeclarations } from "../../../src/view/declarations.js";
import { source } from "../../../src/view/source.js";
import { tableView } from "../../../src/view/table-view.js";

interface Sale {
  id: string;
  shop: string;
  amount?: number;
  tag?: string;
}

const sales = source<Sale>({ table: "sales", key: ["id"] });
const base = {
  name: "figures",
  source: sales,
  groupBy: ({ shop }: Sale) => ({ shop }),
  key: ["shop"] as const,
};

const view = aggregateView({
  ...base,
  where: { shop: { not: ["closed"] } },
  measures: {
    n: count(),
    large: countIf(({ amount = 0 }) => amount > 10),
    total: sum("amount"),
    mean: avg(({ amount }) => amount),
    most: max("amount"),
    tags: distinctCount("tag"),
    top: topK(3, { by: "amount", keep: ({ id }) => ({ id }) }),
    last: latest({ by: ({ tag }) => tag }),
  },
});

describe("an aggregate view", () => {
  test("G4: an item contributes one row of parts, of what it has to add; nothing where it is not in the view", () => {
    expect(view.rowsOf({ id: "1", shop: "a", amount: 12, tag: "x" })).toEqual([
      {
        key: "contribution",
        value: {
          parts: [
            {
              group: { shop: "a" },
              values: {
                large: true,
                total: 12,
                mean: 12,
                most: { by: 12 },
                tags: "x",
                top: { by: 12, kept: { id: "1" } },
                last: { by: "x", kept: { id: "1", shop: "a", amount: 12, tag: "x" } },
              },
            },
          ],
        },
      },
    ]);
    expect(view.rowsOf({ id: "1", shop: "a", amount: null })).toEqual([
      { key: "contribution", value: { parts: [{ group: { shop: "a" }, values: {} }] } },
    ]);
    expect(view.rowsOf({ id: "1", shop: "closed" })).toEqual([]);
  });

  test("an item may be in several groups, in none, and in one that is named twice once", () => {
    const tagged = aggregateView({
      ...base,
      groupBy: ({ tag = "" }) =>
        tag
          .split(",")
          .filter(Boolean)
          .map((shop) => ({ shop })),
      measures: { n: count() },
    });
    const groups = (tag: string) =>
      tagged.rowsOf({ id: "1", tag }).flatMap(({ value }) => (value as { parts: { group: { shop: string } }[] }).parts.map(({ group }) => group.shop)); // prettier-ignore
    expect(groups("a,b,a")).toEqual(["a", "b"]);
    expect(groups("")).toEqual([]);
  });

  const kept = (amount: unknown) => () => view.rowsOf({ id: "1", shop: "a", amount });
  test.each([
    ["a measure that is text", kept("12"), 'measure "total" is "12", which is not a number'],
    ["NaN", kept(NaN), 'measure "total": its attribute "value" is NaN'],
    ["a Date", kept(new Date(0)), 'measure "total" is a Date, which is not a number'],
    ["39 digits", kept(NumberValue.from("9".repeat(39))), "at most 38 digits, this has 39"],
    ["no group key", () => view.rowsOf({ id: "1" }), 'key attribute "shop" is missing'],
    ["an empty group key", () => view.rowsOf({ id: "1", shop: "" }), "is an empty string"],
    [
      "a group key of another type",
      () => view.rowsOf({ id: "1", shop: 7 }),
      "declared as a string",
    ],
    [
      "a tag of another type",
      () => view.rowsOf({ id: "1", shop: "a", tag: ["x"] }),
      'measure "tags" is ["x"]; give a number or text',
    ],
    [
      "a text too long to order by",
      () => view.rowsOf({ id: "1", shop: "a", tag: "x".repeat(401) }),
      "at most 400 bytes",
    ],
    [
      "a whole item too heavy to keep",
      () => view.rowsOf({ id: "1", shop: "a", tag: "x", bulk: "x".repeat(200_000) }),
      "keep less",
    ],
  ])("G25: tells %s by view, measure and value", (_, derive, message) => {
    expect(derive).toThrow(
      expect.objectContaining({ code: "invalid-row", message: expect.stringContaining(message) }),
    );
    expect(derive).toThrow('view "figures"');
  });

  test("G25: tells what its functions throw, and groups that the key does not name", () => {
    const throwing = aggregateView({
      ...base,
      measures: { n: countIf(({ tag }) => tag!.length > 1) },
    });
    expect(() => throwing.rowsOf({ id: "1", shop: "a" })).toThrow(
      /view "figures": measure "n" threw: Cannot read/,
    );
    const wide = aggregateView({
      ...base,
      groupBy: ({ shop, id }) => ({ shop, id }),
      measures: { n: count() },
    });
    expect(() => wide.rowsOf({ id: "1", shop: "a" })).toThrow(
      'groupBy names "id", which the key does not',
    );
  });

  test("G12: all mistakes of a declaration are told together", () => {
    const wrong = aggregateView({
      ...base,
      name: "wrong",
      table: "w!",
      key: ["shop", "_millrace"] as never,
      groupBy: undefined as never,
      spread: 0,
      measures: {
        shop: count(),
        _millrace: count(),
        none: undefined as never,
        blank: sum("") as never,
        many: topK(0.5, { by: "amount" }),
        unread: earliest({} as never),
        kept: latest({ by: "tag", keep: "id" as never }),
        cond: countIf("x" as never),
      },
    });
    expect(() =>
      collectDeclarations({ wrong, empty: aggregateView({ ...base, measures: {} }) }),
    ).toThrow(
      new RegExp(
        [
          'table name "w!" is not one',
          'key attribute "_millrace" is reserved',
          "groupBy is null; give a function",
          'measure "shop" has the name of a key attribute',
          'measure "_millrace" has a reserved name',
          'measure "none" is not one',
          'measure "blank" reads ""',
          'measure "many": k is 0.5',
          'measure "unread" reads nothing',
          'measure "kept": keep is "id"',
          'measure "cond": give countIf a function',
          "spread is 0; give a whole number from 1 to 64",
          'view "figures": has no measures',
        ].join("[^]*"),
      ),
    );
  });

  test("N5: its workings are a table of its own, and its rows can be the source of further views", () => {
    expect([view.table, view.workingsTable]).toEqual(["figures", "figures-workings"]);
    const richest = tableView({
      name: "richest",
      source: view,
      where: { n: { gte: 2 } },
      key: ["shop"],
    });
    expect(collectDeclarations({ richest }).views.map(({ name }) => name)).toEqual([
      "figures",
      "richest",
    ]);
    const clash = tableView({ name: "figures-workings", source: sales, key: ["id"] });
    expect(() => collectDeclarations({ view, clash })).toThrow(
      'written by views "figures" and "figures-workings"',
    );
  });

  test("its rows are their own counters where it counts and sums alone, and is not spread", () => {
    const counting = { n: count(), total: sum("amount"), tags: distinctCount("tag") };
    expect(isDirect(aggregateView({ ...base, measures: counting }))).toBe(true);
    expect(isDirect(aggregateView({ ...base, measures: counting, spread: 2 }))).toBe(false);
    expect(isDirect(view)).toBe(false);
  });
});
