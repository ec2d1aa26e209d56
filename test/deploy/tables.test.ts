import { describe, expect, test } from "@jest/globals";

import { stageOf } from "../../src/deploy/stage.js";
import { allTables, tableLogicalName, tableResources } from "../../src/deploy/tables.js";
import { STATE_TTL_ATTRIBUTE } from "../../src/state/state-table.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { TTL_ATTRIBUTE } from "../../src/view/key.js";
import { tableView } from "../../src/view/table-view.js";
import * as declared from "./declared.js";

const declarations = collectDeclarations(declared);
const stage = stageOf("shop", "dev");
const existingTables = {};
const resources = tableResources({ declarations, stage, existingTables });

/** Properties of each table's resource, by the table's declared name. */
function propertiesOf(table: string): Readonly<Record<string, unknown>> {
  return resources[tableLogicalName(table)]?.Properties ?? {};
}

describe("the tables of a deployment", () => {
  test("are the sources, the views kept in tables, and the pipeline's own", () => {
    const names = allTables(declarations).map(({ table }) => table);
    expect([...names].sort()).toEqual([
      "customers",
      "large",
      "millrace-state",
      "orders",
      "orders-by-customer",
    ]);
    expect(Object.keys(resources).sort()).toEqual([
      "CustomersTable",
      "LargeTable",
      "MillraceStateTable",
      "OrdersByCustomerTable",
      "OrdersTable",
    ]);
    for (const { Type } of Object.values(resources)) expect(Type).toBe("AWS::DynamoDB::Table");
  });

  test("are named with the stage's prefix", () => {
    expect(names(resources)).toEqual([
      "shop-dev-customers",
      "shop-dev-large",
      "shop-dev-millrace-state",
      "shop-dev-orders",
      "shop-dev-orders-by-customer",
    ]);
  });

  test("have the declared key", () => {
    expect(propertiesOf("orders-by-customer")).toMatchObject({
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "customerId", AttributeType: "S" },
        { AttributeName: "orderId", AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: "customerId", KeyType: "HASH" },
        { AttributeName: "orderId", KeyType: "RANGE" },
      ],
    });
  });

  test("have a stream of both images exactly where a view follows them", () => {
    const withStream = allTables(declarations)
      .map(({ table }) => table)
      .filter((table) => "StreamSpecification" in propertiesOf(table));
    expect(withStream.sort()).toEqual(["orders", "orders-by-customer"]);
    // CloudFormation refuses the API's StreamEnabled.
    expect(propertiesOf("orders")["StreamSpecification"]).toEqual({
      StreamViewType: "NEW_AND_OLD_IMAGES",
    });
  });

  test("let time to live clear what expires: tombstones and the pipeline's bookkeeping, nothing else", () => {
    const timeToLive = Object.fromEntries(
      allTables(declarations)
        .map(({ table }) => [table, propertiesOf(table)["TimeToLiveSpecification"]] as const)
        .filter(([, specification]) => specification !== undefined),
    );
    expect(timeToLive).toEqual({
      large: { AttributeName: TTL_ATTRIBUTE, Enabled: true },
      "millrace-state": { AttributeName: STATE_TTL_ATTRIBUTE, Enabled: true },
    });
  });

  test("can be recovered to a point in time and are encrypted", () => {
    for (const { Properties } of Object.values(resources)) {
      expect(Properties).toMatchObject({
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        SSESpecification: { SSEEnabled: true },
      });
    }
  });

  test("are refused, all at once, where a name is too long or would take another's place", () => {
    const { orders } = declared;
    const viewOf = (name: string) => tableView({ name, source: orders, key: ["orderId"] });
    const long = "x".repeat(128);
    const views = ["by-day", "byDay", long].map((name) => viewOf(name));
    const longStage = { ...stage, tablePrefix: `${"s".repeat(127)}-` };
    const make = () =>
      tableResources({
        declarations: { sources: [orders], views },
        stage: longStage,
        existingTables,
      });
    expect(make).toThrow(/2 mistakes/);
    expect(make).toThrow(`table "${long}" is named`);
    expect(make).toThrow('tables "by-day" and "byDay" are both ByDayTable in CloudFormation');
    const fits = { ...stage, tablePrefix: "s".repeat(127) };
    const one = { sources: [orders], views: [viewOf(long)] };
    expect(() => tableResources({ declarations: one, stage: fits, existingTables })).not.toThrow();
  });

  test("are not made where they exist", () => {
    const arn = "arn:aws:dynamodb:us-east-1:123456789012:table/o/stream/2026-01-01T00:00:00.000";
    const made = tableResources({ declarations, stage, existingTables: { orders: arn } });
    expect(Object.keys(resources).filter((name) => !(name in made))).toEqual(["OrdersTable"]);
  });

  test.each([
    { keepsData: true, policy: "Retain" },
    { keepsData: false, policy: "Delete" },
  ])("N17: outlive their stack where the stage keeps data: $keepsData", ({ keepsData, policy }) => {
    const kept = tableResources({ declarations, stage: { ...stage, keepsData }, existingTables });
    for (const resource of Object.values(kept)) {
      expect(resource.DeletionPolicy).toBe(policy);
      expect(resource.UpdateReplacePolicy).toBe(policy);
      expect(resource.Properties["DeletionProtectionEnabled"]).toBe(keepsData);
    }
  });
});

function names(tables: typeof resources): unknown[] {
  return Object.values(tables)
    .map(({ Properties }) => Properties["TableName"])
    .sort();
}
