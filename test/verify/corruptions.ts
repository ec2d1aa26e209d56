import {
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { Redis } from "ioredis";

import type { declare } from "./scene.js";

/** Where corruptions are planted. */
export interface Field {
  readonly client: DynamoDBClient;
  readonly redis: Redis;
  readonly run: string;
  readonly views: ReturnType<typeof declare>;
  /** Ids of items, of which each is used once. */
  readonly ids: readonly string[];
}

/** A corruption: where it has to be found. */
export interface Planted {
  readonly what: string;
  readonly view: string;
  /** What the key of a finding contains. */
  readonly key: string;
}

type Wire = Record<string, { S?: string; N?: string; M?: Wire }>;

/** Writes wrong things into tables and cache, as somebody with a console would. */
export async function plant(field: Field): Promise<readonly Planted[]> {
  return [
    ...(await inTables(field)),
    ...(await inAggregates(field)),
    ...(await inEntries(field)),
    ...(await inCollections(field)),
  ];
}

/** All of a table, which must be small. */
export const scan = async (client: DynamoDBClient, TableName: string) =>
  ((await client.send(new ScanCommand({ TableName, ConsistentRead: true }))).Items ?? []) as Wire[];

async function inTables({ client, views }: Field): Promise<Planted[]> {
  const planted: Planted[] = [];
  for (const { table, name } of [views.byCustomer, views.open]) {
    const rows = (await scan(client, table)).filter((row) => !row["_millrace"]?.M?.["d"]);
    const keyNames = name.startsWith("by") ? ["customer", "id"] : ["id"];
    const keyOf = (row: Wire) => Object.fromEntries(keyNames.map((each) => [each, row[each]!]));
    for (const [i, row] of rows.slice(0, 20).entries()) {
      const key = keyOf(row) as never;
      const id = row["id"]!.S!;
      if (i % 3 === 0) {
        await client.send(new DeleteItemCommand({ TableName: table, Key: key }));
        planted.push({ what: "missing", view: name, key: id });
      } else if (i % 3 === 1) {
        await client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: key,
            UpdateExpression: "SET #a = :a",
            ExpressionAttributeNames: { "#a": "total" },
            ExpressionAttributeValues: { ":a": { N: "-1" } },
          }),
        );
        planted.push({ what: "different", view: name, key: id });
      } else {
        const Item = { ...row, id: { S: `ghost-${id}` } } as never;
        await client.send(new PutItemCommand({ TableName: table, Item }));
        planted.push({ what: "extra", view: name, key: `ghost-${id}` });
      }
    }
    // Somebody who knows nothing of bookkeeping.
    const last = rows[rows.length - 1]!;
    const { _millrace: _kept, ...plain } = last;
    await client.send(
      new PutItemCommand({ TableName: table, Item: { ...plain, total: { N: "7777" } } }),
    );
    planted.push({ what: "overwritten", view: name, key: last["id"]!.S! });
  }
  return planted;
}

async function inAggregates({ client, views }: Field): Promise<Planted[]> {
  const planted: Planted[] = [];
  const set = async (table: string, Key: Wire, name: string, value: string) =>
    client.send(
      new UpdateItemCommand({
        TableName: table,
        Key: Key as never,
        UpdateExpression: "SET #a = :a",
        ExpressionAttributeNames: { "#a": name },
        ExpressionAttributeValues: { ":a": { N: value } },
      }),
    );
  const { totals, stats } = views;
  // Rows that are their own counters.
  await set(totals.table, { customer: { S: "c-0" } }, "orders", "99");
  await set(totals.table, { customer: { S: "c-1" } }, "total", "1");
  await client.send(
    new DeleteItemCommand({ TableName: totals.table, Key: { customer: { S: "c-2" } } }),
  );
  await client.send(
    new UpdateItemCommand({
      TableName: totals.table,
      Key: { customer: { S: "c-3" } },
      UpdateExpression: "REMOVE refunds",
    }),
  );
  await client.send(
    new PutItemCommand({
      TableName: totals.table,
      Item: {
        customer: { S: "c-ghost" },
        orders: { N: "3" },
        total: { N: "5" },
        _millrace: { N: "3" },
      },
    }),
  );
  for (const key of ["c-0", "c-1", "c-2", "c-3", "c-ghost"])
    planted.push({ what: "counter", view: totals.name, key });
  // Rows that are made of counters, and what they are made of.
  await set(stats.table, { customer: { S: "c-0" } }, "mean", "12345");
  await client.send(
    new DeleteItemCommand({ TableName: stats.table, Key: { customer: { S: "c-1" } } }),
  );
  const workings = await scan(client, stats.workingsTable);
  const find = (prefix: string, group: string) =>
    workings.find(({ pk }) => pk!.S!.startsWith(prefix) && pk!.S!.endsWith(`["${group}"]`))!;
  const keyOf = ({ pk, sk }: Wire) => ({ pk: pk!, sk: sk! });
  await set(stats.workingsTable, keyOf(find("group#", "c-2")), "sum mean", "1");
  const remove = async (row: Wire) =>
    client.send(
      new DeleteItemCommand({ TableName: stats.workingsTable, Key: keyOf(row) as never }),
    );
  await remove(find("order#best", "c-3"));
  await remove(find("value#tags", "c-4"));
  await set(stats.workingsTable, keyOf(find("value#tags", "c-5")), "n", "17");
  for (const key of ["c-0", "c-1", "c-2", "c-3", "c-4", "c-5"])
    planted.push({ what: "group", view: stats.name, key });
  return planted;
}

