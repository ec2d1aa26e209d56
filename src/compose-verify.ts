import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DescribeTableCommand } from "@aws-sdk/client-dynamodb";

import { aggregateSink, dynamoDbClient, systemClock, tableSink } from "./compose.js";
import { redisClient } from "./compose-cache.js";
import { type Config, physicalName } from "./config.js";
import { classifyDynamoDbError } from "./dynamodb/classify-error.js";
import { createDynamoDbStore } from "./sink/aggregate/dynamodb-store.js";
import { createTableHolder } from "./sink/dynamodb/held-rows.js";
import { createCacheHolder } from "./sink/redis/held-entries.js";
import { createRedisSink } from "./sink/redis/redis-sink.js";
import { createDynamoDbProgress } from "./state/dynamodb-progress.js";
import { createDynamoDbQuarantine } from "./state/dynamodb-quarantine.js";
import { createDynamoDbViewRecords } from "./state/dynamodb-view-records.js";
import { noteWhole } from "./upkeep/note-whole.js";
import { createSourceItems } from "./upkeep/source-items.js";
import { createFilePartitions } from "./verify/partitions.js";
import type { VerifyPorts } from "./verify/ports.js";
import type { Declarations } from "./view/declarations.js";
import type { View } from "./view/view.js";

/** A lag noted longer ago says nothing of how far a source is behind now. */
const RECENT_MS = 60_000;

/** What verification works with, and how to let go of it. */
export interface ComposedVerify {
  readonly ports: VerifyPorts;
  /** Notes that these views were seen to be as all items of their sources say. */
  noteTrue(views: readonly View[], startedAtMs: number): Promise<void>;
  /** About how many items and rows will be read. */
  itemsAbout(views: readonly View[]): Promise<number>;
  close(): Promise<void>;
}

/** Puts verification together from the environment's settings; what it puts aside is in a temporary folder. */
export async function composeVerify(
  config: Config,
  { views }: Declarations,
): Promise<ComposedVerify> {
  const client = dynamoDbClient(config);
  const tableName = (table: string) => physicalName(config, table);
  const folder = await mkdtemp(join(tmpdir(), "millrace-verify-"));
  const redis = views.some(({ kind }) => kind === "cache-view") ? redisClient(config) : undefined;
  const cache = redis && createRedisSink({ redis });
  const progress = createDynamoDbProgress({ client, tableName: config.stateTable });
  const notes = { progress, records: createDynamoDbViewRecords(client, config.stateTable) };
  let opened = 0;
  return {
    ports: {
      source: createSourceItems({ client, tableName }),
      tables: tableSink(config, client),
      heldTables: createTableHolder({ client, tableName: ({ table }) => tableName(table) }),
      groups: aggregateSink(config, client),
      store: createDynamoDbStore({ client, tableName }),
      ...(redis && cache && { cache, heldCache: createCacheHolder(redis) }),
      quarantine: createDynamoDbQuarantine({ client, tableName: config.stateTable }),
      partitions: (name) => createFilePartitions(join(folder, `${++opened}-${name}`)),
      lagMs: async ({ table }) => {
        const { functions } = await notes.progress.read(table);
        const sinceMs = systemClock.nowMs() - RECENT_MS;
        const recent = functions.filter(({ batchEndedAtMs }) => batchEndedAtMs >= sinceMs);
        return recent.length > 0 ? Math.max(...recent.map(({ lagMs }) => lagMs)) : undefined;
      },
      nowMs: () => systemClock.nowMs(),
      sleep: (ms) => systemClock.sleep(ms),
    },
    noteTrue: (seen, startedAtMs) => noteWhole(notes, seen, startedAtMs),
    async itemsAbout(views) {
      const counts = await Promise.all(
        tablesRead(views).map(async (table) => {
          const TableName = tableName(table);
          const { Table } = await client
            .send(new DescribeTableCommand({ TableName }))
            .catch((thrown: unknown) => {
              throw classifyDynamoDbError(thrown, TableName);
            });
          return Table?.ItemCount ?? 0;
        }),
      );
      return counts.reduce((sum, count) => sum + count, 0);
    },
    async close() {
      await cache?.close();
      client.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Each source once, each view's rows, and workings twice; a cache holds about as much as its source. */
function tablesRead(views: readonly View[]): readonly string[] {
  const sources = new Set(views.map(({ source }) => source.table));
  const held = views.flatMap((view) => {
    if (view.kind === "cache-view") return [view.source.table];
    if (view.kind === "table-view") return [view.table];
    return [view.table, view.workingsTable, view.workingsTable];
  });
  return [...sources, ...held];
}
