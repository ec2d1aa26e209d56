import {
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import { decodeItem } from "../../../src/change/attribute-value.js";
import { encodeItem } from "../../../src/change/encode-item.js";
import { createTableInput } from "../../../src/dynamodb/table-definition.js";
import { createDynamoDbSink } from "../../../src/sink/dynamodb/dynamodb-sink.js";
import { type Sink, TOMBSTONE_TTL_SECONDS } from "../../../src/sink/sink.js";
import { numberKey } from "../../../src/view/key.js";
import type { Mutation } from "../../../src/view/row.js";
import { source } from "../../../src/view/source.js";
import { type TableView, tableView } from "../../../src/view/table-view.js";
import { testDynamoDb } from "../../support/endpoints.js";
import { put, remove, said, version } from "../contract/subject.js";
import { describeSinkContract } from "../sink-contract.js";

const items = source<{ id: string }>({ table: "items", key: ["id"] });

/** How rows are written: one by one on their condition, or as statements that expect them there, or not there yet. */
type Way = "one by one" | "replacing" | "inserting";

/** A sink that takes every put for one of a row that enters, true or not: what a statement expects is only a guess. */
function expectingNothing(sink: Sink<TableView>): Sink<TableView> {
  const entering = (mutation: Mutation<TableView>): Mutation<TableView> =>
    mutation.type === "put" ? { ...mutation, enters: true } : mutation;
  return { ...sink, apply: (mutations) => sink.apply(mutations.map(entering)) };
}

async function open(tombstones: boolean, way: Way = "one by one") {
  const client = testDynamoDb();
  const kind = `${tombstones ? "tombstones" : "plain"}-${way.replaceAll(" ", "-")}`;
  const name = `sink-${kind}-${process.pid}-${Date.now()}`;
  const view = tableView({ name, source: items, key: ["id"], tombstones });
  await client.send(
    new CreateTableCommand(createTableInput({ table: name, key: view.key, followed: false }, name)),
  );
  const sink = createDynamoDbSink({
    client,
    tableName: ({ table }) => table,
    statementsFrom: way === "one by one" ? Number.POSITIVE_INFINITY : 1,
  });
  return {
    client,
    sink: way === "inserting" ? expectingNothing(sink) : sink,
    view,
    asRead: (value: Parameters<typeof encodeItem>[0]) => decodeItem(encodeItem(value)),
    close: async () => client.destroy(),
  };
}

describeSinkContract(
  "the DynamoDB sink",
  { keepsTombstones: false, limitsSize: true, runs: 15 },
  () => open(false),
);
describeSinkContract(
  "the DynamoDB sink of a view with tombstones",
  { keepsTombstones: true, limitsSize: true, runs: 15 },
  () => open(true),
);

describeSinkContract(
  "the DynamoDB sink, by statements that replace",
  { keepsTombstones: false, limitsSize: true, runs: 5 },
  () => open(false, "replacing"),
);
describeSinkContract(
  "the DynamoDB sink with tombstones, by statements that insert",
  { keepsTombstones: true, limitsSize: true, runs: 5 },
  () => open(true, "inserting"),
);

describe("the DynamoDB sink", () => {
  const opened = {} as Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    Object.assign(opened, await open(true));
  });
  afterAll(() => opened.close());

  async function raw(id: string) {
    const Key = { id: { S: id } };
    const { Item } = await opened.client.send(
      new GetItemCommand({ TableName: opened.view.table, Key, ConsistentRead: true }),
    );
    return Item;
  }

  test("keeps version and owner in the reserved attribute, beside the row's own", async () => {
    await opened.sink.apply([put(opened.view, { id: "layout", a: 1 }, 1)]);
    expect(await raw("layout")).toEqual({
      id: { S: "layout" },
      a: { N: "1" },
      _millrace: {
        M: { v: { S: version(1) }, k: { S: '["layout"]' }, s: { S: expect.any(String) } },
      },
    });
  });

  test("G2: a row replaced by a statement keeps nothing of the one before, whatever that had", async () => {
    const { sink, view, client } = await open(false, "replacing");
    const ids = ["r-1", "r-2"];
    const rows = async () => Promise.all(ids.map(async (id) => (await sink.get(view, JSON.stringify([id])))?.value)); // prettier-ignore
    await sink.apply([
      put(view, { id: "r-1", a: 1, b: 1 }, 1),
      put(view, { id: "r-2", a: 1, gone: "soon" }, 1),
    ]);
    await sink.apply([put(view, { id: "r-1", a: 2, b: 2 }, 2), put(view, { id: "r-2", a: 2 }, 2)]);
    expect(await rows()).toEqual([
      { id: "r-1", a: 2, b: 2 },
      { id: "r-2", a: 2 },
    ]);
    client.destroy();
  });

  test("a tombstone holds its key only, and says when it expires, counted from the change", async () => {
    const { sink, view } = opened;
    const deletion = { ...remove(view, "buried", 2), changedAtSeconds: 1_000_000 };
    await sink.apply([put(view, { id: "buried", a: 1 }, 1)]);
    await sink.apply([{ ...deletion, value: { id: "buried", a: 1 } }]);
    expect(await raw("buried")).toEqual({
      id: { S: "buried" },
      _millrace: { M: { v: { S: version(2) }, k: { S: '["buried"]' }, d: { BOOL: true } } },
      _millrace_ttl: { N: String(1_000_000 + TOMBSTONE_TTL_SECONDS) },
    });
  });

  test("an item that somebody else wrote is left alone: a put is refused with the remedy, a delete is stale", async () => {
    const { sink, view, client } = opened;
    await client.send(
      new PutItemCommand({ TableName: view.table, Item: { id: { S: "foreign" } } }),
    );
    const [result] = await sink.apply([put(view, { id: "foreign" }, 1)]);
    expect(said(result)).toBe("refused");
    if (result?.outcome === "failed") expect(result.error.message).toContain("did not write");
    expect(said((await sink.apply([remove(view, "foreign", 2)]))[0])).toBe("stale");
    expect(await raw("foreign")).toEqual({ id: { S: "foreign" } });
    await expect(sink.get(view, '["foreign"]')).rejects.toMatchObject({ code: "refused" });
    await client.send(
      new DeleteItemCommand({ TableName: view.table, Key: { id: { S: "foreign" } } }),
    );
  });

  test("a collision names both items in full", async () => {
    const { sink, view } = opened;
    await sink.apply([put(view, { id: "shared" }, 1, '["first"]')]);
    const [result] = await sink.apply([put(view, { id: "shared" }, 2, '["second"]')]);
    expect(result).toMatchObject({
      outcome: "failed",
      error: { message: expect.stringMatching(/\["first"\] and \["second"\] both derive/) },
    });
  });

  test("a missing table is a mistake of set-up that names the table, and never a row's fault", async () => {
    const view = tableView({ name: "no-such-table", source: items, key: ["id"] });
    const sink = createDynamoDbSink({ client: opened.client, tableName: ({ table }) => table });
    const [result] = await sink.apply([put(view, { id: "x" }, 1)]);
    expect(said(result)).toBe("configuration");
    if (result?.outcome === "failed") expect(result.error.message).toContain("no-such-table");
    await expect(sink.get(view, '["x"]')).rejects.toMatchObject({ code: "configuration" });
  });

  test("a key attribute of the wrong type is the row's fault", async () => {
    const { view, sink } = opened;
    const wrong = { ...put(view, { id: "7" }, 1), value: { id: 7 } };
    expect(said((await sink.apply([wrong]))[0])).toBe("invalid-row");
  });

  test("rows with number keys are found by their key text", async () => {
    const name = `sink-numbers-${process.pid}-${Date.now()}`;
    const numbered = source<{ id: number }>({ table: "numbered", key: [numberKey("id")] });
    const view = tableView({ name, source: numbered, key: [numberKey("id")] });
    await opened.client.send(
      new CreateTableCommand(
        createTableInput({ table: name, key: view.key, followed: false }, name),
      ),
    );
    const [row] = view.rowsOf({ id: 1.5 });
    const mutation = { ...put(view, { id: 1.5 }, 1), key: row?.key ?? "" };
    await opened.sink.apply([mutation]);
    expect(await opened.sink.get(view, "[1.5]")).toMatchObject({
      key: "[1.5]",
      value: { id: 1.5 },
    });
    for await (const found of opened.sink.scan(view)) expect(found.key).toBe("[1.5]");
  });

  test("an endpoint that does not answer fails every mutation as retriable, and never rejects", async () => {
    const client = new DynamoDBClient({
      endpoint: "http://127.0.0.1:1",
      region: "us-east-1",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
      maxAttempts: 1,
    });
    const sink = createDynamoDbSink({ client, tableName: ({ table }) => table });
    const { view } = opened;
    const mutations = [put(view, { id: "a" }, 1), put(view, { id: "b", wrong: NaN }, 1)];
    const results = await sink.apply(mutations);
    expect(results.map(said)).toEqual(["unavailable", "invalid-row"]);
    expect(results[0]).toMatchObject({ error: { retriable: true } });
    await expect(sink.get(view, '["a"]')).rejects.toMatchObject({ code: "unavailable" });
    client.destroy();
  });
});
