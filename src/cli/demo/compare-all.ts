import { DynamoDBClient } from "@aws-sdk/client-dynamodb";

import { decodeItem, type Item } from "../../change/attribute-value.js";
import { aggregateSink } from "../../compose.js";
import { redisClient } from "../../compose-cache.js";
import { type Config, physicalName } from "../../config.js";
import { scanTable } from "../../dynamodb/scan-table.js";
import { createDynamoDbSink } from "../../sink/dynamodb/dynamodb-sink.js";
import { asHashEntry, asJsonEntry } from "../../sink/redis/encode-entry.js";
import { createRedisSink } from "../../sink/redis/redis-sink.js";
import type { StoredRow } from "../../sink/sink.js";
import type { Declarations } from "../../view/declarations.js";
import { RESERVED_ATTRIBUTE } from "../../view/key.js";
import type { Row } from "../../view/row.js";
import type { View } from "../../view/view.js";
import { compareTold } from "./compare-told.js";
import { compareView, type Comparison, type KeyedValue } from "./compare-views.js";

/** Compares every view with a recomputation from its source, one after the other. */
export async function compareAll(
  declarations: Declarations,
  config: Config,
): Promise<readonly Comparison[]> {
  const client = new DynamoDBClient({
    ...(config.dynamodbEndpoint && { endpoint: config.dynamodbEndpoint }),
    // It may have taken an hour to come this far: a DynamoDB Local short of breath is not to end it.
    maxAttempts: 10,
  });
  const tables = createDynamoDbSink({
    client,
    tableName: ({ table }) => physicalName(config, table),
  });
  const groups = aggregateSink(config, client);
  const redis = redisClient(config);
  const cache = createRedisSink({ redis });
  const comparisons: Comparison[] = [];
  try {
    for (const view of declarations.views) {
      const items = () => sourceItems(client, physicalName(config, view.source.table));
      comparisons.push(
        view.kind === "cache-view" && view.type === "stream"
          ? await compareTold(redis, view, await derivedRows(view, items()))
          : await compareView(view, {
              sourceItems: items,
              storedRows: () => storedRows(view),
              asRead: (_view, value) => asRead(view, value),
            }),
      );
    }
  } finally {
    await cache.close();
    client.destroy();
  }
  return comparisons;

  function storedRows(view: View): AsyncIterable<KeyedValue> {
    switch (view.kind) {
      case "table-view":
        return withValue(tables.scan(view));
      case "aggregate-view":
        return groups.scan(view);
      case "cache-view":
        return withValue(cache.scan(view));
    }
  }
}

async function* sourceItems(client: DynamoDBClient, TableName: string): AsyncGenerator<Item> {
  for await (const wire of scanTable(client, TableName)) {
    const { [RESERVED_ATTRIBUTE]: _bookkeeping, ...item } = decodeItem(wire);
    yield item;
  }
}

async function derivedRows(view: View, items: AsyncIterable<Item>): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const item of items)
    for (const { key, value } of view.rowsOf(item)) rows.push({ key, value: asRead(view, value) });
  return rows;
}

async function* withValue(rows: AsyncIterable<StoredRow>): AsyncGenerator<KeyedValue> {
  for await (const { key, value } of rows) if (value) yield { key, value };
}

function asRead(view: View, value: Item): Item {
  if (view.kind !== "cache-view") return value;
  return view.type === "hash" ? asHashEntry(value) : asJsonEntry(value);
}
