import { describe, expect, test } from "@jest/globals";

import type { Item } from "../../../src/change/attribute-value.js";
import { encodeRow, encodeRowKey } from "../../../src/sink/dynamodb/encode-row.js";
import type { Put } from "../../../src/view/row.js";
import { source } from "../../../src/view/source.js";
import { type TableView, tableView } from "../../../src/view/table-view.js";
import { put, version } from "../contract/subject.js";

const view = tableView({
  name: "rows",
  source: source<{ id: string }>({ table: "items", key: ["id"] }),
  key: ["id"],
});
const rowOf = (item: Item) => encodeRow(put(view, item, 1) as Put<TableView>);

describe("a row as its table holds it", () => {
  test("has its bookkeeping beside its own attributes", () => {
    const { item, shape } = rowOf({ id: "a", n: 1 });
    const bookkeeping = { v: { S: version(1) }, k: { S: '["a"]' }, s: { S: shape } };
    expect(item).toEqual({ id: { S: "a" }, n: { N: "1" }, _millrace: { M: bookkeeping } });
  });

  test("has the shape of its attribute names, whatever they hold and in whatever order", () => {
    const { shape } = rowOf({ id: "a", n: 1, tags: new Set(["x"]) });
    expect(rowOf({ tags: "none", n: null, id: "b" }).shape).toBe(shape);
    expect(rowOf({ id: "a", n: 1 }).shape).not.toBe(shape);
    expect(rowOf({ id: "a", n: 1, tags2: "x" }).shape).not.toBe(shape);
  });

  test("that is too large is refused with its weight and what to do", () => {
    expect(() => rowOf({ id: "a", text: "x".repeat(410_000) })).toThrow(
      /view "rows": the row \["a"\] weighs 410\d\d\d bytes; .* keep less of the item in the row/,
    );
  });

  test("is found by its key attributes alone", () => {
    expect(encodeRowKey(put(view, { id: "a", n: 1 }, 1))).toEqual({ id: { S: "a" } });
  });
});
