import { CreateTableCommand } from "@aws-sdk/client-dynamodb";
import { expect, test } from "@jest/globals";

import { createTableInput } from "../../src/dynamodb/table-definition.js";
import { createDynamoDbQuarantine } from "../../src/state/dynamodb-quarantine.js";
import { STATE_KEY } from "../../src/state/state-table.js";
import { testDynamoDb } from "../support/endpoints.js";
import { describeQuarantineContract, entryOf } from "./quarantine-contract.js";

describeQuarantineContract("the DynamoDB quarantine", async () => {
  const client = testDynamoDb();
  const tableName = `state-${process.pid}-${Date.now()}`;
  const key = [STATE_KEY.partition, STATE_KEY.sort].map((name) => ({ name, type: "S" as const }));
  await client.send(
    new CreateTableCommand(createTableInput({ table: tableName, key, followed: false }, tableName)),
  );
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
