import { describe, expect, test } from "@jest/globals";

import { costOf, type Rates } from "../../src/plan/cost.js";
import { PRICES } from "../../src/plan/prices.js";
import { aggregateView } from "../../src/view/aggregate/aggregate-view.js";
import { avg, count, distinctCount, max, sum } from "../../src/view/aggregate/measure.js";
import { byCustomer, cards, orders } from "../pipeline/pipeline-under-test.js";

const rates: Rates = {
  ...{ basis: "assumed", changesPerSecond: 100, changesPerBatch: 50, itemBytes: 500 },
  ...{ writesPerChange: {}, groupsPerChange: 1 },
};
const common = {
  source: orders,
  groupBy: ({ customer }: { customer: string }) => ({ customer }),
  key: ["customer"],
} as const;
const plain = aggregateView({
  ...common,
  name: "plain",
  measures: { n: count(), total: sum("total") },
});
const worked = aggregateView({
  ...common,
  name: "worked",
  measures: { mean: avg("total"), largest: max("total"), ids: distinctCount("id") },
});

function viewCost(view: Parameters<typeof costOf>[1][number], more: Partial<Rates> = {}) {
  return costOf("orders", [view], { ...rates, ...more }, PRICES).views[0];
}

describe("G43: a million changes cost", () => {
  test("a table view a write unit for each started KB, twenty-five rows a request", () => {
    expect(viewCost(byCustomer)).toEqual({
      ...{ view: "by-customer", writeUnits: 1e6, readUnits: 0, requests: 40_000 },
      ...{ redisCommands: 0, dollars: 0.625 },
    });
    expect(viewCost(byCustomer, { itemBytes: 1_025 })?.writeUnits).toBe(2e6);
    const few = viewCost(byCustomer, {
      changesPerBatch: 2,
      writesPerChange: { "by-customer": 0.5 },
    });
    expect([few?.writeUnits, few?.requests]).toEqual([5e5, 5e5]);
  });

  test("an aggregate 2 + 2 × groups/changes, and more where rows are worked out, ordered or told apart", () => {
    expect(viewCost(plain)).toMatchObject({ writeUnits: 4e6, readUnits: 1e6 });
    expect(viewCost(plain, { groupsPerChange: 0.1 })?.writeUnits).toBeCloseTo(2.2e6);
    expect(viewCost(worked)).toMatchObject({ writeUnits: 9e6, readUnits: 3e6 });
  });

  test("a cache view a command each, and DynamoDB nothing", () => {
    const cost = viewCost(cards, { writesPerChange: { cards: 0.25 } });
    expect(cost).toMatchObject({ writeUnits: 0, redisCommands: 250_000, dollars: 0 });
  });

  test("a function what its batches do, and all together what they say", () => {
    const cost = costOf("orders", [byCustomer, cards], rates, PRICES);
    expect(cost.functions.map(({ function: kind, invocations }) => [kind, invocations])).toEqual([
      ["cache", 20_000],
      ["tables", 20_000],
    ]);
    expect(cost.functions[0]?.gbSeconds).toBeCloseTo(380);
    const parts = [...cost.views, ...cost.functions].map(({ dollars }) => dollars);
    expect(cost.dollars).toBeCloseTo(parts.reduce((total, one) => total + one, 0));
    expect(cost.dollarsPerMonth).toBeCloseTo(cost.dollars * 262.8);
  });
});
