import { CreateTableCommand } from "@aws-sdk/client-dynamodb";

import { createTableInput } from "../../../src/dynamodb/table-definition.js";
import { createDynamoDbStore } from "../../../src/sink/aggregate/dynamodb-store.js";
import { WORKINGS_KEY } from "../../../src/sink/aggregate/store.js";
import { testDynamoDb } from "../../support/endpoints.js";
import { describeStoreContract } from "./store-contract.js";

const KEY = [WORKINGS_KEY.partition, WORKINGS_KEY.sort].map((name) => ({
  name,
  type: "S" as const,
}));

describeStoreContract("the DynamoDB store", async () => {
  const client = testDynamoDb();
  const table = `store-${process.pid}-${Date.now()}`;
  await client.send(
    new CreateTableCommand(createTableInput({ table, key: KEY, followed: false }, table)),
  );
  return {
    store: createDynamoDbStore({ client, tableName: (name) => name }),
    table,
    close: async () => client.destroy(),
  };
});
