import { describe, expect, test } from "@jest/globals";

import { serverlessParts } from "../../src/deploy/serverless.js";
import { tableLogicalName } from "../../src/deploy/tables.js";
import { aggregateView } from "../../src/view/aggregate/aggregate-view.js";
import { avg, count, distinctCount, max } from "../../src/view/aggregate/measure.js";
import { TTL_ATTRIBUTE } from "../../src/view/key.js";
import { source } from "../../src/view/source.js";
import { grantsOf, tableArn } from "./permissions.js";

const orders = source<{ id: string; customer: string; total: number }>({
  table: "orders",
  key: ["id"],
});
const grouped = {
  source: orders,
  groupBy: ({ customer }: { customer: string }) => ({ customer }),
  key: ["customer"] as const,
};
const counted = aggregateView({ ...grouped, name: "counted", measures: { orders: count() } });
const varied = aggregateView({
  ...grouped,
  name: "varied",
  measures: { totals: distinctCount("total") },
});
const figures = aggregateView({
  ...grouped,
  name: "figures",
  measures: { mean: avg("total"), most: max("total") },
});

const parts = serverlessParts(
  { counted, varied, figures },
  { service: "shop", stage: "dev", redisUrl: "" },
);

function allowedOn(table: string): string[] {
  return grantsOf(parts, "tables")
    .filter(({ arn }) => arn === tableArn(`shop-dev-${table}`))
    .map(({ action }) => action.replace("dynamodb:", ""))
    .sort();
}

describe("an aggregate view's deployment", () => {
  test("has a table of rows, and one of workings whose tombstones expire", () => {
    const properties = (table: string) => parts.resources[tableLogicalName(table)]?.Properties;
    expect(properties("figures")).toMatchObject({
      KeySchema: [{ AttributeName: "customer", KeyType: "HASH" }],
    });
    expect(properties("figures-workings")).toMatchObject({
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      TimeToLiveSpecification: { AttributeName: TTL_ATTRIBUTE, Enabled: true },
    });
    expect(properties("figures-workings")).not.toHaveProperty("StreamSpecification");
  });

  test("allows the tables function what each kind of view asks of its two tables, and nothing else", () => {
    expect(allowedOn("counted")).toEqual(["BatchGetItem", "DeleteItem", "UpdateItem"]);
    expect(allowedOn("counted-workings")).toEqual(["BatchGetItem", "PutItem"]);
    expect(allowedOn("varied-workings")).toEqual([
      "BatchGetItem",
      "DeleteItem",
      "PutItem",
      "UpdateItem",
    ]);
    expect(allowedOn("figures")).toEqual(["BatchGetItem", "DeleteItem", "PutItem"]);
    expect(allowedOn("figures-workings")).toEqual(["BatchGetItem", "ConditionCheckItem", "DeleteItem", "PutItem", "Query", "UpdateItem"]); // prettier-ignore
  });
});
