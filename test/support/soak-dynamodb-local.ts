import {
  BatchWriteItemCommand,
  CreateTableCommand,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import type { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";

import { createEventSourceMapping } from "../../src/local/event-source-mapping/create-event-source-mapping.js";
import { createSoak, randomOf, type Soak } from "./soak.js";

/** Items that are written in one request; each write is a change of one of them. */
const ITEMS = 25;
const WRITERS = 4;

/**
 * Two mappings of a table of DynamoDB Local, while it is written to and handlers fail at random.
 *
 * @returns once both were given every record.
 */
export async function soakDynamoDbLocal(
  client: DynamoDBClient,
  streams: DynamoDBStreamsClient,
  records: number,
): Promise<readonly Soak[]> {
  const TableName = `soak-${process.pid}-${Date.now()}`;
  const { TableDescription } = await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
    }),
  );
  const streamArn = TableDescription?.LatestStreamArn ?? "";
  const random = randomOf(1);
  const soaks = [createSoak(random, true), createSoak(random, false)];
  const settings = [
    { batchSize: 500, bisectBatchOnFunctionError: true, reportBatchItemFailures: true },
    { batchSize: 200, parallelizationFactor: 4 },
  ];
  const mappings = await Promise.all(
    soaks.map(({ handler }, i) =>
      createEventSourceMapping({
        ...settings[i],
        streamArn,
        streams,
        handler,
        functionName: `f${i}`,
      }),
    ),
  );
  const write = async (writer: number) => {
    for (let n = 1; n <= records / ITEMS / WRITERS; n++) {
      const puts = Array.from({ length: ITEMS }, (_, i) => ({
        PutRequest: { Item: { id: { S: `${writer}-${i}` }, n: { N: String(n) } } },
      }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: puts } }));
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  while (soaks.some((soak) => soak.delivered() < records && soak.skipped.length === 0))
    await new Promise((resolve) => setTimeout(resolve, 20));
  await Promise.all(mappings.map((mapping) => mapping.stop()));
  return soaks;
}
