import { DeleteTableCommand, ResourceNotFoundException } from "@aws-sdk/client-dynamodb";

import { dynamoDbClient, systemClock } from "./compose.js";
import { redisClient } from "./compose-cache.js";
import { type Config, physicalName } from "./config.js";
import { type Holdings, holdingsOf } from "./evolve/drop-version.js";
import { type Switched, type SwitchOptions, switchVersion } from "./evolve/switch-version.js";
import { deleteKeys } from "./sink/redis/delete-keys.js";
import { createDynamoDbViewRecords } from "./state/dynamodb-view-records.js";
import type { ViewRecords } from "./state/view-records.js";
import type { View } from "./view/view.js";
import type { VersionedName } from "./view/view-name.js";

/** Switches readers to a version of a view, in the environment of the pipeline. */
export function switchIn(
  config: Config,
  options: Omit<SwitchOptions, "records" | "atMs">,
): Promise<Switched> {
  return withRecords(config, (records) =>
    switchVersion({ ...options, records, atMs: systemClock.nowMs() }),
  );
}

/** Says what a version of a view holds, and deletes it if told to; its keys in Redis, its tables, what is known of it. */
export function dropIn(
  config: Config,
  views: readonly View[],
  of: VersionedName,
  isConfirmed: boolean,
): Promise<Holdings> {
  return withRecords(config, async (records, client) => {
    const holdings = await holdingsOf(records, views, of);
    if (!isConfirmed) return holdings;
    if (holdings.keyPrefix !== undefined) await deleteIn(config, holdings.keyPrefix);
    for (const table of holdings.tables) {
      const TableName = physicalName(config, table);
      await client.send(new DeleteTableCommand({ TableName })).catch((thrown: unknown) => {
        if (!(thrown instanceof ResourceNotFoundException)) throw thrown;
      });
    }
    await records.forgetDefinition(of);
    return holdings;
  });
}

async function deleteIn(config: Config, prefix: string): Promise<void> {
  const redis = redisClient(config);
  try {
    await deleteKeys(redis, prefix);
  } finally {
    redis.disconnect();
  }
}

async function withRecords<T>(
  config: Config,
  act: (records: ViewRecords, client: ReturnType<typeof dynamoDbClient>) => Promise<T>,
): Promise<T> {
  const client = dynamoDbClient(config);
  try {
    return await act(createDynamoDbViewRecords(client, config.stateTable), client);
  } finally {
    client.destroy();
  }
}
