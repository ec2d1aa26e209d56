import { expect, test } from "@jest/globals";

import { cacheView } from "../../src/view/cache-view.js";
import { source } from "../../src/view/source.js";
import { visibleRows } from "../../src/view/visible-rows.js";

interface Guest {
  id: string;
  room: string;
  rank: number;
}
const guests = source<Guest>({ table: "guests", key: ["id"] });
const common = { name: "v", source: guests, key: ({ room }: Guest) => room };
const item = (room: string, id: string, rank: number) => ({ id, room, rank });

test("of a sorted set, each key's highest scores are seen, ties by the bytes of the member, last first", () => {
  const view = cacheView({
    ...common,
    type: "sorted-set",
    member: ({ id }) => id,
    score: ({ rank }) => rank,
    keep: 2,
  });
  const items = [
    item("a", "1", 1),
    item("a", "2", 5),
    item("a", "\u{ff5e}", 5),
    item("a", "\u{1f6eb}", 5),
  ];
  const rows = [...items, item("b", "9", 0)].flatMap((each) => view.rowsOf(each));
  expect(visibleRows(view, rows).map(({ value }) => value["member"])).toEqual([
    "\u{1f6eb}",
    "\u{ff5e}",
    "9",
  ]);
});

test("of a set, a member that several items contribute is seen once", () => {
  const view = cacheView({ ...common, type: "set", member: ({ rank }) => `r${rank}` });
  const rows = [item("a", "1", 7), item("a", "2", 7)].flatMap((each) => view.rowsOf(each));
  expect(rows.map(({ key }) => key)).toEqual(['["a","r7","[\\"1\\"]"]', '["a","r7","[\\"2\\"]"]']);
  expect(visibleRows(view, rows)).toEqual([{ key: '["a","r7"]', value: { member: "r7" } }]);
});

test("of entries all are seen, of notifications none", () => {
  const rows = [{ key: "k", value: {} }];
  expect(visibleRows(cacheView({ ...common, type: "json" }), rows)).toBe(rows);
  expect(visibleRows(cacheView({ ...common, type: "stream" }), rows)).toEqual([]);
});
