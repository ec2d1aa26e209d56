import { Logger } from "@aws-lambda-powertools/logger";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

import type { BackfillParts } from "./backfill/backfill-parts.js";
import { inspectTables, type SourceInspection } from "./backfill/inspect-tables.js";
import { createPace, type PaceLimits } from "./backfill/pace.js";
import { createSegmentHandler, type SegmentHandler } from "./backfill/segment-handler.js";
import type { SegmentMessage, SegmentQueue } from "./backfill/segment-message.js";
import {
  type DeclarationExports,
  dynamoDbClient,
  systemClock,
  tableSinks,
  wholenessNotes,
} from "./compose.js";
import { redisClient } from "./compose-cache.js";
import { type Config, physicalName, readConfig } from "./config.js";
import { MillraceError } from "./errors.js";
import { createRedisSink } from "./sink/redis/redis-sink.js";
import { createDynamoDbBackfillState } from "./state/dynamodb-backfill-state.js";
import { createDynamoDbQuarantine } from "./state/dynamodb-quarantine.js";
import { noteWhole } from "./upkeep/note-whole.js";
import { createSourceItems, type SourceItems } from "./upkeep/source-items.js";
import { collectDeclarations, isNotification } from "./view/declarations.js";
import type { View, ViewSource } from "./view/view.js";

/** What a backfill works with, in the environment of the pipeline. */
export interface ComposedBackfill {
  readonly parts: BackfillParts;
  readonly items: SourceItems;
  readonly inspect: (source: ViewSource, views: readonly View[]) => Promise<SourceInspection>;
  /** Notes that a backfill of all items of these views is done. */
  noteDone(views: readonly View[], startedAtMs: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Makes what a backfill works with.
 *
 * @param views those that it writes; none where it leaves writing to the functions of a queue.
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
    noteDone: (done, startedAtMs) => noteWhole(wholenessNotes(config, client), done, startedAtMs),
    close: async () => {
      await cache?.close();
      client.destroy();
    },
  };
}

/**
 * Makes the Lambda handler of a queue of segments, which works on backfills that `millrace backfill --queue` began.
 *
 * The queue's mapping reports batch item failures; its address is in `MILLRACE_BACKFILL_QUEUE`.
 *
 * @throws `configuration` when a declaration or the environment is wrong.
 */
export function createBackfillHandler(exports: DeclarationExports): SegmentHandler {
  const config = readConfig();
  if (config.backfillQueue === undefined)
    throw new MillraceError(
      "configuration",
      "MILLRACE_BACKFILL_QUEUE is not set; set it to the address of the queue that this function is called for",
    );
  const declarations = collectDeclarations(exports);
  const composed = composeBackfill(
    config,
    declarations.views.filter((view) => !isNotification(view)),
  );
  const log = new Logger();
  return createSegmentHandler({
    ...composed,
    declarations,
    queue: createSqsQueue(config.backfillQueue),
    log: {
      info: (message, details) => log.info(message, { ...details }),
      error: (message, details) => log.error(message, { ...details }),
    },
  });
}

/** Messages of one call. Source: API reference, SendMessageBatch. */
const MOST_MESSAGES = 10;

/** A queue in SQS; the client is loaded when something is sent. */
export function createSqsQueue(QueueUrl: string): SegmentQueue {
  return {
    async send(messages) {
      const { SendMessageBatchCommand, SQSClient } = await import("@aws-sdk/client-sqs");
      const client = new SQSClient({});
      try {
        for (let from = 0; from < messages.length; from += MOST_MESSAGES) {
          const some = messages.slice(from, from + MOST_MESSAGES);
          const { Failed = [] } = await client.send(
            new SendMessageBatchCommand({ QueueUrl, Entries: some.map(entryOf) }),
          );
          const [failure] = Failed;
          if (failure)
            throw new MillraceError(
              "unavailable",
              `queue ${QueueUrl} did not take segment ${failure.Id}: ${failure.Message ?? failure.Code}`,
            );
        }
      } finally {
        client.destroy();
      }
    },
  };
}

function entryOf(message: SegmentMessage) {
  return { Id: String(message.segment), MessageBody: JSON.stringify(message) };
}
