import { type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";

import { classifyDynamoDbError } from "../dynamodb/classify-error.js";
import { backfillRunKey, encodeStateKey } from "../state/state-table.js";

/** How far the last backfill of a view is. */
export interface BackfillProgress {
  readonly state: "running" | "done";
  /** Items of the source that were looked at. */
  readonly items: number;
  /** About how many there are; absent where nobody knows. */
  readonly ofItems?: number;
  readonly startedAtMs: number;
  /** When it last told of itself, Unix milliseconds. */
  readonly updatedAtMs: number;
}

/** Reads how far the last backfill of a view is. */
export type BackfillReader = (view: string) => Promise<BackfillProgress | undefined>;

/**
 * Reads the item `backfill#<view>` / `run` of the state table: `state` (S, `running` or `done`), `items`, `ofItems`,
 * `startedAtMs` and `updatedAtMs` (N).
 */
export function createBackfillReader(client: DynamoDBClient, TableName: string): BackfillReader {
  return async (view) => {
    const Key = encodeStateKey(backfillRunKey(view));
    const { Item } = await client
      .send(new GetItemCommand({ TableName, Key, ConsistentRead: true }))
      .catch((thrown: unknown) => {
        throw classifyDynamoDbError(thrown, TableName);
      });
    if (!Item) return undefined;
    const number = (attribute: string) => Number(Item[attribute]?.N ?? 0);
    return {
      state: Item["state"]?.S === "done" ? "done" : "running",
      items: number("items"),
      ...(Item["ofItems"] && { ofItems: number("ofItems") }),
      startedAtMs: number("startedAtMs"),
      updatedAtMs: number("updatedAtMs"),
    };
  };
}
