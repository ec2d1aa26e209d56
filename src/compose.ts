import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
import { Redis } from "ioredis";

import { type Config, declaredName, physicalName, readConfig } from "./config.js";
import { configurationError } from "./errors.js";
import { createStreamHandler, type StreamHandler } from "./lambda/stream-handler.js";
import type { Clock } from "./pipeline/clock.js";
import type { Sinks } from "./pipeline/pipeline.js";
import { createPipeline } from "./pipeline/process-batch.js";
import { createDynamoDbSink } from "./sink/dynamodb/dynamodb-sink.js";
import { createRedisSink } from "./sink/redis/redis-sink.js";
import { createDynamoDbQuarantine } from "./state/dynamodb-quarantine.js";
import { collectDeclarations } from "./view/declarations.js";

/** What a module of declarations exports: `import * as pipeline from "./pipeline.js"`. */
export type DeclarationExports = Readonly<Record<string, unknown>>;

/**
 * Makes the Lambda handler that writes a pipeline's DynamoDB views.
 *
 * Call it once, outside the handler: clients are built here and reused by every invocation of the container.
 *
 * @throws `configuration` when a declaration or the environment is wrong, naming every mistake.
 */
export function createTablesHandler(exports: DeclarationExports): StreamHandler {
  const config = readConfig();
  const client = dynamoDbClient(config);
  return composeHandler(config, exports, client, { "table-view": tableSink(config, client) });
}

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
  const sinks = { "table-view": tableSink(config, client), "cache-view": cacheSink(config) };
  return composeHandler(config, exports, client, sinks);
}

function composeHandler(
  config: Config,
  exports: DeclarationExports,
  client: DynamoDBClient,
  sinks: Sinks,
): StreamHandler {
  const pipeline = createPipeline({
    declarations: collectDeclarations(exports),
    sinks,
    quarantine: createDynamoDbQuarantine({ client, tableName: config.stateTable }),
    clock: systemClock,
    declaredName: (table) => declaredName(config, table),
  });
  const logger = new Logger({ serviceName: "millrace" });
  const metrics = new Metrics({ namespace: "Millrace", serviceName: "millrace" });
  return createStreamHandler({ pipeline, logger, metrics });
}

function tableSink(config: Config, client: DynamoDBClient) {
  return createDynamoDbSink({ client, tableName: ({ table }) => physicalName(config, table) });
}

function cacheSink(config: Config) {
  return createRedisSink({ redis: redisClient(config) });
}

/** Real time and chance. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  random: () => Math.random(),
};

/**
 * A DynamoDB client for the pipeline: kept-alive connections, short timeouts, and one quick retry of the SDK's own,
 * because the pipeline retries with the invocation's remaining time in view.
 */
export function dynamoDbClient(config: Config): DynamoDBClient {
  return new DynamoDBClient({
    ...(config.dynamodbEndpoint && { endpoint: config.dynamodbEndpoint }),
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: 1_000,
      requestTimeout: 5_000,
      httpAgent: { keepAlive: true, maxSockets: 64 },
      httpsAgent: { keepAlive: true, maxSockets: 64 },
    },
  });
}

/** A DynamoDB Streams client, for the local event source mapping. */
export function dynamoDbStreamsClient(config: Config): DynamoDBStreamsClient {
  return new DynamoDBStreamsClient({
    ...(config.streamsEndpoint && { endpoint: config.streamsEndpoint }),
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 10_000 },
  });
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
