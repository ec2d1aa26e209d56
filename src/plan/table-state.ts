import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ResourceNotFoundException,
  ScanCommand,
  type TableDescription,
} from "@aws-sdk/client-dynamodb";

import { classifyDynamoDbError } from "../dynamodb/classify-error.js";
import type { TableDefinition } from "../dynamodb/table-definition.js";

/** A table that exists, as far as a plan looks at it. */
export interface FoundTable {
  /** Attributes and their types, `id (S)`. */
  readonly key: string;
  /** What the stream carries; absent where there is none. */
  readonly streamViewType?: string;
  /** What time to live watches; absent where nothing is watched. */
  readonly ttlAttribute?: string;
  readonly isEmpty: boolean;
}

/** A table that declarations need, and what there is of it. */
export interface TableState {
  readonly definition: TableDefinition;
  /** The name DynamoDB knows it by. */
  readonly name: string;
  readonly found?: FoundTable;
}

/** Looks what there is of a table that is needed. */
export async function inspectTable(
  client: DynamoDBClient,
  definition: TableDefinition,
  name: string,
): Promise<TableState> {
  try {
    const { Table = {} } = await client.send(new DescribeTableCommand({ TableName: name }));
    const [{ TimeToLiveDescription: ttl }, { Count }] = await Promise.all([
      client.send(new DescribeTimeToLiveCommand({ TableName: name })),
      client.send(new ScanCommand({ TableName: name, Limit: 1, Select: "COUNT" })),
    ]);
    const isOn = ttl?.TimeToLiveStatus === "ENABLED" || ttl?.TimeToLiveStatus === "ENABLING";
    const stream = Table.StreamSpecification;
    const found: FoundTable = {
      key: keyOf(Table),
      ...(stream?.StreamEnabled && { streamViewType: stream.StreamViewType ?? "" }),
      ...(isOn && { ttlAttribute: ttl?.AttributeName ?? "" }),
      isEmpty: Count === 0,
    };
    return { definition, name, found };
  } catch (thrown) {
    if (thrown instanceof ResourceNotFoundException) return { definition, name };
    throw classifyDynamoDbError(thrown, name);
  }
}

function keyOf({ KeySchema = [], AttributeDefinitions = [] }: TableDescription): string {
  const typeOf = (name: string | undefined) =>
    AttributeDefinitions.find(({ AttributeName }) => AttributeName === name)?.AttributeType;
  return KeySchema.map(({ AttributeName: name }) => `${name} (${typeOf(name)})`).join(", ");
}
