import { Logger } from "@aws-lambda-powertools/logger";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

import type { BackfillParts } from "./backfill/backfill-parts.js";
import { checkExport } from "./backfill/from-export/export-coverage.js";
import { type ExportFiles, folderFiles } from "./backfill/from-export/export-files.js";
import { readManifest } from "./backfill/from-export/export-manifest.js";
import type { SourceExport } from "./backfill/from-export/export-pages.js";
import { creationTimes, type InspectedSource, inspectTables } from "./backfill/inspect-tables.js";
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
import { createDynamoDbProgress } from "./state/dynamodb-progress.js";
import { createDynamoDbQuarantine } from "./state/dynamodb-quarantine.js";
import { noteWhole } from "./upkeep/note-whole.js";
import { createSourceItems, type SourceItems } from "./upkeep/source-items.js";
import { collectDeclarations, isNotification } from "./view/declarations.js";
import type { View, ViewSource } from "./view/view.js";

/** What a backfill works with, in the environment of the pipeline. */
export interface ComposedBackfill {
  readonly parts: BackfillParts;
  readonly items: SourceItems;
  readonly inspect: (source: ViewSource, views: readonly View[]) => Promise<InspectedSource>;
  /**
   * Opens an export of a source, in a folder or at `s3://bucket/prefix`.
   *
   * Rejects with `configuration` where it is not one that these views can be backfilled from.
   */
  openExport(location: string, source: ViewSource, views: readonly View[]): Promise<SourceExport>;
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
  const opened: BucketExport[] = [];
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
    async openExport(location, source, own) {
      const bucket = location.startsWith("s3://") ? await openBucket(location) : undefined;
      if (bucket) opened.push(bucket);
      const files = bucket?.files ?? folderFiles(location);
      const manifest = await readManifest(files);
      const { label } = await inspectTables(inspected, source, own);
      const progress = createDynamoDbProgress({ client, tableName: config.stateTable });
      const table = { declared: source.table, actual: tableName(source.table) };
      checkExport(manifest, table, own, {
        label,
        tables: await creationTimes(inspected, own),
        progress: await progress.read(source.table),
      });
      return { files, manifest };
    },
    noteDone: (done, startedAtMs) => noteWhole(wholenessNotes(config, client), done, startedAtMs),
    close: async () => {
      for (const bucket of opened) await bucket.close();
      await cache?.close();
      client.destroy();
    },
  };
}

interface BucketExport {
  readonly files: ExportFiles;
  close(): Promise<void>;
}

/** The client is loaded where an export in S3 is asked for. */
async function openBucket(location: string): Promise<BucketExport> {
  const [{ S3Client }, { bucketFiles }] = await Promise.all([
    import("@aws-sdk/client-s3"),
    import("./backfill/from-export/bucket-files.js"),
  ]);
  const client = new S3Client({ maxAttempts: 5 });
  const files = bucketFiles(location, client);
  return {
    files,
    async close() {
      await files.close();
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
