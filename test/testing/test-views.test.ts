import { describe, expect, test } from "@jest/globals";
import { aggregateView, cacheView, count, max, numberKey, source, sum, tableView } from "millrace";
import { testViews } from "millrace/testing";

interface Order {
  orderId: string;
  customerId: string;
  status: "OPEN" | "CLOSED";
  total: number;
  note?: string;
}

const orders = source<Order>({ table: "orders", key: ["orderId"] });
const openOrders = tableView({
  name: "open-orders",
  source: orders,
  where: { status: ["OPEN"] },
  key: ["customerId", numberKey("total")],
});
const bigOrders = tableView({
  name: "big-orders",
  source: openOrders,
  where: { total: { gte: 100 } },
  key: ["orderId"],
  row: ({ orderId, total }) => ({ orderId, total }),
});
const hotOrders = cacheView({
  name: "hot-orders",
  source: orders,
  type: "json",
  key: ({ orderId }) => `order:${orderId}`,
  value: ({ total }) => ({ total }),
});
const pipeline = { orders, openOrders, bigOrders, hotOrders };

const order = (orderId: string, total: number, more: Partial<Order> = {}): Order => {
  return { orderId, customerId: "c-1", status: "OPEN", total, ...more };
};

describe("the test kit", () => {
  test("G28: items given and changes made come out as rows, by key, of views and of views that follow them", async () => {
    const views = testViews(pipeline);
    await views.given(orders, [order("o-1", 100), order("o-2", 9), order("o-3", 20)]);
    await views.update(orders, { orderId: "o-1" }, { total: 250, note: "gift" });
    await views.put(orders, order("o-3", 20, { status: "CLOSED" }));
    await views.delete(orders, { orderId: "o-2" });
    await views.delete(orders, { orderId: "o-9" });
    await views.put(orders, order("o-4", 30));
    await views.update(orders, { orderId: "o-1" }, { note: undefined });
    expect(await views.rows(openOrders)).toEqual([order("o-4", 30), order("o-1", 250)]);
    expect(await views.rows(bigOrders)).toEqual([{ orderId: "o-1", total: 250 }]);
    expect(await views.rows(hotOrders)).toEqual([{ total: 250 }, { total: 20 }, { total: 30 }]);
    await views.verify();
  });

  test("G28: groups come out with their figures, and views that follow groups", async () => {
    const spending = aggregateView({
      name: "spending",
      source: orders,
      groupBy: ({ customerId }) => ({ customerId }),
      key: ["customerId"],
      measures: { orders: count(), total: sum("total"), largest: max("total") },
      spread: 2,
    });
    const counts = aggregateView({
      name: "counts",
      source: orders,
      groupBy: ({ status }) => ({ status }),
      key: ["status"],
      measures: { orders: count() },
    });
    const byCount = tableView({
      name: "by-count",
      source: counts,
      key: [numberKey("orders"), "status"],
    });
    const views = testViews({ spending, byCount });
    await views.given(orders, [order("o-1", 0.1), order("o-2", 0.2), order("o-3", 5)]);
    await views.update(orders, { orderId: "o-3" }, { customerId: "c-2", status: "CLOSED" });
    expect(await views.rows(spending)).toEqual([
      { customerId: "c-1", orders: 2, total: 0.3, largest: 0.2 },
      { customerId: "c-2", orders: 1, total: 5, largest: 5 },
    ]);
    expect(await views.rows(byCount)).toEqual([
      { status: "CLOSED", orders: 1 },
      { status: "OPEN", orders: 2 },
    ]);
    await views.verify();
  });

  test("keeps what was written, whatever the test does to its object later", async () => {
    const views = testViews(pipeline);
    const item = order("o-1", 5);
    await views.put(orders, item);
    item.total = 6;
    expect(await views.rows(openOrders)).toEqual([order("o-1", 5)]);
  });

  test("rejects where a view cannot take a change, and tells whom it concerns", async () => {
    const picky = tableView({
      name: "picky",
      source: orders,
      key: ["orderId"],
      row: ({ orderId, note }) => ({ orderId, note: note!.trim() }),
    });
    const views = testViews({ orders, picky, hotOrders });
    await views.put(orders, order("o-1", 5));
    await views.put(orders, order("o-2", 5, { note: " x " }));
    await expect(views.rows(picky)).rejects.toThrow(/view "picky": row threw: Cannot read/);
    expect(await views.quarantined(picky)).toMatchObject([{ view: "picky", itemKey: '["o-1"]' }]);
    expect(await views.quarantined(hotOrders)).toEqual([]);
    expect(await views.rows(hotOrders)).toHaveLength(2);
    await expect(views.verify()).rejects.toThrow(/view "picky"/);
  });

  test.each([
    ["chance", () => Math.random()],
    ["the clock", () => Date.now()],
    ["the date", () => new Date().getFullYear()],
    ["the date as text", () => Date().slice(11, 15)],
  ])("G28: tells a view that depends on %s", async (_what, impure) => {
    const dated = tableView({
      name: "dated",
      source: orders,
      key: ["orderId"],
      row: ({ orderId }) => ({ orderId, seen: String(impure()) }),
    });
    const views = testViews({ dated });
    await views.put(orders, order("o-1", 5));
    await expect(views.verify()).rejects.toThrow(/view "dated" is not deterministic: it derives/);
    expect(new Date(0).getTime()).toBe(0);
  });

  test("G28: tells a view that changes the item it is given", async () => {
    const careless = tableView({
      name: "careless",
      source: orders,
      key: ["orderId"],
      row: (item) => Object.assign(item, { total: item.total + 1 }),
    });
    const views = testViews({ careless });
    await views.put(orders, order("o-1", 5));
    await expect(views.verify()).rejects.toThrow(/changes the item it is given/);
  });

  test("G28: tells the rows that are not true after a delivery, and the seed that shows it again", async () => {
    let calls = 0;
    const tiring = tableView({
      name: "tiring",
      source: orders,
      key: ["orderId"],
      row: ({ orderId }) => ({ orderId, state: ++calls <= 60 ? "fresh" : "tired" }),
    });
    const views = testViews({ tiring });
    for (let n = 1; n <= 4; n++) await views.put(orders, order(`o-${n}`, n));
    await expect(views.verify()).rejects.toThrow(
      /row \["o-\d"\]: is .*"fresh".*, should be .*"tired".*verify\(\{ seed: \d+, runs: 1 \}\)/s,
    );
  });

  test("two items that derive one row are told", async () => {
    const views = testViews(pipeline);
    await views.put(orders, order("o-1", 5));
    await views.put(orders, order("o-2", 5));
    await expect(views.rows(openOrders)).rejects.toThrow(/both derive the row \["c-1",5\]/);
  });

  test("wrong use is told with the remedy", async () => {
    const views = testViews(pipeline);
    const key = { orderId: "o-1" };
    await expect(views.update(orders, key, { total: 1 })).rejects.toThrow(/has no item \["o-1"\]/);
    await expect(views.delete(orders, {})).rejects.toThrow(
      'source "orders": give orderId (string) and nothing else; given was nothing',
    );
    const other = source<Order>({ table: "others", key: ["orderId"] });
    await expect(views.put(other, order("o-1", 1))).rejects.toThrow(/"others" is no source/);
    await expect(views.put(orders, order("o-1", NaN))).rejects.toThrow(/attribute "total" is NaN/);
    // @ts-expect-error the source has no such attribute
    await expect(views.delete(orders, { id: "o-1" })).rejects.toThrow(/given was id/);
    expect(() => testViews({})).toThrow(/no view is declared/);
  });
});