async function inEntries({ redis, run, ids }: Field): Promise<Planted[]> {
  const planted: Planted[] = [];
  for (const [i, id] of ids.slice(0, 24).entries()) {
    const card = `${run}:card:${id}`;
    const text = (await redis.get(card)) ?? "";
    if (i % 3 === 0) {
      await redis.del(card);
      planted.push({ what: "missing", view: "cards", key: card });
    } else if (i % 3 === 1) {
      await redis.set(card, text.replace(/"total":\d+/, '"total":-5'));
      planted.push({ what: "different", view: "cards", key: card });
    } else {
      await redis.set(`${run}:card:ghost-${id}`, text);
      planted.push({ what: "orphan", view: "cards", key: `${run}:card:ghost-${id}` });
    }
  }
  const hashes = (await redis.keys(`${run}:hash:*`)).filter((key) => !key.includes("}")).sort();
  for (const [i, key] of hashes.slice(0, 12).entries()) {
    if (i % 3 === 0) await redis.del(key);
    else if (i % 3 === 1) await redis.hset(key, "total", "-5");
    else await redis.copy(key, `${run}:hash:ghost-${i}`);
    const name = i % 3 === 2 ? `${run}:hash:ghost-${i}` : key;
    planted.push({ what: ["missing", "different", "orphan"][i % 3]!, view: "hashes", key: name });
  }
  return planted;
}

async function inCollections({ redis, run }: Field): Promise<Planted[]> {
  const planted: Planted[] = [];
  const nth = async (key: string, n: number) =>
    (await redis.zrange(key, String(n), String(n)))[0] ?? "";
  const of = (view: string, customer: string) => `${run}:${view}:${customer}`;
  for (const [view, from] of [
    ["ranks", 2],
    ["top", 0],
  ] as const) {
    const first = await nth(of(view, "c-0"), from);
    await redis.zrem(of(view, "c-0"), first);
    planted.push({ what: "missing", view, key: first });
    const second = await nth(of(view, "c-1"), from);
    await redis.zadd(of(view, "c-1"), 9_999, second);
    planted.push({ what: "different", view, key: second });
    await redis.zadd(of(view, "c-2"), 9_999, "ghost-member");
    planted.push({ what: "orphan", view, key: "ghost-member" });
    const third = await nth(of(view, "c-3"), 1);
    await redis.zrem(of(view, "c-3"), third);
    await redis.zadd(of(view, "c-3"), 9_999, "ghost-instead");
    planted.push({ what: "missing", view, key: third });
    planted.push({ what: "orphan", view, key: "ghost-instead" });
  }
  await redis.lset(of("newest", "c-0"), 1, JSON.stringify({ id: "wrong" }));
  planted.push({ what: "different", view: "newest", key: of("newest", "c-0") });
  await redis.rpop(of("newest", "c-1"));
  planted.push({ what: "missing", view: "newest", key: of("newest", "c-1") });
  const [tag = ""] = await redis.smembers(of("tags", "c-0"));
  await redis.srem(of("tags", "c-0"), tag);
  planted.push({ what: "missing", view: "tags", key: JSON.stringify([of("tags", "c-0"), tag]) });
  await redis.sadd(of("tags", "c-1"), "ghost-tag");
  planted.push({ what: "orphan", view: "tags", key: "ghost-tag" });
  return planted;
}
