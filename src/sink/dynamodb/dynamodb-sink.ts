import {
  type AttributeValue as SdkValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DeleteItemCommandInput,
  type DynamoDBClient,
  GetItemCommand,
  paginateScan,
  PutItemCommand,
  type PutItemCommandInput,
} from "@aws-sdk/client-dynamodb";

import { decodeItem, type WireItem } from "../../change/attribute-value.js";
import {
  type EncodedItem,
  encodeItem,
  itemSizeBytes,
  MAX_ITEM_BYTES,
} from "../../change/encode-item.js";
import { keyText } from "../../change/item-key.js";
import { isNewer, parseVersion } from "../../change/version.js";
import { classifyDynamoDbError } from "../../dynamodb/classify-error.js";
import { decodeKey } from "../../dynamodb/decode-key.js";
import { MillraceError } from "../../errors.js";
import { RESERVED_ATTRIBUTE, TTL_ATTRIBUTE } from "../../view/key.js";
import type { Mutation } from "../../view/row.js";
import type { TableView } from "../../view/table-view.js";
import { mapBounded } from "../bounded.js";
import { collisionError } from "../collision.js";
import {
  type ApplyResult,
  type Outcome,
  type Sink,
  type StoredRow,
  TOMBSTONE_TTL_SECONDS,
} from "../sink.js";
import { decodeBookkeeping, encodeBookkeeping, foreignItem, storedRow } from "./stored-item.js";

/** What {@link createDynamoDbSink} takes. */
export interface DynamoDbSinkOptions {
  /** Not closed by the sink: it may serve others. */
  readonly client: DynamoDBClient;
  /** The name DynamoDB knows a view's table by. */
  readonly tableName: (view: TableView) => string;
  /** Writes under way at once. */
  readonly concurrency?: number;
}

const DEFAULT_CONCURRENCY = 32;

/*
 * When may a row be written? Reading from left to right, versions grow:
 *
 *   stored:   (absent)   older, ours   ours, as new or newer   of another item   another's tombstone
 *   put:       write        write             stale               collision             write
 *   delete:    stale*       write             stale                 stale               stale*
 *
 *   * with `tombstones`, an absent row becomes a tombstone, so that an older put arriving later loses.
 */
const rowIsAbsent = "attribute_not_exists(#partition)";
const rowIsOurs = "#row.#owner = :owner";
const rowIsOlder = "#row.#version < :version";
const rowIsAnothersTombstone = "#row.#owner <> :owner AND #row.#deleted = :true";

const PUT_CONDITION = `${rowIsAbsent} OR (${rowIsOurs} AND ${rowIsOlder}) OR (${rowIsAnothersTombstone})`;
const BURY_CONDITION = `${rowIsAbsent} OR (${rowIsOurs} AND ${rowIsOlder})`;
const DELETE_CONDITION = `${rowIsOurs} AND ${rowIsOlder}`;

/**
 * A sink of DynamoDB tables: every row written by one conditional write.
 *
 * A row carries its version and the key of its source item in the attribute `_millrace` (rules V1, V10).
 */
export function createDynamoDbSink(options: DynamoDbSinkOptions): Sink<TableView> {
  const { client, tableName, concurrency = DEFAULT_CONCURRENCY } = options;

  async function applyOne(mutation: Mutation<TableView>): Promise<ApplyResult> {
    const table = tableName(mutation.view);
    try {
      return { outcome: await write(client, table, mutation) };
    } catch (thrown) {
      return {
        outcome: "failed",
        error: withContext(classifyDynamoDbError(thrown, table), mutation),
      };
    }
  }

  return {
    apply: (mutations) => mapBounded(mutations, concurrency, applyOne),
    async get(view, key) {
      const Key = decodeKey(view.key, key);
      const TableName = tableName(view);
      try {
        const { Item } = await client.send(
          new GetItemCommand({ TableName, Key, ConsistentRead: true }),
        );
        return Item && storedRow(TableName, key, Item);
      } catch (thrown) {
        throw classifyDynamoDbError(thrown, TableName);
      }
    },
    scan: (view) => scanTable(client, tableName(view), view),
    close: async () => undefined,
  };
}

async function* scanTable(
  client: DynamoDBClient,
  TableName: string,
  view: TableView,
): AsyncGenerator<StoredRow> {
  const names = view.key.map(({ name }) => name);
  try {
    for await (const page of paginateScan({ client }, { TableName, ConsistentRead: true })) {
      for (const wire of page.Items ?? []) {
        const row = storedRow(TableName, keyText(names, decodeItem(pick(wire, names))), wire);
        if (row.value) yield row;
      }
    }
  } catch (thrown) {
    throw classifyDynamoDbError(thrown, TableName);
  }
}

