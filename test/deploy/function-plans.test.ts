import { describe, expect, test } from "@jest/globals";

import { functionPlans } from "../../src/deploy/function-plans.js";
import { collectDeclarations, type Declarations } from "../../src/view/declarations.js";
import * as declared from "./declared.js";

const { orders, orderCards, ordersByCustomer, largeOrders } = declared;

describe("the functions a pipeline needs", () => {
  test("are one for the views in tables and one for those in the cache, each with the streams it follows", () => {
    const plans = functionPlans(collectDeclarations(declared));
    expect(plans).toMatchObject([
      {
        name: "tables",
        views: expect.arrayContaining([ordersByCustomer, largeOrders]) as unknown,
        followed: expect.arrayContaining(["orders", "orders-by-customer"]) as unknown,
      },
      { name: "cache", views: [orderCards], followed: ["orders"] },
    ]);
    expect(plans.map(({ views, followed }) => [views.length, followed.length])).toEqual([
      [2, 2],
      [1, 1],
    ]);
  });

  test("are none for a kind of view that nobody declared", () => {
    const only = (...views: Declarations["views"]) =>
      functionPlans({ sources: [orders], views }).map(({ name }) => name);
    expect(only(ordersByCustomer)).toEqual(["tables"]);
    expect(only(orderCards)).toEqual(["cache"]);
    expect(only()).toEqual([]);
  });

  test("follow a stream once, however many views follow it", () => {
    const again = { ...ordersByCustomer, name: "again", table: "again" };
    const [plan] = functionPlans({ sources: [orders], views: [ordersByCustomer, again] });
    expect(plan?.followed).toEqual(["orders"]);
  });
});
