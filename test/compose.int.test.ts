import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";

import { createTablesHandler } from "../src/compose.js";
import { ensureTables } from "../src/local/ensure-tables.js";
import { createDynamoDbQuarantine } from "../src/state/dynamodb-quarantine.js";
import { collectDeclarations } from "../src/view/declarations.js";
import { source } from "../src/view/source.js";
import { tableView } from "../src/view/table-view.js";
import { endpoint, testDynamoDb } from "./support/endpoints.js";
import { streamRecord } from "./support/records.js";

interface Order {
  id: string;
  total?: number;
}

const prefix = `compose-${Date.now()}-`;
const client = testDynamoDb();
const orders = source<Order>({ table: "orders", key: ["id"] });
const totals = tableView({
  name: "totals",
  source: orders,
  key: ["id"],
  row: ({ id, total }) => {
    if (total === undefined) throw new TypeError("no total");
    return { id, total };
  },
});
const copies = tableView({ name: "copies", source: orders, key: ["id"] });
const declared = { totals, copies };

beforeAll(async () => {
  process.env["MILLRACE_TABLE_PREFIX"] = prefix;
  process.env["AWS_ENDPOINT_URL_DYNAMODB"] = endpoint("MILLRACE_TEST_DYNAMODB");
  const declarations = collectDeclarations(declared);
  await ensureTables({
    client,
    declarations,
    physicalName: (table) => prefix + table,
    stateTable: `${prefix}millrace-state`,
  });
});

afterAll(() => {
  delete process.env["MILLRACE_TABLE_PREFIX"];
  delete process.env["AWS_ENDPOINT_URL_DYNAMODB"];
  client.destroy();
});

async function row(table: string, id: string) {
  const { Item } = await client.send(
    new GetItemCommand({ TableName: prefix + table, Key: { id: { S: id } } }),
  );
  return Item;
}

test("G6: on real tables, one poison order is quarantined whole in its view, and everything else flows", async () => {
  const table = `${prefix}orders`;
  const records = [
    streamRecord({ new: { id: "1", total: 10 }, table }),
    streamRecord({ new: { id: "2" }, table }),
    streamRecord({ new: { id: "3", total: 30 }, table }),
  ];
  const said = jest.spyOn(console, "log").mockImplementation(() => undefined);
  const handler = createTablesHandler(declared);
  const context = { awsRequestId: "r", getRemainingTimeInMillis: () => 30_000 };
  const response = await handler({ Records: records }, context);
  said.mockRestore();

  expect(response).toEqual({ batchItemFailures: [] });
  expect(
    await Promise.all(["1", "2", "3"].map(async (id) => (await row("totals", id))?.["total"]?.N)),
  ).toEqual(["10", undefined, "30"]);
  expect(
    await Promise.all(["1", "2", "3"].map(async (id) => (await row("copies", id)) !== undefined)),
  ).toEqual([true, true, true]);
  const quarantine = createDynamoDbQuarantine({ client, tableName: `${prefix}millrace-state` });
  const parked = [];
  for await (const entry of quarantine.list()) parked.push(entry);
  expect(parked).toMatchObject([
    {
      view: "totals",
      source: "orders",
      itemKey: '["2"]',
      error: { code: "view-failed", message: 'view "totals": row threw: no total' },
    },
  ]);
  expect(parked[0]?.records).toEqual([records[1]]);
  expect((await quarantine.fences("orders")).of("totals", '["2"]')).toMatchObject({ parked: 1 });
});
