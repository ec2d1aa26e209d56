import { gunzipSync, gzipSync } from "node:zlib";

import {
  type AttributeValue,
  type DynamoDBClient,
  paginateQuery,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";

import { classifyDynamoDbError } from "../dynamodb/classify-error.js";
import { MillraceError } from "../errors.js";
import type { BackfillRun, BackfillState, RowInWork, SegmentState } from "./backfill-state.js";
import {
  backfillPartition,
  backfillRunKey,
  backfillWorkKey,
  STATE_TTL_ATTRIBUTE,
  type StateKey,
} from "./state-table.js";

/** What {@link createDynamoDbBackfillState} takes. */
export interface DynamoDbBackfillStateOptions {
  readonly client: DynamoDBClient;
  /** Name of the state table. */
  readonly tableName: string;
}

/** Most compressed bytes of keys; leaves room for the rest of an item below DynamoDB's 400 KB. */
const MOST_BODY_BYTES = 380_000;

/** How long a state without rows in work is kept: nobody needs it to be right, only to see how far a run came. */
const KEPT_SECONDS = 30 * 24 * 60 * 60;

/**
 * The state of backfills in the pipeline's state table: one partition a source.
 *
 * Keys of rows in work are gzipped, since every page writes them: they repeat each other, and each kilobyte is a write
 * unit. What has rows in work never expires.
 */
export function createDynamoDbBackfillState({
  client,
  tableName: TableName,
}: DynamoDbBackfillStateOptions): BackfillState {
  async function put(key: StateKey, item: Record<string, AttributeValue>): Promise<void> {
    const Item = { pk: { S: key.pk }, sk: { S: key.sk }, ...item };
    try {
      await client.send(new PutItemCommand({ TableName, Item }));
    } catch (thrown) {
      throw classifyDynamoDbError(thrown, TableName);
    }
  }

  async function query(source: string, prefix: string): Promise<Record<string, AttributeValue>[]> {
    const found: Record<string, AttributeValue>[] = [];
    const input = {
      TableName,
      ConsistentRead: true,
      KeyConditionExpression: "#pk = :pk AND begins_with(#sk, :prefix)",
      ExpressionAttributeNames: { "#pk": "pk", "#sk": "sk" },
      ExpressionAttributeValues: {
        ":pk": { S: backfillPartition(source) },
        ":prefix": { S: prefix },
      },
    };
    try {
      for await (const { Items } of paginateQuery({ client }, input)) found.push(...(Items ?? []));
    } catch (thrown) {
      throw classifyDynamoDbError(thrown, TableName);
    }
    return found;
  }

  return {
    async runs(source) {
      const found = await query(source, backfillRunKey(source, "").sk);
      return found.map(({ run }) => JSON.parse(run?.S ?? "{}") as BackfillRun);
    },
    saveRun: (run) => put(backfillRunKey(run.source, run.id), { run: { S: JSON.stringify(run) } }),
    async segments(source, run) {
      const found = await query(source, backfillWorkKey(source, { run: run ?? "" }).sk);
      return found.map(decodeState);
    },
    async saveSegment(source, { rows, ...state }) {
      const body = encodeRows(rows);
      if (body.length > MOST_BODY_BYTES) throw tooManyKeys(rows);
      const expiresAt = Math.floor(state.savedAtMs / 1000) + KEPT_SECONDS;
      await put(backfillWorkKey(source, state), {
        state: { S: JSON.stringify(state) },
        ...(rows.length > 0
          ? { rows: { B: body } }
          : { [STATE_TTL_ATTRIBUTE]: { N: String(expiresAt) } }),
      });
    },
  };
}

/** Rows by view and item, so that neither is told with each row. */
function encodeRows(rows: readonly RowInWork[]): Uint8Array {
  const views: Record<string, Record<string, string[]>> = {};
  for (const { view, owner, key } of rows) ((views[view] ??= {})[owner] ??= []).push(key);
  return gzipSync(JSON.stringify(views), { level: 1 });
}

function decodeState({ state, rows }: Record<string, AttributeValue>): SegmentState {
  const views = (rows?.B ? JSON.parse(gunzipSync(rows.B).toString("utf8")) : {}) as Record<
    string,
    Record<string, string[]>
  >;
  const notes = Object.entries(views).flatMap(([view, owners]) =>
    Object.entries(owners).flatMap(([owner, keys]) => keys.map((key) => ({ view, owner, key }))),
  );
  return { ...(JSON.parse(state?.S ?? "{}") as Omit<SegmentState, "rows">), rows: notes };
}

function tooManyKeys(rows: readonly RowInWork[]): MillraceError {
  const owners = new Set(rows.map(({ owner }) => owner));
  const told = owners.size === 1 ? `item ${rows[0]?.owner ?? ""}` : `${owners.size} items`;
  return new MillraceError(
    "refused",
    `the keys of ${rows.length} rows of ${told} do not fit into one item of the state table; fewer items at once do`,
  );
}
