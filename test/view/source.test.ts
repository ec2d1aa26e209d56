import { describe, expect, test } from "@jest/globals";

import { numberKey } from "../../src/view/key.js";
import { source, tableNameMistakes } from "../../src/view/source.js";

interface Order {
  orderId: string;
  line: number;
}

describe("a source", () => {
  test("is a table and its key", () => {
    expect(source<Order>({ table: "orders", key: ["orderId", numberKey("line")] })).toEqual({
      kind: "source",
      table: "orders",
      key: [
        { name: "orderId", type: "S" },
        { name: "line", type: "N" },
      ],
      mistakes: [],
    });
  });

  test("keeps all its mistakes, to be told with those of others", () => {
    const { mistakes } = source<Order>({ table: "o", key: [] as never });
    expect(mistakes).toEqual([
      'source "o": table name "o" is not one; use 3 to 255 of a-z, A-Z, 0-9, "_", "-" and "."',
      'source "o": key has 0 attributes; name the partition key and at most one sort key',
    ]);
  });

  test.each(["abc", "A.b-c_9", "x".repeat(255)])("may be called %j", (table) => {
    expect(tableNameMistakes("source", table)).toEqual([]);
  });

  test.each(["", "ab", "x".repeat(256), "a b", "orders/x", "ördərs", undefined, null, ["abc"]])(
    "cannot be called %j",
    (table) => {
      expect(tableNameMistakes("source", table as string)).toHaveLength(1);
    },
  );
});
