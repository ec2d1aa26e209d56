import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

import type { BackfillParts } from "./backfill/backfill-parts.js";
import { inspectTables, type SourceInspection } from "./backfill/inspect-tables.js";
import { createPace, type PaceLimits } from "./backfill/pace.js";
import { dynamoDbClient, systemClock, tableSinks } from "./compose.js";
import { redisClient } from "./compose-cache.js";
import { type Config, physicalName } from "./config.js";
import { createRedisSink } from "./sink/redis/redis-sink.js";
import { createDynamoDbBackfillState } from "./state/dynamodb-backfill-state.js";
import { createDynamoDbQuarantine } from "./state/dynamodb-quarantine.js";
import { createSourceItems, type SourceItems } from "./upkeep/source-items.js";
import type { View, ViewSource } from "./view/view.js";

/** What a backfill works with, in the environment of the pipeline. */
export interface ComposedBackfill {
  readonly parts: BackfillParts;
  readonly items: SourceItems;
  readonly inspect: (source: ViewSource, views: readonly View[]) => Promise<SourceInspection>;
  close(): Promise<void>;
}

/**
 * Makes what a backfill of these views works with.
 *
 * @throws `configuration` when a view is kept in a cache and the environment names none.
 */
export function composeBackfill(
  config: Config,
  views: readonly View[],
  limits: PaceLimits = {},
): ComposedBackfill {
  const client: DynamoDBClient = dynamoDbClient(config);
  const tableName = (table: string) => physicalName(config, table);
  const needsCache = views.some(({ kind }) => kind === "cache-view");
  const cache = needsCache ? createRedisSink({ redis: redisClient(config) }) : undefined;
  const items = createSourceItems({ client, tableName });
  const inspected = { client, tableName, stateTable: config.stateTable };
  return {
    items,
    parts: {
      sinks: { ...tableSinks(config, client), ...(cache && { "cache-view": cache }) },
      quarantine: createDynamoDbQuarantine({ client, tableName: config.stateTable }),
      state: createDynamoDbBackfillState({ client, tableName: config.stateTable }),
      items,
      clock: systemClock,
      pace: createPace(limits, systemClock),
    },
    inspect: (source, own) => inspectTables(inspected, source, own),
    close: async () => {
      await cache?.close();
      client.destroy();
    },
  };
}
