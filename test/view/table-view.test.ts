import { describe, expect, test } from "@jest/globals";

import type { Item } from "../../src/change/attribute-value.js";
import { numberKey } from "../../src/view/key.js";
import { source } from "../../src/view/source.js";
import { type TableView, tableView } from "../../src/view/table-view.js";

interface Customer {
  pk: string;
  type: "CUSTOMER";
  name: string;
}
interface Order {
  pk: string;
  type: "ORDER";
  total: number;
  tags?: string[];
}

const records = source<Customer | Order>({ table: "records", key: ["pk"] });
const orders = source<Order>({ table: "orders", key: ["pk"] });
const ada: Customer = { pk: "c-1", type: "CUSTOMER", name: "Ada" };
const small: Order = { pk: "o-1", type: "ORDER", total: 5, tags: ["a", "b"] };
const large: Order = { pk: "o-2", type: "ORDER", total: 500 };

function rows(view: Pick<TableView, "rowsOf">, item: object): Record<string, Item> {
  return Object.fromEntries(view.rowsOf(item as Item).map(({ key, value }) => [key, value]));
}

describe("a table view", () => {
  test("without functions holds its source's items under another key", () => {
    const view = tableView({ name: "by-type", source: orders, key: ["type", "pk"] });
    expect(view).toMatchObject({
      kind: "table-view",
      name: "by-type",
      table: "by-type",
      source: orders,
      tombstones: false,
      mistakes: [],
      key: [
        { name: "type", type: "S" },
        { name: "pk", type: "S" },
      ],
    });
    expect(view).not.toHaveProperty("filter");
    expect(rows(view, small)).toEqual({ '["ORDER","o-1"]': small });
  });

  test("may have a table of another name, and keep tombstones", () => {
    const view = tableView({
      name: "v",
      source: orders,
      key: ["pk"],
      table: "t-1",
      tombstones: true,
    });
    expect(view).toMatchObject({ name: "v", table: "t-1", tombstones: true });
  });

  test("with row holds what it makes of an item", () => {
    const view = tableView({
      name: "v",
      source: orders,
      key: ["pk", numberKey("cents")],
      row: ({ pk, total }) => ({ pk, cents: total * 100 }),
    });
    expect(rows(view, small)).toEqual({ '["o-1",500]': { pk: "o-1", cents: 500 } });
  });

  test("with rows holds any number of rows an item", () => {
    const view = tableView({
      name: "v",
      source: orders,
      key: ["tag", "pk"],
      rows: ({ pk, tags = [] }) => tags.map((tag) => ({ tag, pk })),
    });
    expect(Object.keys(rows(view, small))).toEqual(['["a","o-1"]', '["b","o-1"]']);
    expect(rows(view, large)).toEqual({});
  });

  test("with where as a function holds only the items it lets through", () => {
    const view = tableView({ name: "v", source: orders, where: (o) => o.total > 100, key: ["pk"] });
    expect(rows(view, small)).toEqual({});
    expect(rows(view, large)).toEqual({ '["o-2"]': large });
  });

  test("with where as data holds only the items that match, and can push it down", () => {
    const where = { total: { gt: 100 } };
    const view = tableView({ name: "v", source: orders, where, key: ["pk"] });
    expect(rows(view, small)).toEqual({});
    expect(rows(view, large)).toEqual({ '["o-2"]': large });
    expect(view.filter).toBe(where);
  });

  test("with where as a type guard holds one kind of a table of many, and asks nothing of the others", () => {
    const view = tableView({
      name: "v",
      source: records,
      where: (i): i is Customer => i.type === "CUSTOMER",
      key: ["name"],
      row: (customer) => ({ name: customer.name.toUpperCase() }),
    });
    expect(rows(view, ada)).toEqual({ '["ADA"]': { name: "ADA" } });
    expect(rows(view, small)).toEqual({});
  });

  test("of a view sees that view's rows", () => {
    const first = tableView({
      name: "first",
      source: orders,
      key: ["pk"],
      row: ({ pk, total }) => ({ pk, cents: total * 100 }),
    });
    const second = tableView({
      name: "second",
      source: first,
      where: { cents: { gt: 1 } },
      key: ["pk"],
    });
    expect(second.source).toBe(first);
    expect(rows(second, { pk: "o-1", cents: 500 })).toEqual({
      '["o-1"]': { pk: "o-1", cents: 500 },
    });
  });
});

