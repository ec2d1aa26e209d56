import { createDynamoDbViewRecords } from "../../src/state/dynamodb-view-records.js";
import { testDynamoDb } from "../support/endpoints.js";
import { createStateTable } from "../support/state-table.js";
import { describeViewRecordsContract } from "./view-records-contract.js";

describeViewRecordsContract("the DynamoDB records", async () => {
  const client = testDynamoDb();
  const records = createDynamoDbViewRecords(client, await createStateTable(client));
  return { records, close: async () => client.destroy() };
});
