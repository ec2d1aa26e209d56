import { expect, test } from "@jest/globals";

import { neededTables } from "../../src/dynamodb/needed-tables.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";

test("a view's table is followed once a view takes it as its source", () => {
  const items = source<{ id: string }>({ table: "items", key: ["id"] });
  const copy = tableView({ name: "copy", source: items, key: ["id"], tombstones: true });
  const again = tableView({ name: "again", source: copy, key: ["id"] });
  const tables = neededTables(collectDeclarations({ again }));
  expect(
    tables.map(({ table, followed, ttlAttribute }) => [table, followed, ttlAttribute]),
  ).toEqual([
    ["items", true, undefined],
    ["copy", true, "_millrace_ttl"],
    ["again", false, undefined],
  ]);
});
