import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceNotFoundException,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import type { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
import { tsImport } from "tsx/esm/api";

import { MillraceError } from "../../errors.js";
import type { CheckpointStore } from "../../local/event-source-mapping/checkpoint-store.js";
import {
  createEventSourceMapping,
  type EventSourceMapping,
} from "../../local/event-source-mapping/create-event-source-mapping.js";
import { createFileDestination } from "../../local/event-source-mapping/failure-destination.js";
import type { LambdaHandler } from "../../local/event-source-mapping/invoke.js";
import { settingsOf } from "../../local/event-source-mapping/mapping-request.js";
import { resourceName, type Resources } from "./resolve-intrinsic.js";
import type { StreamFunction } from "./stream-functions.js";

/** What running functions needs. */
export interface FunctionsWorld {
  /** Folder of the serverless.yml. */
  readonly directory: string;
  /** Folder for what failure destinations are told. */
  readonly failures: string;
  readonly client: DynamoDBClient;
  readonly streams: DynamoDBStreamsClient;
  readonly checkpoints: CheckpointStore;
}

/** Creates the tables among a template's resources that do not exist, and gives their names. */
export async function createTables(
  client: DynamoDBClient,
  resources: Resources,
): Promise<readonly string[]> {
  const created: string[] = [];
  for (const [id, { Type, Properties = {} }] of Object.entries(resources)) {
    if (Type !== "AWS::DynamoDB::Table") continue;
    const TableName = resourceName(id, resources) ?? id;
    if (await streamOf(client, TableName)) continue;
    await client.send(new CreateTableCommand(tableInput(TableName, Properties)));
    await waitUntilTableExists(
      { client, maxWaitTime: 60, minDelay: 1, maxDelay: 2 },
      { TableName },
    );
    created.push(TableName);
  }
  return created;
}

/** What makes a table behave as deployed; capacity, encryption and backups mean nothing on a laptop. */
function tableInput(
  TableName: string,
  properties: Readonly<Record<string, unknown>>,
): CreateTableCommandInput {
  const { AttributeDefinitions, KeySchema, LocalSecondaryIndexes } = properties;
  const indexes = properties["GlobalSecondaryIndexes"] as readonly object[] | undefined;
  const stream = properties["StreamSpecification"] as { StreamViewType?: string } | undefined;
  return {
    ...({ AttributeDefinitions, KeySchema } as CreateTableCommandInput),
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    ...(indexes && {
      GlobalSecondaryIndexes: indexes.map((index) => ({
        ...(index as NonNullable<CreateTableCommandInput["GlobalSecondaryIndexes"]>[number]),
        ProvisionedThroughput: undefined,
      })),
    }),
    ...(LocalSecondaryIndexes !== undefined && ({ LocalSecondaryIndexes } as object)),
    ...(stream && {
      StreamSpecification: {
        StreamEnabled: true,
        StreamViewType: (stream.StreamViewType ?? "NEW_AND_OLD_IMAGES") as "KEYS_ONLY",
      },
    }),
  };
}

/** Loads the handlers and maps every stream, as deployed. */
export async function runFunctions(
  functions: readonly StreamFunction[],
  world: FunctionsWorld,
): Promise<readonly EventSourceMapping[]> {
  const mappings: EventSourceMapping[] = [];
  for (const each of functions) {
    Object.assign(process.env, each.environment);
    const handler = await loadHandler(world.directory, each.handler);
    for (const { table, request, onFailureArn } of each.mappings) {
      const found = await streamOf(world.client, table);
      if (found?.streamArn === undefined) throw noStream(table, each.name);
      const mapping = await createEventSourceMapping({
        ...settingsOf(request),
        streamArn: found.streamArn,
        streams: world.streams,
        handler,
        functionName: each.name,
        timeoutSeconds: each.timeoutSeconds,
        memoryLimitInMB: each.memoryLimitInMB,
        enabled: request.Enabled ?? true,
        checkpoints: world.checkpoints,
        ...(onFailureArn !== undefined && {
          onFailure: createFileDestination(onFailureArn, world.failures),
        }),
      });
      mappings.push(mapping);
    }
  }
  return mappings;
}

async function streamOf(
  client: DynamoDBClient,
  TableName: string,
): Promise<{ readonly streamArn: string | undefined } | undefined> {
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    return { streamArn: Table?.LatestStreamArn };
  } catch (thrown) {
    if (thrown instanceof ResourceNotFoundException) return undefined;
    throw thrown;
  }
}

function noStream(table: string, functionName: string): MillraceError {
  return new MillraceError(
    "configuration",
    `table "${table}", which ${functionName} follows, does not exist or has no stream; define it under resources with a StreamSpecification, or create it`,
  );
}

const EXTENSIONS = ["ts", "mts", "cts", "js", "mjs", "cjs"];

/** The handler that `path/of/file.export` names. */
async function loadHandler(directory: string, named: string): Promise<LambdaHandler> {
  const dot = named.lastIndexOf(".");
  const [path, name] = [named.slice(0, dot), named.slice(dot + 1)];
  const file = EXTENSIONS.map((extension) => resolve(directory, `${path}.${extension}`)).find(
    existsSync,
  );
  if (file === undefined)
    throw new MillraceError(
      "configuration",
      `handler "${named}": there is no ${join(directory, path)} with the ending ${EXTENSIONS.join(", ")}`,
    );
  const module = (await tsImport(pathToFileURL(file).href, import.meta.url)) as Record<
    string,
    unknown
  >;
  const handler =
    module[name] ?? (module["default"] as Record<string, unknown> | undefined)?.[name];
  if (typeof handler === "function") return handler as LambdaHandler;
  throw new MillraceError("configuration", `${file} exports no function named "${name}"`);
}
