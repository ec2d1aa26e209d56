import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import {
  type DynamoDBClient,
  GetItemCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

import { dynamoDbClient } from "../../src/compose.js";
import { COMMIT_KEY, encodeStateKey } from "../../src/state/state-table.js";
import { endpoint, testDynamoDb } from "../support/endpoints.js";
import { createStateTable } from "../support/state-table.js";

let admin: DynamoDBClient;
let table: string;
let opened: DynamoDBClient[];

beforeEach(async () => {
  admin = testDynamoDb();
  table = await createStateTable(admin);
  opened = [admin];
});

afterEach(() => opened.forEach((client) => client.destroy()));

function pipelineClient(stateTable: string, dynamodbEndpoint = endpoint("MILLRACE_TEST_DYNAMODB")) {
  const client = dynamoDbClient({ tablePrefix: "", stateTable, dynamodbEndpoint });
  opened.push(client);
  return client;
}

function transaction(sk: string) {
  const Item = { pk: { S: "of-a-test" }, sk: { S: sk } };
  return new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName: table, Item } }] });
}

test("a transaction is answered after a write that stands behind its commit", async () => {
  await pipelineClient(table).send(transaction("1"));
  const Key = encodeStateKey(COMMIT_KEY);
  const { Item } = await admin.send(new GetItemCommand({ TableName: table, Key }));
  expect(Item).toEqual(Key);
});

test("transactions that wait together share writes, and each gets one that began after it", async () => {
  const client = pipelineClient(table);
  const sent: string[] = [];
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === "PutItemCommand") sent.push("write");
        const result = await next(args);
        if (commandName === "TransactWriteItemsCommand") sent.push("transaction");
        return result;
      },
    { step: "initialize", priority: "low" },
  );
  await Promise.all(Array.from({ length: 20 }, (_, i) => client.send(transaction(String(i)))));
  const writes = sent.filter((what) => what === "write").length;
  expect(sent.filter((what) => what === "transaction")).toHaveLength(20);
  expect(writes).toBeGreaterThan(0);
  expect(writes).toBeLessThan(20);
  expect(sent.at(-1)).toBe("write");
});

test("a transaction fails, as one whose answer is lost, where that write does", async () => {
  const sent = pipelineClient("no-such-table").send(transaction("1"));
  await expect(sent).rejects.toThrow("non-existent table");
  const Key = { pk: { S: "of-a-test" }, sk: { S: "1" } };
  expect((await admin.send(new GetItemCommand({ TableName: table, Key }))).Item).toEqual(Key);
});

test("nothing more is sent to what is not DynamoDB Local", async () => {
  const asked: unknown[] = [];
  const other = createServer((request, answer) => {
    asked.push(request.headers["x-amz-target"]);
    answer.end("{}");
  }).listen(0);
  const { port } = other.address() as AddressInfo;
  try {
    await pipelineClient(table, `http://127.0.0.1:${port}`).send(transaction("1"));
    expect(asked).toEqual(["DynamoDB_20120810.TransactWriteItems"]);
  } finally {
    other.closeAllConnections();
    other.close();
  }
});
