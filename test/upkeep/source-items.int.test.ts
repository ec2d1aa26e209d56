import {
  BatchWriteItemCommand,
  CreateTableCommand,
  type DynamoDBClient,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

import { createTableInput } from "../../src/dynamodb/table-definition.js";
import { encodeBookkeeping } from "../../src/sink/dynamodb/stored-item.js";
import { createSourceItems, scanWhole, type SourcePage } from "../../src/upkeep/source-items.js";
import { RESERVED_ATTRIBUTE } from "../../src/view/key.js";
import { source } from "../../src/view/source.js";
import { freshId, version } from "../sink/contract/subject.js";
import { testDynamoDb } from "../support/endpoints.js";

const opened = {} as { client: DynamoDBClient };
beforeAll(() => {
  opened.client = testDynamoDb();
});
afterAll(() => opened.client.destroy());

const COUNT = 130;

/** A table with items 0 to 129, a tombstone and an empty group. */
async function filledTable(hasStream: boolean) {
  const { client } = opened;
  const TableName = `items-${freshId()}`;
  await client.send(
    new CreateTableCommand(
      createTableInput(
        { table: "items", key: [{ name: "id", type: "N" }], followed: hasStream },
        TableName,
      ),
    ),
  );
  const puts = Array.from({ length: COUNT }, (_, id) => ({
    PutRequest: { Item: { id: { N: String(id) } } },
  }));
  for (let from = 0; from < COUNT; from += 25)
    await client.send(
      new BatchWriteItemCommand({ RequestItems: { [TableName]: puts.slice(from, from + 25) } }),
    );
  const gone = encodeBookkeeping({ version: version(1), owner: "o", deleted: true });
  for (const [id, kept] of [
    ["900", gone],
    ["901", { N: "0" }],
  ] as const) {
    const Item = { id: { N: id }, [RESERVED_ATTRIBUTE]: kept as never };
    await client.send(new PutItemCommand({ TableName, Item }));
  }
  const items = createSourceItems({ client, tableName: (name) => name });
  return {
    TableName,
    items,
    declared: source<{ id: number }>({ table: TableName, key: [{ name: "id", type: "N" }] }),
  };
}

test("segments together yield every item once, also when each page is a scan of its own", async () => {
  const { items, declared } = await filledTable(true);
  const owners: string[] = [];
  for (let index = 0; index < 3; index++) {
    let after: string | undefined;
    do {
      const pages = items.scan(declared, {
        index,
        total: 3,
        pageItems: 20,
        ...(after !== undefined && { after }),
      });
      const page = (await pages[Symbol.asyncIterator]().next()).value as SourcePage;
      owners.push(...page.items.map(({ owner }) => owner));
      after = page.next;
    } while (after !== undefined);
  }
  const numbers = owners.map((owner) => Number(owner.slice(1, -1))).sort((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: COUNT }, (_, id) => id));
});

test("the whole of a source is every item once", async () => {
  const { items, declared } = await filledTable(true);
  const owners: string[] = [];
  for await (const page of scanWhole(items, declared))
    owners.push(...page.items.map(({ owner }) => owner));
  expect(owners.sort()).toEqual(Array.from({ length: COUNT }, (_, id) => `[${id}]`).sort());
});

test("any number of keys is read; what is not there, or no item of the source, is left out", async () => {
  const { items, declared } = await filledTable(true);
  const asked = [...Array.from({ length: COUNT }, (_, id) => `[${id}]`), "[777]", "[900]", "[901]"];
  const found = await items.get(declared, asked);
  expect(found.size).toBe(COUNT);
  expect(found.get("[129]")).toEqual({ id: 129 });
});

test("a stream's label is told, and a table without one named with the remedy", async () => {
  const streamed = await filledTable(true);
  expect(await streamed.items.streamLabel(streamed.declared)).toMatch(/^\d{4}-\d\d-\d\dT/);
  const quiet = await filledTable(false);
  await expect(quiet.items.streamLabel(quiet.declared)).rejects.toThrow(
    `table "${quiet.TableName}" has no stream; enable one with NEW_AND_OLD_IMAGES`,
  );
});
