import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
} from "@aws-sdk/client-dynamodb";

import { decodeItem, type WireItem } from "../../change/attribute-value.js";
import { keyText } from "../../change/item-key.js";
import { parseVersion } from "../../change/version.js";
import { classifyDynamoDbError } from "../../dynamodb/classify-error.js";
import { decodeKey } from "../../dynamodb/decode-key.js";
import { scanTable } from "../../dynamodb/scan-table.js";
import { RESERVED_ATTRIBUTE, TTL_ATTRIBUTE } from "../../view/key.js";
import type { TableView } from "../../view/table-view.js";
import type { StoredRow } from "../sink.js";
import type { DynamoDbSinkOptions } from "./dynamodb-sink.js";
import { pick } from "./encode-row.js";
import { decodeBookkeeping } from "./stored-item.js";

/** What a table holds under a key: a row or tombstone, or what somebody else wrote, without version and owner. */
export type HeldTableRow = Omit<StoredRow, "version" | "owner"> &
  Partial<Pick<StoredRow, "version" | "owner">>;

/** Reads tables as they are, for whoever compares them with what they should be; never refuses what it finds. */
export function createTableHolder({
  client,
  tableName,
}: Pick<DynamoDbSinkOptions, "client" | "tableName">) {
  return {
    scan: (view: TableView) => scanHeld(client, tableName(view), view),
    /** What is under a key, strongly consistent; a tombstone has no value. */
    async get(view: TableView, key: string): Promise<HeldTableRow | undefined> {
      const TableName = tableName(view);
      try {
        const { Item } = await client.send(
          new GetItemCommand({ TableName, Key: decodeKey(view.key, key), ConsistentRead: true }),
        );
        return Item && heldRow(key, Item);
      } catch (thrown) {
        throw classifyDynamoDbError(thrown, TableName);
      }
    },
    /** Deletes what Millrace did not write, if it is still that. */
    async removeForeign(view: TableView, key: string): Promise<void> {
      const TableName = tableName(view);
      try {
        await client.send(
          new DeleteItemCommand({
            TableName,
            Key: decodeKey(view.key, key),
            ConditionExpression: "attribute_not_exists(#row)",
            ExpressionAttributeNames: { "#row": RESERVED_ATTRIBUTE },
          }),
        );
      } catch (thrown) {
        if (thrown instanceof ConditionalCheckFailedException) return;
        throw classifyDynamoDbError(thrown, TableName);
      }
    },
  };
}

async function* scanHeld(
  client: DynamoDBClient,
  TableName: string,
  view: TableView,
): AsyncGenerator<HeldTableRow> {
  const names = view.key.map(({ name }) => name);
  for await (const wire of scanTable(client, TableName)) {
    const row = heldRow(keyText(names, decodeItem(pick(wire, names))), wire);
    if (row.value) yield row;
  }
}

function heldRow(key: string, wire: WireItem): HeldTableRow {
  const kept = decodeBookkeeping(wire);
  const { [RESERVED_ATTRIBUTE]: _bookkeeping, [TTL_ATTRIBUTE]: _ttl, ...rest } = wire;
  const value = decodeItem(rest);
  if (!kept) return { key, value };
  const { owner, deleted } = kept;
  return { key, version: parseVersion(kept.version), owner, ...(!deleted && { value }) };
}
