import { Redis } from "ioredis";

import { composeHandler, type DeclarationExports, dynamoDbClient, tableSinks } from "./compose.js";
import { type Config, readConfig } from "./config.js";
import { configurationError } from "./errors.js";
import type { StreamHandler } from "./lambda/stream-handler.js";
import { createRedisSink } from "./sink/redis/redis-sink.js";

/**
 * Makes the Lambda handler that writes a pipeline's Redis views; otherwise as {@link createTablesHandler}.
 *
 * A function of its own, so that an outage of the cache cannot hold up the tables.
 */
export function createCacheHandler(exports: DeclarationExports): StreamHandler {
  const config = readConfig();
  return composeHandler(config, exports, dynamoDbClient(config), {
    "cache-view": cacheSink(config),
  });
}

/** Makes one Lambda handler that writes all views of a pipeline; otherwise as {@link createTablesHandler}. */
export function createCombinedHandler(exports: DeclarationExports): StreamHandler {
  const config = readConfig();
  const client = dynamoDbClient(config);
  const sinks = { ...tableSinks(config, client), "cache-view": cacheSink(config) };
  return composeHandler(config, exports, client, sinks);
}

function cacheSink(config: Config) {
  return createRedisSink({ redis: redisClient(config) });
}

/**
 * A Redis client for the pipeline: connects on first use, and every command is answered or fails within two seconds, so
 * that an outage is an error to retry and not a wait until the function is cut off.
 *
 * @throws `configuration` when no address is given.
 */
export function redisClient(config: Config): Redis {
  if (config.redisUrl === undefined) {
    throw configurationError("environment", [
      "REDIS_URL is not set, but views are kept in a cache; set it to redis://host:port or rediss://host:port",
    ]);
  }
  const redis = new Redis(config.redisUrl, {
    lazyConnect: true,
    connectTimeout: 2_000,
    commandTimeout: 2_000,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 6), 1_000),
  });
  // Every failed command is answered to its caller; without a listener each would be printed once more.
  redis.on("error", () => undefined);
  return redis;
}
