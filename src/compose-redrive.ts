import { dynamoDbClient, systemClock, tableSinks } from "./compose.js";
import { redisClient } from "./compose-cache.js";
import { type Config, declaredName, physicalName } from "./config.js";
import type { RedriveParts } from "./redrive/parts.js";
import { createRedisSink } from "./sink/redis/redis-sink.js";
import { createDynamoDbQuarantine } from "./state/dynamodb-quarantine.js";
import type { Quarantine } from "./state/quarantine.js";
import { createSourceItems } from "./upkeep/source-items.js";
import type { Declarations } from "./view/declarations.js";

/** What redrive works with, in the environment of the pipeline. */
export interface ComposedRedrive {
  readonly parts: RedriveParts;
  close(): Promise<void>;
}

/**
 * Makes what redrive works with.
 *
 * @param view the view that is meant; all where it is not given.
 * @throws `configuration` when a view that is meant is kept in a cache and the environment names none.
 */
export function composeRedrive(
  config: Config,
  declarations: Declarations,
  view?: string,
): ComposedRedrive {
  const client = dynamoDbClient(config);
  const needsCache = declarations.views.some(
    ({ kind, name }) => kind === "cache-view" && (view === undefined || view === name),
  );
  const cache = needsCache ? createRedisSink({ redis: redisClient(config) }) : undefined;
  return {
    parts: {
      declarations,
      sinks: { ...tableSinks(config, client), ...(cache && { "cache-view": cache }) },
      quarantine: createDynamoDbQuarantine({ client, tableName: config.stateTable }),
      sourceItems: createSourceItems({
        client,
        tableName: (table) => physicalName(config, table),
      }),
      clock: systemClock,
      declaredName: (table) => declaredName(config, table),
    },
    async close() {
      await cache?.close();
      client.destroy();
    },
  };
}

/** The quarantine of a pipeline, to look into. */
export function openQuarantine(config: Config): Quarantine {
  return createDynamoDbQuarantine({
    client: dynamoDbClient(config),
    tableName: config.stateTable,
  });
}
