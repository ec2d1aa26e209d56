import { Cluster, Redis } from "ioredis";

import { composeHandler, type DeclarationExports, dynamoDbClient, tableSinks } from "./compose.js";
import { type Config, readConfig, type RedisIam } from "./config.js";
import { configurationError } from "./errors.js";
import type { StreamHandler } from "./lambda/stream-handler.js";
import { type IamConnections, iamConnections } from "./sink/redis/iam-connections.js";
import { signIamToken } from "./sink/redis/iam-token.js";
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
 * Where IAM lets the pipeline in, each connection shows a token of its own.
 *
 * @throws `configuration` when no address is given.
 */
export function redisClient(config: Config): RedisClient {
  const { redisUrl, redisCluster, redisIam } = config;
  if (redisUrl === undefined) {
    throw configurationError("environment", [
      "REDIS_URL is not set, but views are kept in a cache; set it to redis://host:port or rediss://host:port",
    ]);
  }
  const iam = redisIam && iamConnections(redisIam.user, tokenSigner(config, redisIam));
  const options: ConnectionOptions = { ...COMMANDS_END, ...iam?.options };
  const redis = redisCluster
    ? clusterClient(redisUrl, options)
    : new Redis(redisUrl, { ...options, lazyConnect: true, retryStrategy });
  // Every failed command is answered to its caller; without a listener each would be printed once more.
  redis.on("error", () => undefined);
  iam?.keepAlive(redis);
  return redis;
}

/** Signs with the credentials and in the region of the DynamoDB client: those of the function. */
function tokenSigner(config: Config, redisIam: RedisIam): () => Promise<string> {
  const { credentials, region, sha256 } = dynamoDbClient(config).config;
  return () => signIamToken(redisIam, { credentials, region, sha256 });
}

type ConnectionOptions = typeof COMMANDS_END & Partial<IamConnections["options"]>;

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
function clusterClient(address: string, options: ConnectionOptions): Cluster {
  const { hostname, port, username, password, protocol } = new URL(address);
  return new Cluster([{ host: hostname, port: Number(port || 6379) }], {
    lazyConnect: true,
    clusterRetryStrategy: retryStrategy,
    slotsRefreshTimeout: 2_000,
    ...(protocol === "rediss:" && { dnsLookup: (name, done) => done(null, name) }),
    redisOptions: {
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
      ...(protocol === "rediss:" && { tls: {} }),
      ...options,
    },
  });
}
