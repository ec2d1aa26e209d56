import { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
import { expect, test } from "@jest/globals";

import { endpoint, testDynamoDb } from "../../support/endpoints.js";
import { soakDynamoDbLocal } from "../../support/soak-dynamodb-local.js";

test("A1: two functions follow one table of DynamoDB Local, and each gets every change in order although it fails at random", async () => {
  const client = testDynamoDb();
  const streams = new DynamoDBStreamsClient({
    endpoint: endpoint("MILLRACE_TEST_DYNAMODB"),
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  // The same with 100,000 records is `npm run bench -- soak`.
  const records = 4_000;
  for (const soak of await soakDynamoDbLocal(client, streams, records)) {
    expect(soak.skipped).toEqual([]);
    expect(soak.delivered()).toBe(records);
    expect(soak.failedCalls()).toBeGreaterThan(0);
  }
  client.destroy();
  streams.destroy();
});
