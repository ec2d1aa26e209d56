import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { aggregateSink, dynamoDbClient, systemClock, tableSink } from "./compose.js";
import { redisClient } from "./compose-cache.js";
import { type Config, physicalName } from "./config.js";
import { createDynamoDbStore } from "./sink/aggregate/dynamodb-store.js";
import { createTableHolder } from "./sink/dynamodb/held-rows.js";
import { createCacheHolder } from "./sink/redis/held-entries.js";
import { createRedisSink } from "./sink/redis/redis-sink.js";
import { createDynamoDbQuarantine } from "./state/dynamodb-quarantine.js";
import { createSourceItems } from "./upkeep/source-items.js";
import type { Declarations } from "./view/declarations.js";
import { createFilePartitions } from "./verify/partitions.js";
import type { VerifyPorts } from "./verify/ports.js";

/** What verification works with, and how to let go of it. */
export interface ComposedVerify {
  readonly ports: VerifyPorts;
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
      nowMs: () => systemClock.nowMs(),
      sleep: (ms) => systemClock.sleep(ms),
    },
    async close() {
      await cache?.close();
      client.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