async function write(
  client: DynamoDBClient,
  table: string,
  mutation: Mutation<TableView>,
): Promise<Outcome> {
  try {
    if (mutation.type === "put") await client.send(new PutItemCommand(putInput(table, mutation)));
    else if (mutation.view.tombstones)
      await client.send(new PutItemCommand(buryInput(table, mutation)));
    else await client.send(new DeleteItemCommand(deleteInput(table, mutation)));
    return "applied";
  } catch (thrown) {
    if (!(thrown instanceof ConditionalCheckFailedException)) throw thrown;
    return staleOrCollision(table, mutation, thrown.Item);
  }
}

/** The condition failed, and the stored row came with the answer: it is as new as ours, or it is another item's. */
function staleOrCollision(
  table: string,
  mutation: Mutation<TableView>,
  stored: WireItem | undefined,
): Outcome {
  if (mutation.type === "delete" || stored === undefined) return "stale";
  const kept = decodeBookkeeping(stored);
  if (!kept) throw foreignItem(table, mutation.key);
  if (kept.owner !== mutation.owner) throw collisionError(mutation, kept.owner);
  // What came with the answer is newer than what was refused, or the store does not keep the rule.
  if (isNewer(mutation.version, parseVersion(kept.version))) {
    throw new MillraceError(
      "unavailable",
      `table "${table}" refused a row newer than the one it holds; trying again`,
    );
  }
  return "stale";
}

function putInput(TableName: string, mutation: Mutation<TableView>): PutItemCommandInput {
  const { version, owner, value } = mutation;
  const Item = encodeItem(value);
  Item[RESERVED_ATTRIBUTE] = encodeBookkeeping({ version, owner, deleted: false });
  requireSize(mutation, Item);
  return {
    TableName,
    Item,
    ...conditionOf(mutation, PUT_CONDITION, { "#deleted": "d" }, { ":true": { BOOL: true } }),
  };
}

function buryInput(TableName: string, mutation: Mutation<TableView>): PutItemCommandInput {
  const { version, owner, changedAtSeconds } = mutation;
  const Item: EncodedItem = keyOf(mutation);
  Item[RESERVED_ATTRIBUTE] = encodeBookkeeping({ version, owner, deleted: true });
  Item[TTL_ATTRIBUTE] = { N: String(changedAtSeconds + TOMBSTONE_TTL_SECONDS) };
  return { TableName, Item, ...conditionOf(mutation, BURY_CONDITION) };
}

function deleteInput(TableName: string, mutation: Mutation<TableView>): DeleteItemCommandInput {
  const condition = conditionOf(mutation, DELETE_CONDITION);
  const { "#partition": _unused, ...ExpressionAttributeNames } = condition.ExpressionAttributeNames;
  return { TableName, Key: keyOf(mutation), ...condition, ExpressionAttributeNames };
}

function conditionOf(
  { view, version, owner }: Mutation<TableView>,
  ConditionExpression: string,
  names: Record<string, string> = {},
  values: Record<string, SdkValue> = {},
) {
  return {
    ConditionExpression,
    ExpressionAttributeNames: {
      "#partition": view.key[0]?.name ?? "",
      "#row": RESERVED_ATTRIBUTE,
      "#version": "v",
      "#owner": "k",
      ...names,
    },
    ExpressionAttributeValues: { ":version": { S: version }, ":owner": { S: owner }, ...values },
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
  };
}

function keyOf({ view, value }: Mutation<TableView>): EncodedItem {
  return encodeItem(
    pick(
      value,
      view.key.map(({ name }) => name),
    ),
  );
}

function pick<T>(item: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, item[name] as T]));
}

function requireSize({ view, key }: Mutation<TableView>, item: EncodedItem): void {
  const size = itemSizeBytes(item);
  if (size <= MAX_ITEM_BYTES) return;
  throw new MillraceError(
    "invalid-row",
    `view "${view.name}": the row ${key} weighs ${size} bytes; a DynamoDB item holds at most ${MAX_ITEM_BYTES}: keep less of the item in the row`,
  );
}

function withContext(error: MillraceError, { view, key }: Mutation<TableView>): MillraceError {
  if (error.context.view !== undefined) return error;
  const message = error.message.includes(view.name)
    ? error.message
    : `view "${view.name}", row ${key}: ${error.message}`;
  const { code, retriable, cause } = error;
  return new MillraceError(code, message, {
    retriable,
    cause: cause ?? error,
    context: { view: view.name, key },
  });
}
