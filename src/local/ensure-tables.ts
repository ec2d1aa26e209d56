import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
  ResourceNotFoundException,
  type TableDescription,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";

import { neededTables } from "../dynamodb/needed-tables.js";
import { createTableInput, type TableDefinition } from "../dynamodb/table-definition.js";
import { configurationError } from "../errors.js";
import { STATE_TABLE } from "../state/state-table.js";
import type { Declarations } from "../view/declarations.js";

/** A table that exists, with its stream where it has one. */
export interface EnsuredTable {
  readonly definition: TableDefinition;
  readonly created: boolean;
  readonly streamArn?: string;
}

/** What {@link ensureTables} takes. */
export interface EnsureTablesOptions {
  readonly client: DynamoDBClient;
  readonly declarations: Declarations;
  /** The name DynamoDB knows a declared table by. */
  readonly physicalName: (table: string) => string;
  readonly stateTable: string;
}

/**
 * Creates the tables that declarations need and that do not exist, and checks those that do.
 *
 * @throws `configuration`, listing every table with another key, without a stream, or with one of the wrong view type.
 */
export async function ensureTables(options: EnsureTablesOptions): Promise<readonly EnsuredTable[]> {
  const { client, declarations, physicalName, stateTable } = options;
  const needed = neededTables(declarations).map((definition) => ({
    definition,
    name: physicalName(definition.table),
  }));
  needed.push({ definition: { ...STATE_TABLE, table: stateTable }, name: stateTable });
  const mistakes: string[] = [];
  const ensured: EnsuredTable[] = [];
  for (const { definition, name } of needed) {
    const found = await describe(client, name);
    const table = found ?? (await create(client, definition, name));
    mistakes.push(...tableMistakes(definition, name, table));
    const streamArn = table.LatestStreamArn;
    ensured.push({
      definition,
      created: found === undefined,
      ...(streamArn !== undefined && { streamArn }),
    });
  }
  if (mistakes.length > 0) throw configurationError("tables", mistakes);
  return ensured;
}

async function describe(
  client: DynamoDBClient,
  TableName: string,
): Promise<TableDescription | undefined> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName }))).Table;
  } catch (thrown) {
    if (thrown instanceof ResourceNotFoundException) return undefined;
    throw thrown;
  }
}

async function create(
  client: DynamoDBClient,
  definition: TableDefinition,
  TableName: string,
): Promise<TableDescription> {
  try {
    await client.send(new CreateTableCommand(createTableInput(definition, TableName)));
  } catch (thrown) {
    // Somebody else created it at the same moment; the check that follows is the same.
    if (!(thrown instanceof ResourceInUseException)) throw thrown;
  }
  await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 2 }, { TableName });
  const AttributeName = definition.ttlAttribute;
  if (AttributeName !== undefined) {
    const TimeToLiveSpecification = { Enabled: true, AttributeName };
    await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
  }
  return (await describe(client, TableName)) ?? {};
}

function tableMistakes(
  { key, followed }: TableDefinition,
  name: string,
  table: TableDescription,
): string[] {
  const mistakes: string[] = [];
  const wanted = key.map((attribute) => `${attribute.name} (${attribute.type})`).join(", ");
  const found = (table.KeySchema ?? [])
    .map(({ AttributeName }) => {
      const type = table.AttributeDefinitions?.find(
        (attribute) => attribute.AttributeName === AttributeName,
      )?.AttributeType;
      return `${AttributeName} (${type})`;
    })
    .join(", ");
  if (wanted !== found)
    mistakes.push(
      `table "${name}" has the key ${found}, but ${wanted} is declared; change the declaration, or use another table`,
    );
  const stream = table.StreamSpecification;
  const remedy =
    "enable its stream with StreamViewType NEW_AND_OLD_IMAGES, then backfill the views that follow it";
  if (followed && stream?.StreamEnabled !== true)
    mistakes.push(`table "${name}" has no stream, but views follow it; ${remedy}`);
  else if (followed && stream?.StreamViewType !== "NEW_AND_OLD_IMAGES") {
    mistakes.push(
      `the stream of table "${name}" carries ${stream?.StreamViewType}; disable it, then ${remedy}`,
    );
  }
  return mistakes;
}
