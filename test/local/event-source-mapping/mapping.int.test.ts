import { CreateTableCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
import { expect, test } from "@jest/globals";

import { createEventSourceMapping } from "../../../src/local/event-source-mapping/create-event-source-mapping.js";
import type { LambdaHandler } from "../../../src/local/event-source-mapping/invoke.js";
import { endpoint, testDynamoDb } from "../../support/endpoints.js";

test("A1: two functions follow one table of DynamoDB Local, and each gets every change in order although it fails at random", async () => {
  const client = testDynamoDb();
  const streams = new DynamoDBStreamsClient({
    endpoint: endpoint("MILLRACE_TEST_DYNAMODB"),
    region: "us-east-1",
  });
  const TableName = `mapped-${Date.now()}`;
  const { TableDescription } = await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
    }),
  );
  const seen = ["tables", "cache"].map(() => new Map<string, number[]>());
  const handlerOf = (items: Map<string, number[]>): LambdaHandler => {
    let calls = 0;
    return ({ Records }) => {
      if (++calls % 5 === 0) throw new Error("planned");
      for (const { dynamodb } of Records) {
        const id = dynamodb?.Keys?.["id"]?.S ?? "";
        items.set(id, [...(items.get(id) ?? []), Number(dynamodb?.NewImage?.["n"]?.N)]);
      }
      return {};
    };
  };
  const mappings = await Promise.all(
    seen.map((items, i) =>
      createEventSourceMapping({
        streamArn: TableDescription?.LatestStreamArn ?? "",
        streams,
        handler: handlerOf(items),
        functionName: `f${i}`,
        batchSize: 50,
      }),
    ),
  );
  for (let n = 0; n < 600; n++) {
    await client.send(
      new PutItemCommand({ TableName, Item: { id: { S: String(n % 20) }, n: { N: String(n) } } }),
    );
  }
  const count = (items: Map<string, number[]>) => new Set([...items.values()].flat()).size;
  while (seen.some((items) => count(items) < 600))
    await new Promise((resolve) => setTimeout(resolve, 10));
  await Promise.all(mappings.map((mapping) => mapping.stop()));
  client.destroy();
  streams.destroy();
  for (const items of seen) {
    for (const numbers of items.values())
      expect([...new Set(numbers)]).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  }
});
