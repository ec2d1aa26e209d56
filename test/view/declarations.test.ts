import { describe, expect, test } from "@jest/globals";

import { isMillraceError } from "../../src/errors.js";
import { cacheView } from "../../src/view/cache-view.js";
import { collectDeclarations, followedTables, viewsOf } from "../../src/view/declarations.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";

interface Order {
  id: string;
  status: string;
}

const orders = source<Order>({ table: "orders", key: ["id"] });
const byStatus = tableView({ name: "by-status", source: orders, key: ["status", "id"] });
const statuses = tableView({ name: "statuses", source: byStatus, key: ["status"] });
const cached = cacheView({ name: "cached", source: orders, type: "json", key: (o) => o.id });

function mistakesIn(exports: Record<string, unknown>): string[] {
  try {
    collectDeclarations(exports);
  } catch (thrown) {
    if (!isMillraceError(thrown)) throw thrown;
    expect(thrown.code).toBe("configuration");
    return thrown.message.split("\n  - ").slice(1);
  }
  return [];
}

describe("declarations", () => {
  test("are the sources and views among a module's exports, and nothing else of it", () => {
    const exports = { orders, byStatus, cached, limit: 5, none: null, kind: { kind: "other" } };
    expect(collectDeclarations(exports)).toEqual({ sources: [orders], views: [byStatus, cached] });
  });

  test("include what the views refer to, each once, a view after its source", () => {
    const found = collectDeclarations({ statuses, again: statuses, cached });
    expect(found.sources).toEqual([orders]);
    expect(found.views).toEqual([byStatus, statuses, cached]);
  });

  test("say which views follow a table, and which tables are followed", () => {
    const declarations = collectDeclarations({ statuses, cached });
    expect(viewsOf(declarations, "orders")).toEqual([byStatus, cached]);
    expect(viewsOf(declarations, "by-status")).toEqual([statuses]);
    expect(viewsOf(declarations, "statuses")).toEqual([]);
    expect(followedTables(declarations)).toEqual([orders, byStatus]);
  });
});

describe("a mistake in declarations:", () => {
  test("no view", () => {
    expect(mistakesIn({ orders })).toEqual([
      "no view is declared; export at least one tableView, aggregateView or cacheView",
    ]);
  });

  test("two views of one name, told once although their tables are one too", () => {
    const other = tableView({ name: "by-status", source: orders, key: ["id"] });
    expect(mistakesIn({ byStatus, other })).toEqual([
      'view "by-status" is declared 2 times; give each view a name of its own, or each a version',
    ]);
  });

  test("G12: versions of a view that are one, are of different kinds, or are no versions", () => {
    const common = { name: "v", source: orders, key: ["id"] } as const;
    const views = {
      a: tableView({ ...common, version: 2 }),
      b: tableView({ ...common, version: 2, table: "another" }),
      c: cacheView({ name: "v", source: orders, type: "json", key: ({ id }) => id }),
      d: tableView({ ...common, name: "w", version: 0 }),
    };
    expect(mistakesIn(views)).toEqual([
      'view "w": version is 0; give a whole number from 1 to 9999',
      'view "v@2" is declared 2 times; give each view a name of its own, or each a version',
      'the versions of view "v" are of different kinds, table-view and cache-view of type json; give one of them another name',
    ]);
  });

  test("a name shared by a table view and a cache view", () => {
    const other = cacheView({ name: "by-status", source: orders, type: "json", key: (o) => o.id });
    expect(mistakesIn({ byStatus, other })).toHaveLength(1);
  });

  test("N5: two views that write one table", () => {
    const other = tableView({ name: "other", source: orders, key: ["id"], table: "by-status" });
    expect(mistakesIn({ byStatus, other })).toEqual([
      'table "by-status" is written by views "by-status" and "other"; give each a table of its own',
    ]);
  });

  test("N5: a view that writes its own source", () => {
    const own = tableView({ name: "own", source: orders, key: ["id"], table: "orders" });
    expect(mistakesIn({ own })).toEqual([
      expect.stringMatching(/^view "own" writes table "orders", which is a source/),
    ]);
  });

  test("N5: views that form a cycle through the names of their tables", () => {
    const there = tableView({ name: "there", source: orders, key: ["id"] });
    const thereAgain = source<Order>({ table: "there", key: ["id"] });
    const back = tableView({ name: "back", source: thereAgain, key: ["id"], table: "orders" });
    expect(mistakesIn({ there, back })).toEqual([
      expect.stringContaining('view "there" writes table "there", which is a source'),
      expect.stringContaining('view "back" writes table "orders", which is a source'),
    ]);
  });

  test("a source declared twice", () => {
    const again = source<Order>({ table: "orders", key: ["id"] });
    const other = tableView({ name: "other", source: again, key: ["id"] });
    expect(mistakesIn({ byStatus, other })).toEqual([
      'source "orders" is declared 2 times; declare a table once and share it',
    ]);
  });

  test.each([
    ["nothing", undefined, "missing"],
    ["a table's name", "orders", '"orders"'],
    ["a cache", cached, 'the cache view "cached", which has no stream'],
  ])("a view of %s", (_what, from, found) => {
    const view = tableView({ name: "view", source: from as never, key: ["id"] as never });
    expect(mistakesIn({ view })).toEqual([
      `view "view": source is ${found}; give a source(…), a tableView(…) or an aggregateView(…)`,
    ]);
  });

  test("a predicate on Millrace's own attributes", () => {
    const where = { _millrace: ["x"], _millrace_ttl: { gt: 1 } };
    const view = tableView({ name: "view", source: orders, where: where as never, key: ["id"] });
    expect(mistakesIn({ view })).toEqual([
      'view "view": where names the reserved attribute "_millrace"',
      'view "view": where names the reserved attribute "_millrace_ttl"',
    ]);
  });

  test("G12: is told together with all others, in one error", () => {
    const bad = source<Order>({ table: "o", key: [] as never });
    const first = tableView({ name: "a b", source: bad, key: "id" as never, table: "abc" });
    const second = cacheView({ name: "cached", source: bad, type: "x" as never, key: (o) => o.id });
    const third = tableView({ name: "third", source: "?" as never, key: ["id"] as never });
    const exports = { first, second, third, cached, orders };
    expect(mistakesIn(exports)).toEqual([
      expect.stringContaining('source "o": table name "o" is not one'),
      expect.stringContaining('source "o": key has 0 attributes'),
      expect.stringContaining('view "a b": not a name'),
      expect.stringContaining('view "a b": key is "id"'),
      expect.stringContaining('view "cached": type is "x"'),
      expect.stringContaining('view "cached" is declared 2 times'),
      expect.stringContaining('view "third": source is "?"'),
    ]);
    expect(() => collectDeclarations(exports)).toThrow("declarations: 7 mistakes\n  - ");
  });
});
