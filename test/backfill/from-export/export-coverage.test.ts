import { describe, expect, test } from "@jest/globals";

import { checkExport, type Following } from "../../../src/backfill/from-export/export-coverage.js";
import type { FunctionProgress } from "../../../src/state/progress.js";
import { NO_PROGRESS } from "../../../src/state/progress.js";
import { source } from "../../../src/view/source.js";
import { tableView } from "../../../src/view/table-view.js";

const orders = source<{ id: string }>({ table: "orders", key: ["id"] });
const views = [
  tableView({ name: "one", source: orders, key: ["id"] }),
  tableView({ name: "two", source: orders, key: ["id"] }),
];
const AT = Date.UTC(2026, 0, 5, 10, 0, 0, 500);
const table = { declared: "orders", actual: "prod-orders" };
const manifest = { id: "e", table: "prod-orders", atMs: AT, files: [] };

const label = (ms: number) => new Date(ms).toISOString().slice(0, -1);
const progress = (since: Readonly<Record<string, number>>) => ({
  functions: [
    {
      views: Object.fromEntries(
        Object.entries(since).map(([view, sinceMs]) => [view, { ...NO_PROGRESS, sinceMs }]),
      ),
    } as unknown as FunctionProgress,
  ],
});
const since = (changes: Partial<Following> = {}): Following => ({
  label: label(AT - 1_000),
  tables: new Map([["prod-one", AT - 1_000]]),
  progress: progress({ one: AT - 1_000, two: AT - 1_000 }),
  ...changes,
});
const check = (changes: Partial<Following>) => () =>
  checkExport(manifest, table, views, since(changes));

describe("whether an export can be what a backfill begins with", () => {
  test("it can where stream, tables and functions are all older", () => {
    expect(check({})).not.toThrow();
  });

  test("N30: it cannot where anything that follows the source may be younger, and both ways out are told", () => {
    expect(check({ label: label(AT) })).toThrow(
      /as of 2026-01-05T10:00:00.500Z; what was made in "prod-orders" after that.*\n.*its stream is of .*\nExport the table again, .*, or backfill without --from-export/,
    );
    expect(check({ tables: new Map([["prod-one", AT + 1_000]]) })).toThrow(
      /table "prod-one" is of 2026-01-05T10:00:01.500Z/,
    );
    expect(check({ progress: progress({ one: AT - 1_000 }) })).toThrow(
      /no change has come to view "two" yet/,
    );
    expect(check({ progress: progress({ one: AT - 1_000, two: AT + 60_000 }) })).toThrow(
      /the first change that came to view "two" did so at 2026-01-05T10:01/,
    );
  });

  test("N30: a point in time is exported to the second, so what began within it is later", () => {
    expect(check({ label: label(AT - 400) })).toThrow(/its stream is of/);
    expect(check({ label: label(AT - 500) })).not.toThrow();
  });

  test("one of another table is refused", () => {
    expect(() => checkExport({ ...manifest, table: "orders" }, table, views, since())).toThrow(
      /it is of table "orders", and the views are of "orders", which is "prod-orders"; .*MILLRACE_TABLE_PREFIX/,
    );
  });
});
