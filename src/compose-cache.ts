import { Cluster, Redis } from "ioredis";

import { composeHandler, type DeclarationExports, dynamoDbClient, tableSinks } from "./compose.js";
import { type Config, readConfig } from "./config.js";
import { configurationError } from "./errors.js";
import type { StreamHandler } from "./lambda/stream-handler.js";
import { createRedisSink } from "./sink/redis/redis-sink.js";
import type { RedisClient } from "./sink/redis/send-scripts.js";

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
 * A Redis client for the pipeline, of a single node or a cluster: connects on first use, and every command is answered
 * or fails within two seconds, so that an outage is an error to retry and not a wait until the function is cut off.
 *
 * A connection on which an answer stays out is given up and made anew: after a thaw, Lambda's sockets look alive and
 * are not.
 *
 * @throws `configuration` when no address is given.
 */
export function redisClient(config: Config): RedisClient {
  if (config.redisUrl === undefined) {
    throw configurationError("environment", [
      "REDIS_URL is not set, but views are kept in a cache; set it to redis://host:port or rediss://host:port",
    ]);
  }
  const redis = config.redisCluster
    ? clusterClient(config.redisUrl)
    : new Redis(config.redisUrl, { ...COMMANDS_END, lazyConnect: true, retryStrategy });
  // Every failed command is answered to its caller; without a listener each would be printed once more.
  redis.on("error", () => undefined);
  return redis;
}

const COMMANDS_END = {
  connectTimeout: 2_000,
  socketTimeout: 1_900,
  commandTimeout: 2_000,
  maxRetriesPerRequest: 1,
} as const;

function retryStrategy(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 6), 1_000);
}

/** One address is enough: the cluster names the others. Managed clusters have certificates for names, not addresses. */
function clusterClient(address: string): Cluster {
  const { hostname, port, username, password, protocol } = new URL(address);
  return new Cluster([{ host: hostname, port: Number(port || 6379) }], {
    lazyConnect: true,
    clusterRetryStrategy: retryStrategy,
    slotsRefreshTimeout: 2_000,
    ...(protocol === "rediss:" && { dnsLookup: (name, done) => done(null, name) }),
    redisOptions: {
      ...COMMANDS_END,
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
      ...(protocol === "rediss:" && { tls: {} }),
    },
  });
}
