import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import { planIn } from "../../src/compose-plan.js";
import type { Config } from "../../src/config.js";
import { ensureTables } from "../../src/local/ensure-tables.js";
import { PRICES } from "../../src/plan/prices.js";
import { createDynamoDbViewRecords } from "../../src/state/dynamodb-view-records.js";
import { writeDefinition } from "../../src/state/view-records.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import { endpoint, testDynamoDb } from "../support/endpoints.js";
import { putItems } from "../support/put-items.js";

const tablePrefix = `plan-${process.pid}-${Date.now()}-`;
const config: Config = {
  ...{ tablePrefix, stateTable: `${tablePrefix}millrace-state` },
  dynamodbEndpoint: endpoint("MILLRACE_TEST_DYNAMODB"),
};
const client = testDynamoDb();
const records = createDynamoDbViewRecords(client, config.stateTable);
const orders = source<{ id: string; total: number }>({ table: "orders", key: ["id"] });
const common = { source: orders, key: ["id"], tombstones: true } as const;
const totals = tableView({ ...common, name: "totals", row: ({ id, total }) => ({ id, total }) });
const changed = tableView({
  ...common,
  name: "totals",
  row: ({ id, total }) => ({ id, total: total + 1 }),
});

async function planOf(view: typeof totals, rates = {}) {
  const made = await planIn(config, collectDeclarations({ view }), rates, PRICES);
  return { ...made, kinds: made.changes.map(({ kind, subject }) => `${kind} ${subject}`) };
}

beforeAll(() => {
  Object.assign(process.env, {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  });
});
afterAll(() => client.destroy());

describe("G43: on real tables, a plan", () => {
  test("creates all where there is nothing", async () => {
    const { ok, kinds, costs } = await planOf(totals);
    expect([ok, kinds]).toEqual([
      false,
      ["create orders", "create totals", `create ${config.stateTable}`],
    ]);
    expect(costs).toMatchObject([{ source: "orders", rates: { basis: "assumed" } }]);
  });

  test("has nothing to do once that is done, and a backfill once there are items", async () => {
    await ensureTables({
      client,
      declarations: collectDeclarations({ totals }),
      physicalName: (table) => tablePrefix + table,
      stateTable: config.stateTable,
    });
    expect(await planOf(totals)).toMatchObject({ ok: true, kinds: [] });
    await putItems(client, `${tablePrefix}orders`, { id: "1", total: 1 });
    expect(await planOf(totals)).toMatchObject({ ok: false, kinds: ["backfill totals"] });
  });

  test("sees that a function was changed since rows were written", async () => {
    await writeDefinition(records, totals, { by: "backfill", atMs: Date.now() });
    expect(await planOf(totals)).toMatchObject({ ok: true });
    const { kinds, changes } = await planOf(changed);
    expect(kinds).toEqual(["redefine totals"]);
    expect(changes[0]?.message).toContain("row changed since");
  });

  test("refuses figures for views that there are not", async () => {
    const rates = { writesPerChange: { total: 1 } };
    await expect(planOf(totals, rates)).rejects.toThrow('no view is named "total"; there are: tot');
  });
});
