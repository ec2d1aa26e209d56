import { QueryCommand } from "@aws-sdk/client-dynamodb";
import { expect, jest, test } from "@jest/globals";

import { createDynamoDbQuarantine } from "../../src/state/dynamodb-quarantine.js";
import { testDynamoDb } from "../support/endpoints.js";
import { createStateTable } from "../support/state-table.js";
import { describeQuarantineContract, entryOf } from "./quarantine-contract.js";

describeQuarantineContract("the DynamoDB quarantine", async () => {
  const client = testDynamoDb();
  const tableName = await createStateTable(client);
  return {
    quarantine: createDynamoDbQuarantine({ client, tableName }),
    close: async () => client.destroy(),
  };
});

test("a missing state table is a mistake of set-up that names it", async () => {
  const client = testDynamoDb();
  const quarantine = createDynamoDbQuarantine({ client, tableName: "no-state-table" });
  const wanted = {
    code: "configuration",
    message: expect.stringContaining("no-state-table") as unknown,
  };
  await expect(quarantine.park(entryOf())).rejects.toMatchObject(wanted);
  await expect(quarantine.fences("flights")).rejects.toMatchObject(wanted);
  client.destroy();
});

test("G7: the fences of a source are one strongly consistent query, which costs no more than one read unit where there are none", async () => {
  const client = testDynamoDb();
  const tableName = await createStateTable(client);
  const quarantine = createDynamoDbQuarantine({ client, tableName });
  const send = jest.spyOn(client, "send");
  expect((await quarantine.fences("orders")).size).toBe(0);
  const calls = send.mock.calls.map(([command]) => command);
  expect(calls).toHaveLength(1);
  expect(calls[0]).toBeInstanceOf(QueryCommand);
  const { input } = calls[0] as QueryCommand;
  expect(input.ConsistentRead).toBe(true);
  const { ConsumedCapacity } = await client.send(
    new QueryCommand({ ...input, ReturnConsumedCapacity: "TOTAL" }),
  );
  expect(ConsumedCapacity?.CapacityUnits).toBeLessThanOrEqual(1);
  client.destroy();
});
