import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";

import { type Config, declaredName, physicalName, readConfig } from "./config.js";
import { awaitCommits } from "./dynamodb/await-commits.js";
import { MAPPING_SETTINGS } from "./lambda/mapping-settings.js";
import { createStreamHandler, type StreamHandler } from "./lambda/stream-handler.js";
import { traceOnLambda } from "./lambda/trace-sinks.js";
import type { Clock } from "./pipeline/clock.js";
import type { Sinks } from "./pipeline/pipeline.js";
import { createPipeline } from "./pipeline/process-batch.js";
import { createProgressRecorder, type ProgressRecorder } from "./pipeline/record-progress.js";
import { createAggregateSink } from "./sink/aggregate/aggregate-sink.js";
import { createDynamoDbStore } from "./sink/aggregate/dynamodb-store.js";
import { createDynamoDbSink } from "./sink/dynamodb/dynamodb-sink.js";
import { createDynamoDbProgress } from "./state/dynamodb-progress.js";
import { createDynamoDbQuarantine } from "./state/dynamodb-quarantine.js";
import { createDynamoDbViewRecords } from "./state/dynamodb-view-records.js";
import type { FunctionKind } from "./state/progress.js";
import { COMMIT_KEY, encodeStateKey } from "./state/state-table.js";
import type { WholenessNotes } from "./upkeep/note-whole.js";
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
  return composeHandler(config, exports, client, tableSinks(config, client));
}

/** Makes the handler of a pipeline that writes through these sinks. */
export function composeHandler(
  config: Config,
  exports: DeclarationExports,
  client: DynamoDBClient,
  sinks: Sinks,
): StreamHandler {
  const pipeline = createPipeline({
    declarations: collectDeclarations(exports),
    sinks: traceOnLambda(sinks, process.env),
    quarantine: createDynamoDbQuarantine({ client, tableName: config.stateTable }),
    clock: systemClock,
    declaredName: (table) => declaredName(config, table),
    progress: progressRecorder(config, client, sinks),
  });
  return createStreamHandler({ pipeline, ...loggerAndMetrics() });
}

/** What a handler writes its log and its metrics with. */
export function loggerAndMetrics(): { readonly logger: Logger; readonly metrics: Metrics } {
  // A deployment names itself, so that the metrics of several in one account stay apart.
  const serviceName = process.env["POWERTOOLS_SERVICE_NAME"] || "millrace";
  const logger = new Logger({ serviceName });
  return { logger, metrics: new Metrics({ namespace: "Millrace", serviceName }) };
}

function progressRecorder(config: Config, client: DynamoDBClient, sinks: Sinks): ProgressRecorder {
  const isLambda = process.env["AWS_EXECUTION_ENV"]?.startsWith("AWS_Lambda") ?? false;
  return createProgressRecorder({
    store: createDynamoDbProgress({ client, tableName: config.stateTable }),
    function: functionKindOf(sinks),
    clock: systemClock,
    later: (ms, act) => void setTimeout(act, ms).unref(),
    ...(isLambda && { fullBatch: MAPPING_SETTINGS.batchSize }),
  });
}

function functionKindOf(sinks: Sinks): FunctionKind {
  if (sinks["cache-view"] === undefined) return "tables";
  return Object.keys(sinks).length === 1 ? "cache" : "combined";
}

/** Where operations note that views are whole. */
export function wholenessNotes(config: Config, client: DynamoDBClient): WholenessNotes {
  return {
    progress: createDynamoDbProgress({ client, tableName: config.stateTable }),
    records: createDynamoDbViewRecords(client, config.stateTable),
  };
}

/** The sinks of all views kept in DynamoDB tables. */
export function tableSinks(config: Config, client: DynamoDBClient) {
  return {
    "table-view": tableSink(config, client),
    "aggregate-view": aggregateSink(config, client),
  } satisfies Sinks;
}

/** The sink of aggregate views. */
export function aggregateSink(config: Config, client: DynamoDBClient) {
  const store = createDynamoDbStore({ client, tableName: (table) => physicalName(config, table) });
  return createAggregateSink({ store });
}

/** The sink of table views. */
export function tableSink(config: Config, client: DynamoDBClient) {
  return createDynamoDbSink({ client, tableName: ({ table }) => physicalName(config, table) });
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
  const client = new DynamoDBClient({
    ...(config.dynamodbEndpoint && { endpoint: config.dynamodbEndpoint }),
    maxAttempts: 2,
    // The stack of middleware is put together once a kind of command, not once a call.
    cacheMiddleware: true,
    requestHandler: {
      connectionTimeout: 1_000,
      requestTimeout: 5_000,
      httpAgent: { keepAlive: true, maxSockets: 64 },
      httpsAgent: { keepAlive: true, maxSockets: 64 },
    },
  });
  if (config.dynamodbEndpoint)
    awaitCommits(client, { table: config.stateTable, item: encodeStateKey(COMMIT_KEY) });
  return client;
}

/** A DynamoDB Streams client, for the local event source mapping. */
export function dynamoDbStreamsClient(config: Config): DynamoDBStreamsClient {
  return new DynamoDBStreamsClient({
    ...(config.streamsEndpoint && { endpoint: config.streamsEndpoint }),
    maxAttempts: 2,
    cacheMiddleware: true,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 10_000 },
  });
}
