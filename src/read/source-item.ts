import {
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
} from "@aws-sdk/client-dynamodb";

import type { Item } from "../change/attribute-value.js";
import { decodeImage } from "../change/decode-record.js";
import { encodeItem } from "../change/encode-item.js";
import { readVersion, type Version } from "../change/version.js";
import { MillraceError } from "../errors.js";
import type { ViewSource } from "../view/view.js";

/** An item of a source as it is now, and the version of having read it: anything from the stream beats it. */
export interface LoadedItem {
  readonly item?: Item;
  readonly version: Version;
}

/** Reads an item of a source, strongly consistent. */
export type ItemLoader = (source: ViewSource, key: Item) => Promise<LoadedItem>;

/** Makes a loader that reads a source's items from its table in DynamoDB. */
export function createItemLoader(
  client: DynamoDBClient,
  tableName: (table: string) => string,
): ItemLoader {
  const versions = new Map<string, Promise<Version>>();

  /** The version a read has, by the label of the table's stream: looked up once for each table. */
  function versionOf(table: string): Promise<Version> {
    const known = versions.get(table);
    if (known) return known;
    const asked = describe(client, table);
    versions.set(table, asked);
    // A failure is not remembered.
    asked.catch(() => versions.delete(table));
    return asked;
  }

  return async ({ table }, key) => {
    const TableName = tableName(table);
    const [version, { Item: wire }] = await Promise.all([
      versionOf(TableName),
      client.send(new GetItemCommand({ TableName, Key: encodeItem(key), ConsistentRead: true })),
    ]);
    const item = wire && decodeImage(wire);
    return { ...(item && { item }), version };
  };
}

async function describe(client: DynamoDBClient, TableName: string): Promise<Version> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  const label = Table?.LatestStreamLabel;
  if (label !== undefined) return readVersion(label);
  throw new MillraceError(
    "configuration",
    `table "${TableName}" has no stream; enable one with NEW_AND_OLD_IMAGES`,
  );
}
