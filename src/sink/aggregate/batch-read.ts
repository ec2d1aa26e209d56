import {
  type AttributeValue as SdkValue,
  BatchGetItemCommand,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";

import { canonicalNumber, type WireItem } from "../../change/attribute-value.js";
import { MillraceError } from "../../errors.js";
import type { Place } from "./store.js";

/** Items of one BatchGetItem. Source: DynamoDB developer guide, "Quotas". */
const MOST_READ = 100;

type TableName = (table: string) => string;

/** Reads items, each strongly consistent by itself, in the order of their places. */
export async function batchRead(
  client: DynamoDBClient,
  tableName: TableName,
  places: readonly Place[],
): Promise<readonly (WireItem | undefined)[]> {
  const texts = places.map((place) => textOf(tableName, place));
  const distinct = [...new Map(places.map((place, i) => [texts[i] as string, place]))];
  const found = new Map<string, WireItem>();
  for (let start = 0; start < distinct.length; start += MOST_READ) {
    const some = new Map(distinct.slice(start, start + MOST_READ));
    await readSome(client, tableName, some, found);
  }
  return texts.map((text) => found.get(text));
}

/** Reads at most {@link MOST_READ} items, asking again for what DynamoDB left out of its answer. */
async function readSome(
  client: DynamoDBClient,
  tableName: TableName,
  places: ReadonlyMap<string, Place>,
  found: Map<string, WireItem>,
): Promise<void> {
  const keys = new Map(
    [...places.values()].map(({ table, key }) => [tableName(table), Object.keys(key)]),
  );
  let pending = places;
  while (pending.size > 0) {
    const { Responses = {}, UnprocessedKeys = {} } = await client.send(
      new BatchGetItemCommand({ RequestItems: requestItems(tableName, pending) }),
    );
    const left = new Map<string, Place>();
    for (const [table, names] of keys) {
      for (const item of Responses[table] ?? []) found.set(textAt(table, names, item), item);
      for (const key of UnprocessedKeys[table]?.Keys ?? []) {
        const text = textAt(table, names, key);
        const place = pending.get(text);
        if (place) left.set(text, place);
      }
    }
    if (left.size === pending.size) throw unread([...keys.keys()]);
    pending = left;
  }
}

function requestItems(tableName: TableName, places: ReadonlyMap<string, Place>) {
  const requests: Record<string, { Keys: Record<string, SdkValue>[]; ConsistentRead: true }> = {};
  for (const { table, key } of places.values())
    (requests[tableName(table)] ??= { Keys: [], ConsistentRead: true }).Keys.push(key);
  return requests;
}

/** DynamoDB answered none of a batch, which is how it throttles one. */
function unread(tables: readonly string[]): MillraceError {
  return new MillraceError(
    "unavailable",
    `DynamoDB answered no read of a batch of ${tables.join(", ")}; trying again`,
  );
}

function textOf(tableName: TableName, { table, key }: Place): string {
  return textAt(tableName(table), Object.keys(key), key);
}

/** One text for an item of a table: DynamoDB may write the number in a key another way than we do. */
function textAt(table: string, names: readonly string[], item: WireItem): string {
  const values = names.map((name) => {
    const value = item[name];
    return value?.N === undefined ? value : { N: canonicalNumber(value.N) };
  });
  return `${table} ${JSON.stringify(values)}`;
}
