import {
  CreateTableCommand,
  type DynamoDBClient,
  PutItemCommand,
  type StreamSpecification,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

import { readVersion } from "../../src/change/version.js";
import { createItemLoader } from "../../src/read/source-item.js";
import { encodeBookkeeping } from "../../src/sink/dynamodb/stored-item.js";
import { RESERVED_ATTRIBUTE } from "../../src/view/key.js";
import { source } from "../../src/view/source.js";
import { freshId, version } from "../sink/contract/subject.js";
import { testDynamoDb } from "../support/endpoints.js";

const opened = {} as { client: DynamoDBClient };
beforeAll(() => {
  opened.client = testDynamoDb();
});
afterAll(() => opened.client.destroy());

async function table(StreamSpecification?: StreamSpecification) {
  const TableName = `loader-${freshId()}`;
  const { TableDescription } = await opened.client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      ...(StreamSpecification && { StreamSpecification }),
    }),
  );
  return { TableName, label: TableDescription?.LatestStreamLabel ?? "" };
}

test("an item is read as it is now, at a version that anything from the table's stream beats", async () => {
  const { TableName, label } = await table({
    StreamEnabled: true,
    StreamViewType: "NEW_AND_OLD_IMAGES",
  });
  const bookkeeping = (deleted: boolean) => ({
    [RESERVED_ATTRIBUTE]: encodeBookkeeping({ version: version(1), owner: "o", deleted }),
  });
  const put = (Item: object) =>
    opened.client.send(new PutItemCommand({ TableName, Item: Item as never }));
  await put({ id: { S: "1" }, n: { N: "1" } });
  await put({ id: { S: "row" }, n: { N: "2" }, ...bookkeeping(false) });
  await put({ id: { S: "gone" }, ...bookkeeping(true) });
  const load = createItemLoader(opened.client, (name) => name.replace("declared-", ""));
  const items = source<{ id: string }>({ table: `declared-${TableName}`, key: ["id"] });
  const at = readVersion(label);
  expect(await load(items, { id: "1" })).toEqual({ item: { id: "1", n: 1 }, version: at });
  expect(await load(items, { id: "row" })).toEqual({ item: { id: "row", n: 2 }, version: at });
  expect(await load(items, { id: "gone" })).toEqual({ version: at });
  expect(await load(items, { id: "none" })).toEqual({ version: at });
});

test("a table without a stream is told with the remedy, each time it is asked", async () => {
  const { TableName } = await table();
  const load = createItemLoader(opened.client, (name) => name);
  const items = source<{ id: string }>({ table: TableName, key: ["id"] });
  for (let i = 0; i < 2; i++) {
    await expect(load(items, { id: "1" })).rejects.toThrow(
      `table "${TableName}" has no stream; enable one with NEW_AND_OLD_IMAGES`,
    );
  }
});
