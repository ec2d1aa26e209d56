import { describe, expect, test } from "@jest/globals";

import { functionPlans } from "../../src/deploy/function-plans.js";
import { collectDeclarations, type Declarations } from "../../src/view/declarations.js";
import * as declared from "./declared.js";

const { orders, orderCards, ordersByCustomer } = declared;

describe("the functions a pipeline needs", () => {
  test("are one for the views in tables and one for those in the cache, one for failures and one that backfills", () => {
    const plans = functionPlans(collectDeclarations(declared)).map((plan) => ({
      ...plan,
      views: plan.views.map(({ name }) => name).sort(),
      followed: plan.followed.toSorted(),
    }));
    const [all, both] = [
      ["large-orders", "order-cards", "orders-by-customer"],
      ["orders", "orders-by-customer"],
    ];
    expect(plans).toMatchObject([
      { name: "tables", views: ["large-orders", "orders-by-customer"], followed: both },
      { name: "cache", views: ["order-cards"], followed: ["orders"] },
      { name: "failures", views: all, followed: both },
      { name: "backfill", views: all, followed: both },
    ]);
  });

  test("are none for a kind of view that nobody declared, and none that backfills what only tells of changes", () => {
    const told = { ...orderCards, name: "told", type: "stream" as const };
    const only = (...views: Declarations["views"]) =>
      functionPlans({ sources: [orders], views }).map(({ name }) => name);
    expect(only(ordersByCustomer)).toEqual(["tables", "failures", "backfill"]);
    expect(only(orderCards)).toEqual(["cache", "failures", "backfill"]);
    expect(only(told)).toEqual(["cache", "failures"]);
    expect(only()).toEqual([]);
  });

  test("talk to the cache where they write views in it, and nowhere else", () => {
    const talking = (...views: Declarations["views"]) =>
      functionPlans({ sources: [orders], views })
        .filter(({ usesCache }) => usesCache)
        .map(({ name }) => name);
    expect(talking(ordersByCustomer, orderCards)).toEqual(["cache", "backfill"]);
    expect(talking(ordersByCustomer)).toEqual([]);
  });

  test("follow a stream once, however many views follow it", () => {
    const again = { ...ordersByCustomer, name: "again", table: "again" };
    const [plan] = functionPlans({ sources: [orders], views: [ordersByCustomer, again] });
    expect(plan?.followed).toEqual(["orders"]);
  });
});
