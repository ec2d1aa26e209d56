import { BatchWriteItemCommand, CreateTableCommand } from "@aws-sdk/client-dynamodb";
import { expect, test } from "@jest/globals";

import { SCAN_SEGMENTS, scanTable } from "../../src/dynamodb/scan-table.js";
import { createTableInput } from "../../src/dynamodb/table-definition.js";
import { freshId } from "../sink/contract/subject.js";
import { testDynamoDb } from "../support/endpoints.js";

const KEY = [
  { name: "airport", type: "S" },
  { name: "n", type: "N" },
] as const;
/** Items of 8 KB, so that a part has more pages than one. */
const COUNT = 2_500;
const TEXT = "x".repeat(8_000);

test("yields every item of a table once, of parts that have many pages", async () => {
  const client = testDynamoDb();
  const TableName = `scan-${freshId()}`;
  await client.send(
    new CreateTableCommand(
      createTableInput({ table: "scan", key: KEY, followed: false }, TableName),
    ),
  );
  const puts = Array.from({ length: COUNT }, (_, n) => ({
    PutRequest: { Item: { airport: { S: `A${n % 5}` }, n: { N: String(n) }, text: { S: TEXT } } },
  }));
  for (let from = 0; from < COUNT; from += 25)
    await client.send(
      new BatchWriteItemCommand({ RequestItems: { [TableName]: puts.slice(from, from + 25) } }),
    );
  let pages = 0;
  client.middlewareStack.add((next) => (args) => (pages++, next(args)), { step: "initialize" });
  const found: number[] = [];
  for await (const { n } of scanTable(client, TableName)) found.push(Number(n?.N));
  client.destroy();
  expect(found.sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, n) => n));
  expect(pages).toBeGreaterThan(SCAN_SEGMENTS);
});
