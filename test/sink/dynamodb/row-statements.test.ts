import { describe, expect, test } from "@jest/globals";

import { encodeRow } from "../../../src/sink/dynamodb/encode-row.js";
import { rowStatement } from "../../../src/sink/dynamodb/row-statements.js";
import type { Mutation, Put } from "../../../src/view/row.js";
import { source } from "../../../src/view/source.js";
import { type TableView, tableView } from "../../../src/view/table-view.js";
import { put, remove, version } from "../contract/subject.js";

const view = tableView({
  name: "rows",
  source: source<{ id: string }>({ table: "items", key: ["id"] }),
  key: ["id"],
});
const stays = put(view, { id: "a", 'quo"ted': 1, "it's": true }, 2) as Put<TableView>;
const enters: Mutation<TableView> = { ...stays, enters: true };
const { item, shape, bytes } = encodeRow(stays);

describe("a statement that writes a row", () => {
  test("which enters its view, inserts it", () => {
    expect(rowStatement("shop-rows", enters)).toEqual({
      row: 'shop-rows ["a"]',
      bytes,
      request: {
        Statement: `INSERT INTO "shop-rows" VALUE {'id': ?, 'quo"ted': ?, 'it''s': ?, '_millrace': ?}`,
        Parameters: Object.values(item),
      },
    });
  });

  test("which stays in its view, replaces one of ours that is older and has the same attributes", () => {
    const { request } = rowStatement("shop-rows", stays)!;
    expect(request.Statement).toBe(
      `UPDATE "shop-rows" SET "quo""ted" = ? SET "it's" = ? SET "_millrace" = ? ` +
        `WHERE "id" = ? AND "_millrace"."k" = ? AND "_millrace"."v" < ? AND "_millrace"."s" = ?`,
    );
    expect(request.Parameters).toEqual([
      { N: "1" },
      { BOOL: true },
      item["_millrace"],
      { S: "a" },
      { S: '["a"]' },
      { S: version(2) },
      { S: shape },
    ]);
  });

  test("is not made of a delete, nor of a row that no table can hold", () => {
    expect(rowStatement("shop-rows", remove(view, "a", 2))).toBeUndefined();
    expect(rowStatement("shop-rows", put(view, { id: "a", n: Number.NaN }, 2))).toBeUndefined();
  });
});
