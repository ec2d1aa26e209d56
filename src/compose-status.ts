import { dynamoDbClient, dynamoDbStreamsClient, systemClock } from "./compose.js";
import { type Config, physicalName } from "./config.js";
import { createDynamoDbBackfillState } from "./state/dynamodb-backfill-state.js";
import { createDynamoDbProgress } from "./state/dynamodb-progress.js";
import { createQuarantineCounts } from "./state/quarantine-counts.js";
import { assess, type StatusReport } from "./status/assess.js";
import { observe } from "./status/observe.js";
import { createBackfillReader } from "./status/read-backfill.js";
import type { View } from "./view/view.js";

/** Tells how views are doing, as often as it is asked. */
export interface StatusReader {
  read(views: readonly View[]): Promise<StatusReport>;
  close(): void;
}

/** Makes a reader of the status in the environment of the pipeline. */
export function createStatusReader(config: Config): StatusReader {
  const client = dynamoDbClient(config);
  const streams = dynamoDbStreamsClient(config);
  const observer = {
    client,
    streams,
    progress: createDynamoDbProgress({ client, tableName: config.stateTable }),
    quarantine: createQuarantineCounts(client, config.stateTable),
    backfillsOf: createBackfillReader(
      createDynamoDbBackfillState({ client, tableName: config.stateTable }),
    ),
    physicalName: (table: string) => physicalName(config, table),
    nowMs: () => systemClock.nowMs(),
  };
  return {
    read: async (views) => assess(await observe(observer, views), systemClock.nowMs()),
    close() {
      client.destroy();
      streams.destroy();
    },
  };
}
