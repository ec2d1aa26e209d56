import { expect, test } from "@jest/globals";

import { createDynamoDbProgress } from "../../src/state/dynamodb-progress.js";
import { testDynamoDb } from "../support/endpoints.js";
import { createStateTable } from "../support/state-table.js";
import { describeProgressContract, updateOf } from "./progress-contract.js";

describeProgressContract("the DynamoDB progress", async () => {
  const client = testDynamoDb();
  const tableName = await createStateTable(client);
  return {
    progress: createDynamoDbProgress({ client, tableName }),
    close: async () => client.destroy(),
  };
});

test("a missing state table is a mistake of set-up that names it", async () => {
  const client = testDynamoDb();
  const progress = createDynamoDbProgress({ client, tableName: "no-state-table" });
  await expect(progress.record(updateOf())).rejects.toMatchObject({
    code: "configuration",
    message: expect.stringContaining("no-state-table") as unknown,
  });
  client.destroy();
});
