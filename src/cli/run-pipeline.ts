import { EventEmitter } from "node:events";

import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

import { dynamoDbClient, dynamoDbStreamsClient, systemClock } from "../compose.js";
import { type Config, physicalName } from "../config.js";
import { FUNCTION_TIMEOUT_SECONDS, MAPPING_SETTINGS } from "../lambda/mapping-settings.js";
import { type EnsuredTable, ensureTables } from "../local/ensure-tables.js";
import type { CheckpointStore } from "../local/event-source-mapping/checkpoint-store.js";
import {
  createEventSourceMapping,
  type EventSourceMapping,
} from "../local/event-source-mapping/create-event-source-mapping.js";
import type { InvokedEvent } from "../local/event-source-mapping/mapping-events.js";
import { DEFAULT_RETRY } from "../pipeline/apply-with-retry.js";
import { deadlineIn } from "../pipeline/clock.js";
import { insist } from "../pipeline/park.js";
import { createDynamoDbViewRecords } from "../state/dynamodb-view-records.js";
import { writeDefinition } from "../state/view-records.js";
import { isStored } from "../view/declarations.js";
import type { View } from "../view/view.js";
import type { Project } from "./load-project.js";

/** How long a start insists on writing down what is declared, where trouble does not pass. */
const START_MS = 30_000;

/** What a running pipeline tells of itself. */
export interface RunEvents {
  invoked: [{ readonly label: string; readonly event: InvokedEvent }];
  problem: [string];
}

/** A project's handlers, called as its tables are written. */
export interface RunningPipeline {
  readonly events: EventEmitter<RunEvents>;
  readonly mappings: readonly EventSourceMapping[];
  /** Tables that were created because they did not exist. */
  readonly createdTables: readonly string[];
  /** The time up to which all changes of all sources are in the views; `undefined` while some are under way. */
  caughtUpAtMs(): number | undefined;
  stop(): Promise<void>;
}

/**
 * Creates what tables are missing and maps every followed stream to the project's handlers.
 *
 * @throws `configuration` when a table that exists does not fit its declaration.
 */
export async function runPipeline(
  project: Project,
  config: Config,
  checkpoints: CheckpointStore,
): Promise<RunningPipeline> {
  const { declarations, handlers } = project;
  const client = dynamoDbClient(config);
  const streams = dynamoDbStreamsClient(config);
  const tables = await ensureTables({
    client,
    declarations,
    physicalName: (table) => physicalName(config, table),
    stateTable: config.stateTable,
  });
  await recordDefinitions(client, config, declarations.views, tables);
  const events = new EventEmitter<RunEvents>();
  const mappings: EventSourceMapping[] = [];
  for (const { definition, streamArn } of tables) {
    if (!definition.followed || streamArn === undefined) continue;
    for (const [name, handler] of Object.entries(handlers)) {
      const mapping = await createEventSourceMapping({
        ...MAPPING_SETTINGS,
        // A laptop is asleep for days and has nobody to fetch what was given up: it never gives up.
        maximumRetryAttempts: -1,
        maximumRecordAgeInSeconds: -1,
        streamArn,
        streams,
        handler: handler,
        functionName: name,
        timeoutSeconds: FUNCTION_TIMEOUT_SECONDS,
        checkpoints,
      });
      const label = `${definition.table} > ${name}`;
      mapping.events.on("invoked", (event) => events.emit("invoked", { label, event }));
      mapping.events.on("warning", ({ message }) => events.emit("problem", `${label}: ${message}`));
      mappings.push(mapping);
    }
  }
  return {
    events,
    mappings,
    createdTables: tables
      .filter(({ created }) => created)
      .map(({ definition }) => definition.table),
    caughtUpAtMs: () => earliest(mappings.map((mapping) => mapping.caughtUpAtMs())),
    async stop() {
      await Promise.all(mappings.map((mapping) => mapping.stop()));
      client.destroy();
      streams.destroy();
    },
  };
}

/** What tables made here will hold is of these declarations; of what was there before, that is known only once. */
async function recordDefinitions(
  client: DynamoDBClient,
  { stateTable }: Config,
  views: readonly View[],
  tables: readonly EnsuredTable[],
): Promise<void> {
  const records = createDynamoDbViewRecords(client, stateTable);
  const created = tables.filter((table) => table.created).map(({ definition }) => definition.table);
  const deadline = deadlineIn(systemClock, START_MS);
  const patience = { clock: systemClock, deadline, retry: DEFAULT_RETRY };
  await Promise.all(
    views.map((view) => {
      const isNew = isStored(view) && created.includes(view.table);
      const how = { by: "dev", atMs: systemClock.nowMs(), once: !isNew } as const;
      return insist(patience, () => writeDefinition(records, view, how));
    }),
  );
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length < times.length ? undefined : Math.min(...known);
}
