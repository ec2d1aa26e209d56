import {
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceNotFoundException,
  type TableDescription,
} from "@aws-sdk/client-dynamodb";

import { classifyDynamoDbError } from "../dynamodb/classify-error.js";
import { configurationError, unreachable } from "../errors.js";
import type { View, ViewSource } from "../view/view.js";

/** What a backfill has to know of a source before it begins, and again at its end. */
export interface SourceInspection {
  /** The label of its stream. */
  readonly label: string;
  /** Items in it, about: DynamoDB counts every six hours. */
  readonly itemsAbout: number;
}

/** What {@link inspectTables} tells. */
export interface InspectedSource extends SourceInspection {
  /** The name DynamoDB knows it by. */
  readonly table: string;
  /** What its event source mappings name it by. */
  readonly streamArn: string;
}

/** What {@link inspectTables} takes. */
export interface InspectOptions {
  readonly client: DynamoDBClient;
  /** The name DynamoDB knows a declared table by. */
  readonly tableName: (table: string) => string;
  readonly stateTable: string;
}

/**
 * Checks that a backfill can come true: the source's stream is on with both images, and every table written is there.
 *
 * @throws `configuration`, listing everything that is missing, each with its remedy.
 */
export async function inspectTables(
  { client, tableName, stateTable }: InspectOptions,
  source: ViewSource,
  views: readonly View[],
): Promise<InspectedSource> {
  const mistakes: string[] = [];
  const name = tableName(source.table);
  const table = await describe(client, name);
  const stream = table?.StreamSpecification;
  if (!table)
    mistakes.push(missing(name, `the source of ${views.map((view) => view.name).join(", ")}`));
  else if (!stream?.StreamEnabled || table.LatestStreamLabel === undefined)
    mistakes.push(
      `table "${name}" has no stream, so that changes made meanwhile would be lost; enable one with NEW_AND_OLD_IMAGES`,
    );
  else if (stream.StreamViewType !== "NEW_AND_OLD_IMAGES")
    mistakes.push(
      `the stream of table "${name}" carries ${stream.StreamViewType ?? "nothing"}; disable it and enable it again with NEW_AND_OLD_IMAGES`,
    );
  const written = [
    ...views.flatMap((view) => tablesOf(view).map((each) => [view.name, tableName(each)])),
  ];
  for (const [view = "", each = ""] of written)
    if (!(await describe(client, each)))
      mistakes.push(missing(each, `which view "${view}" writes`));
  if (!(await describe(client, stateTable)))
    mistakes.push(missing(stateTable, "where the position is kept"));
  if (mistakes.length > 0) throw configurationError("backfill", mistakes);
  return {
    label: table?.LatestStreamLabel ?? "",
    table: name,
    streamArn: table?.LatestStreamArn ?? "",
    itemsAbout: table?.ItemCount ?? 0,
  };
}

/** When the tables that views write were created, Unix milliseconds, by the name DynamoDB knows them by. */
export async function creationTimes(
  { client, tableName }: Pick<InspectOptions, "client" | "tableName">,
  views: readonly View[],
): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number>();
  for (const name of views.flatMap(tablesOf).map(tableName)) {
    const createdAt = (await describe(client, name))?.CreationDateTime;
    if (createdAt) times.set(name, createdAt.getTime());
  }
  return times;
}

function missing(table: string, what: string): string {
  return `table "${table}" does not exist, ${what}; deploy, or start millrace dev, or set MILLRACE_TABLE_PREFIX to the prefix it has`;
}

function tablesOf(view: View): readonly string[] {
  switch (view.kind) {
    case "table-view":
      return [view.table];
    case "aggregate-view":
      return [view.table, view.workingsTable];
    case "cache-view":
      return [];
    default:
      return unreachable(view);
  }
}

async function describe(
  client: DynamoDBClient,
  TableName: string,
): Promise<TableDescription | undefined> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName }))).Table;
  } catch (thrown) {
    if (thrown instanceof ResourceNotFoundException) return undefined;
    throw classifyDynamoDbError(thrown, TableName);
  }
}