describe("a row that fits no table is refused, naming view, fault and remedy:", () => {
  const derive = (row: unknown) => {
    const view = tableView({
      name: "v",
      source: orders,
      key: ["pk"],
      row: () => row as { pk: string },
    });
    return () => view.rowsOf({ pk: "o-1" });
  };

  test.each<[string, unknown, string]>([
    ["no row", undefined, 'view "v": a row is undefined; return an object of attributes'],
    ["null", null, 'view "v": a row is null; return an object of attributes'],
    ["text", "row", 'view "v": a row is "row"; return an object of attributes'],
    ["a list", [{ pk: "x" }], 'view "v": a row is [{"pk":"x"}]; return an object of attributes'],
    [
      "no key attribute",
      { id: 1 },
      'view "v": key attribute "pk" is missing; a key attribute must be',
    ],
    ["an empty key", { pk: "" }, 'view "v": key attribute "pk" is an empty string; a key'],
    [
      "a key of another type",
      { pk: 5 },
      'view "v": key attribute "pk" is a number, but declared as a string; convert',
    ],
    [
      "a binary key",
      { pk: Uint8Array.of(1) },
      'view "v": key attribute "pk" is binary, but declared as a string',
    ],
    [
      "the version's name",
      { pk: "x", _millrace: 1 },
      'view "v": a row has the attribute "_millrace", which is reserved',
    ],
    [
      "the expiry's name",
      { pk: "x", _millrace_ttl: 1 },
      'view "v": a row has the attribute "_millrace_ttl", which is reserved',
    ],
  ])("%s", (_what, row, start) => {
    expect(derive(row)).toThrow(start);
    expect(derive(row)).toThrow(
      expect.objectContaining({ code: "invalid-row", context: { view: "v" } }),
    );
  });

  test("text where a number is the key", () => {
    const view = tableView({ name: "v", source: orders, key: [numberKey("total")] });
    expect(() => view.rowsOf({ total: "5" })).toThrow(
      'view "v": key attribute "total" is a string, but declared as a number',
    );
  });

  test("rows that are no list", () => {
    const view = tableView({
      name: "v",
      source: orders,
      key: ["pk"],
      rows: () => undefined as unknown as { pk: string }[],
    });
    expect(() => view.rowsOf({ pk: "x" })).toThrow(
      'view "v": rows returned undefined; return a list, empty for no row',
    );
  });

  test("two rows of one item under one key", () => {
    const view = tableView({
      name: "v",
      source: orders,
      key: ["pk"],
      rows: ({ pk }) => [{ pk }, { pk }],
    });
    expect(() => view.rowsOf({ pk: "x" })).toThrow(
      'view "v": one item derives two rows with the key ["x"]; make the key tell them apart',
    );
  });

  test.each(["where", "row", "rows"])("what %s throws", (option) => {
    const fail = () => {
      throw new Error("cannot");
    };
    const view = tableView({ name: "v", source: orders, key: ["pk"], [option]: fail } as never);
    expect(() => view.rowsOf({ pk: "x" })).toThrow(`view "v": ${option} threw: cannot`);
  });
});

describe("mistakes in a table view", () => {
  const mistakes = (options: object) =>
    tableView({ name: "v-1", source: orders, key: ["pk"], ...options } as never).mistakes;

  test.each<[string, object, string]>([
    ["its name", { name: "a b", table: "abc" }, 'view "a b": not a name; use 1 to 128 of'],
    ["no name", { name: undefined, table: "abc" }, "view undefined: not a name"],
    ["its table", { table: "x" }, 'view "v-1": table name "x" is not one'],
    ["its key", { key: [] }, 'view "v-1": key has 0 attributes'],
    ["a key that is no list", { key: "pk" }, 'view "v-1": key is "pk"; give a list'],
    ["a key of nothing", { key: [null] }, 'view "v-1": key attribute null is not one'],
    ["its predicate", { where: { a: null } }, 'view "v-1": where.a is null; write the values'],
    ["its row", { row: { pk: 1 } }, 'view "v-1": row is {"pk":1}; give a function of the item'],
    ["its rows", { rows: [] }, 'view "v-1": rows is []; give a function of the item'],
    [
      "two kinds of rows",
      { row: () => ({}), rows: () => [] },
      'view "v-1": has both row and rows; give one',
    ],
  ])("are told, not thrown: %s", (_what, options, start) => {
    const found = mistakes(options);
    expect(found).toHaveLength(1);
    expect(found[0]!.slice(0, start.length)).toBe(start);
  });

  test("are told all together", () => {
    expect(mistakes({ name: "", table: "x", key: [], where: "all", row: 1 })).toHaveLength(5);
  });
});
