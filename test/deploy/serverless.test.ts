import { describe, expect, test } from "@jest/globals";

import * as pipeline from "../../pipeline.js";
import { serverlessParts } from "../../src/deploy/serverless.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import * as declared from "./declared.js";

const settings = { service: "shop", stage: "dev", redisUrl: "redis://cache:6379" };

/** Every logical name that something in a template refers to. */
function referencesIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, content]) => {
    if (name === "Ref") return [content as string];
    if (name === "Fn::GetAtt") return [(content as string[])[0]!];
    return referencesIn(content);
  });
}

describe("what serverless.yml takes from the declarations", () => {
  test.each([
    ["the example's", pipeline],
    ["a cascade's", declared],
  ])("refers only to resources that it has: %s", (_name, exports) => {
    const parts = serverlessParts({ ...exports }, settings);
    const references = [...new Set(referencesIn(parts))];
    expect(references.length).toBeGreaterThan(0);
    expect(references.filter((name) => !(name in parts.resources))).toEqual([]);
    for (const { role } of Object.values(parts.functions))
      expect(parts.resources).toHaveProperty(role);
  });

  test("has the service and the stage in every table's name, and tells them to the functions", () => {
    const { resources, functions } = serverlessParts({ ...declared }, settings);
    expect(resources["OrdersTable"]?.Properties["TableName"]).toBe("shop-dev-orders");
    expect(functions["tables"]?.environment["MILLRACE_TABLE_PREFIX"]).toBe("shop-dev-");
  });

  test.each([
    ["prod", "Retain"],
    ["dev", "Delete"],
    ["production-like", "Delete"],
  ])("in stage %s leaves tables to: %s", (stage, policy) => {
    const { resources } = serverlessParts({ ...declared }, { ...settings, stage });
    expect(resources["OrdersTable"]?.DeletionPolicy).toBe(policy);
  });

  test("adds a table, a mapping and permissions for a view that is added, and changes nothing else", () => {
    const { customers, ...rest } = declared;
    const customersById = tableView({ name: "by-id", source: customers, key: ["customerId"] });
    const before = serverlessParts({ customers, ...rest }, settings);
    const after = serverlessParts({ customers, ...rest, customersById }, settings);
    const added = Object.keys(after.resources).filter((name) => !(name in before.resources));
    const changed = Object.keys(before.resources).filter(
      (name) => JSON.stringify(before.resources[name]) !== JSON.stringify(after.resources[name]),
    );
    expect(added).toEqual(["ByIdTable"]);
    // The source gets its stream, the role what the view reads and writes, the alarm what it quarantines.
    expect(changed.sort()).toEqual(["CustomersTable", "QuarantineAlarm", "TablesFunctionRole"]);
    expect(after.functions["tables"]?.events).toHaveLength(
      before.functions["tables"]!.events.length + 1,
    );
    expect(after.functions["cache"]).toEqual(before.functions["cache"]);
  });

  test("is refused with every mistake when declarations are wrong", () => {
    const wrong = {
      a: source<{ id: string }>({ table: "x", key: ["id"] }),
      b: tableView({ name: "not a name", source: declared.orders, key: ["orderId"] }),
    };
    expect(() => serverlessParts(wrong, settings)).toThrow(/"x"[\s\S]*"not a name"/);
  });
});
