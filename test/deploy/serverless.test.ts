import { describe, expect, test } from "@jest/globals";

import * as pipeline from "../../pipeline.js";
import { serverlessParts } from "../../src/deploy/serverless.js";
import { synthesize } from "../../src/deploy/synthesize.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import * as declared from "./declared.js";

const settings = { service: "shop", stage: "dev" };

/** Every logical name that something in a template refers to. */
function referencesIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, content]) => {
    if (name === "Ref") return [content as string];
    if (name === "Fn::GetAtt") return [(content as string[])[0]!];
    if (name === "Fn::Sub")
      return [...(content as string).matchAll(/\$\{([\w:]+)/g)].map(([, inside]) => inside!);
    return referencesIn(content);
  });
}

/** Names of the resources that one has and another has not, and of those that both have and that differ. */
function difference(before: Record<string, unknown>, after: Record<string, unknown>) {
  const names = (one: object, other: object) => Object.keys(one).filter((name) => !(name in other));
  return {
    added: names(after, before),
    removed: names(before, after),
    changed: Object.keys(before)
      .filter((name) => name in after)
      .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
      .sort(),
  };
}

/** Of the functions that read a source's stream or items, or write a view's table. */
const ROLES = ["BackfillFunctionRole", "FailuresFunctionRole", "TablesFunctionRole"];

/** What watches every view, and so changes with each. */
const WATCHING = ["Dashboard", "QuarantineAlarm"];

describe("what serverless.yml takes from the declarations", () => {
  test.each([
    ["the example's", pipeline],
    ["a cascade's", declared],
  ])("refers only to resources that it has: %s", (_name, exports) => {
    const parts = serverlessParts({ ...exports }, settings);
    const functions = Object.keys(parts.functions).map(
      (name) => `${name[0]!.toUpperCase()}${name.slice(1)}LambdaFunction`,
    );
    const known = [...Object.keys(parts.resources), ...functions];
    const references = [...new Set(referencesIn(parts))].filter(
      (name) => !name.startsWith("AWS::"),
    );
    expect(references.length).toBeGreaterThan(0);
    expect(references.filter((name) => !known.includes(name))).toEqual([]);
    for (const { role } of Object.values(parts.functions))
      expect(parts.resources).toHaveProperty(role);
  });

  test("has the service and the stage in every table's name, and tells them to the functions", () => {
    const { resources, functions } = serverlessParts({ ...declared }, settings);
    expect(resources["OrdersTable"]?.Properties["TableName"]).toBe("shop-dev-orders");
    expect(functions["tables"]?.environment["MILLRACE_TABLE_PREFIX"]).toBe("shop-dev-");
  });

  test.each([
    ["prod", "Retain", 90],
    ["staging", "Delete", 30],
    ["dev", "Delete", 7],
    ["production-like", "Delete", 7],
  ])("N17: in stage %s leaves tables to: %s; keeps logs for %d days", (stage, policy, days) => {
    const { resources, functions } = serverlessParts({ ...declared }, { ...settings, stage });
    const tables = Object.values(resources).filter(({ Type }) => Type === "AWS::DynamoDB::Table");
    for (const { DeletionPolicy, UpdateReplacePolicy, Properties } of tables) {
      expect([DeletionPolicy, UpdateReplacePolicy]).toEqual([policy, policy]);
      expect(Properties["DeletionProtectionEnabled"]).toBe(stage === "prod");
    }
    expect(functions["tables"]?.logRetentionInDays).toBe(days);
  });

  test("has functions traced, and their logs in JSON", () => {
    const { functions } = serverlessParts({ ...declared }, settings);
    for (const each of Object.values(functions))
      expect(each).toMatchObject({ tracing: "Active", logs: { logFormat: "JSON" } });
  });

  test("is refused with every mistake when declarations are wrong", () => {
    const wrong = {
      a: source<{ id: string }>({ table: "x", key: ["id"] }),
      b: tableView({ name: "not a name", source: declared.orders, key: ["orderId"] }),
    };
    expect(() => serverlessParts(wrong, settings)).toThrow(/"x"[\s\S]*"not a name"/);
  });
});

describe("G37: the template follows the declarations", () => {
  const { customers, orders, ordersByCustomer, orderCards } = declared;
  const before = serverlessParts({ customers, orders, ordersByCustomer, orderCards }, settings);

  test("a view that is added brings its table, its mapping and its permissions, and changes nothing else", () => {
    const byId = tableView({ name: "by-id", source: customers, key: ["customerId"] });
    const after = serverlessParts(
      { customers, orders, ordersByCustomer, orderCards, byId },
      settings,
    );
    expect(difference(before.resources, after.resources)).toEqual({
      added: ["ByIdTable", "TablesCustomersMapping"],
      removed: [],
      // The source gets its stream, the role what the view reads and writes, an alarm one more mapping to watch.
      changed: ["CustomersTable", ...WATCHING, "TablesDroppedAlarm", ...ROLES].sort(),
    });
    expect(after.functions).toEqual(before.functions);
    expect(difference(before.outputs, after.outputs).added).toEqual(["ByIdTableName"]);
  });

  test("a table that is renamed is another table, written by the same function", () => {
    const renamed = { ...ordersByCustomer, table: "orders-of-customer" };
    const after = serverlessParts({ customers, orders, renamed, orderCards }, settings);
    expect(difference(before.resources, after.resources)).toEqual({
      added: ["OrdersOfCustomerTable"],
      removed: ["OrdersByCustomerTable"],
      changed: ["BackfillFunctionRole", "TablesFunctionRole"],
    });
  });

  test("a filter that is added is pushed down to the mapping of its function, and is all that changes", () => {
    const filtered = tableView({
      name: "orders-by-customer",
      source: orders,
      where: { customerId: ["c-1"] },
      key: ["customerId", "orderId"],
    });
    const after = serverlessParts({ customers, orders, filtered, orderCards }, settings);
    expect(difference(before.resources, after.resources)).toEqual({
      added: [],
      removed: [],
      changed: ["TablesOrdersMapping"],
    });
    const [filter] = (
      after.resources["TablesOrdersMapping"]?.Properties["FilterCriteria"] as {
        Filters: { Pattern: string }[];
      }
    ).Filters;
    expect(filter?.Pattern).toBe('{"dynamodb":{"NewImage":{"customerId":{"S":["c-1"]}}}}');
  });

  test("the last view of the cache takes the cache and its function with it", () => {
    const after = serverlessParts({ customers, orders, ordersByCustomer }, settings);
    expect(Object.keys(after.functions)).toEqual(["tables", "failures", "backfill"]);
    const left = Object.keys(after.resources).filter((name) => /Cache|Endpoint/.test(name));
    expect(left).toEqual([]);
    expect(Object.keys(before.resources)).toContain("Cache");
  });

  test("a plain template has the same resources, each the same", () => {
    const { Resources, Outputs } = synthesize(
      { customers, orders, ordersByCustomer, orderCards },
      settings,
    );
    expect(difference(before.resources, Resources)).toEqual({
      added: ["Tables", "Cache", "Failures", "Backfill"].flatMap((name) => [
        `${name}LogGroup`,
        `${name}LambdaFunction`,
      ]),
      removed: [],
      changed: [],
    });
    expect(Outputs).toEqual(before.outputs);
  });
});
