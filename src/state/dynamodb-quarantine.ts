import { randomUUID } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";

import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  paginateQuery,
  paginateScan,
  PutItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  type TransactWriteItemsCommandInput,
} from "@aws-sdk/client-dynamodb";

import { classifyDynamoDbError } from "../dynamodb/classify-error.js";
import { MillraceError } from "../errors.js";
import { fencesOf } from "./memory-quarantine.js";
import type { Fence, Quarantine, QuarantineEntry } from "./quarantine.js";
import {
  fenceKey,
  fencePartition,
  quarantineKey,
  quarantinePartition,
  quarantinePartKey,
  type StateKey,
} from "./state-table.js";

/** What {@link createDynamoDbQuarantine} takes. */
export interface DynamoDbQuarantineOptions {
  readonly client: DynamoDBClient;
  /** Name of the state table. */
  readonly tableName: string;
}

/** Compressed bytes one item takes of an entry; leaves room for its keys and the error below DynamoDB's 400 KB. */
const PART_BYTES = 300_000;

type StoredItem = Record<string, AttributeValue>;

/**
 * The quarantine in the pipeline's state table.
 *
 * An entry is gzipped JSON. One too large for an item is split: its further parts are written first, under a name
 * only the head knows, and the head with the fence last, in one transaction. So an entry is whole or not there, and
 * parts without a head (a crash in between) are never read.
 */
export function createDynamoDbQuarantine({
  client,
  tableName: TableName,
}: DynamoDbQuarantineOptions): Quarantine {
  async function guarded<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (thrown) {
      throw classifyDynamoDbError(thrown, TableName);
    }
  }

  return {
    fences: (source) =>
      guarded(async () => {
        const fences: Fence[] = [];
        for await (const { Items } of paginateQuery(
          { client },
          queryOf(TableName, fencePartition(source)),
        )) {
          for (const item of Items ?? []) fences.push(decodeFence(item));
        }
        return fencesOf(fences);
      }),

    park: (entry, options) =>
      guarded(async () => {
        const head = quarantineKey(entry);
        const attempt = randomUUID();
        const [first = new Uint8Array(), ...rest] = split(gzipSync(JSON.stringify(entry, replace)));
        for (const [i, body] of rest.entries()) {
          const Item = { ...encodeKey(quarantinePartKey(head, attempt, i + 1)), body: { B: body } };
          await client.send(new PutItemCommand({ TableName, Item }));
        }
        const Item = {
          ...encodeKey(head),
          ...summaryOf(entry),
          attempt: { S: attempt },
          parts: { N: String(rest.length + 1) },
          body: { B: first },
        };
        return parkHead(client, TableName, entry, Item, options?.joining ?? false);
      }),

    async *list(view) {
      const pages =
        view === undefined
          ? paginateScan({ client }, { TableName, ConsistentRead: true, ...WHERE_QUARANTINE })
          : paginateQuery({ client }, queryOf(TableName, quarantinePartition(view)));
      try {
        for await (const { Items } of pages)
          for (const item of Items ?? []) yield await readEntry(client, TableName, item);
      } catch (thrown) {
        throw classifyDynamoDbError(thrown, TableName);
      }
    },
  };
}

async function readPart(
  client: DynamoDBClient,
  TableName: string,
  key: StateKey,
): Promise<Uint8Array> {
  const { Item } = await client.send(
    new GetItemCommand({ TableName, Key: encodeKey(key), ConsistentRead: true }),
  );
  if (Item?.["body"]?.B) return Item["body"].B;
  throw new MillraceError(
    "refused",
    `state table "${TableName}" lacks ${key.pk} ${key.sk}, a part of a quarantine entry`,
  );
}

async function readEntry(
  client: DynamoDBClient,
  TableName: string,
  item: StoredItem,
): Promise<QuarantineEntry> {
  const head = { pk: item["pk"]?.S ?? "", sk: item["sk"]?.S ?? "" };
  const attempt = item["attempt"]?.S ?? "";
  const bodies = [item["body"]?.B ?? new Uint8Array()];
  for (let part = 1; part < Number(item["parts"]?.N ?? 1); part++) {
    bodies.push(await readPart(client, TableName, quarantinePartKey(head, attempt, part)));
  }
  return JSON.parse(gunzipSync(Buffer.concat(bodies)).toString("utf8"), revive) as QuarantineEntry;
}

const WHERE_QUARANTINE = {
  FilterExpression: "begins_with(#pk, :quarantine)",
  ExpressionAttributeNames: { "#pk": "pk" },
  ExpressionAttributeValues: { ":quarantine": { S: quarantinePartition("") } },
};

function queryOf(TableName: string, partition: string) {
  return {
    TableName,
    ConsistentRead: true,
    KeyConditionExpression: "#pk = :pk",
    ExpressionAttributeNames: { "#pk": "pk" },
    ExpressionAttributeValues: { ":pk": { S: partition } },
  };
}

/** The entry and its fence, both or neither; while joining, only if the fence still stands. */
async function parkHead(
  client: DynamoDBClient,
  TableName: string,
  entry: QuarantineEntry,
  Item: StoredItem,
  joining: boolean,
): Promise<"parked" | "fence-gone"> {
  const { source, view, itemKey } = entry;
  const raiseFence = {
    TableName,
    Key: encodeKey(fenceKey(source, view, itemKey)),
    UpdateExpression: "SET #view = :view, #itemKey = :itemKey ADD #parked :one",
    ...(joining && { ConditionExpression: "attribute_exists(#parked)" }),
    ExpressionAttributeNames: { "#view": "view", "#itemKey": "itemKey", "#parked": "parked" },
    ExpressionAttributeValues: {
      ":view": { S: view },
      ":itemKey": { S: itemKey },
      ":one": { N: "1" },
    },
  };
  const input: TransactWriteItemsCommandInput = {
    TransactItems: [{ Put: { TableName, Item } }, { Update: raiseFence }],
  };
  try {
    await client.send(new TransactWriteItemsCommand(input));
    return "parked";
  } catch (thrown) {
    if (joining && isFenceGone(thrown)) return "fence-gone";
    throw thrown;
  }
}

function isFenceGone(thrown: unknown): boolean {
  return (
    thrown instanceof TransactionCanceledException &&
    thrown.CancellationReasons?.[1]?.Code === "ConditionalCheckFailed"
  );
}

function encodeKey({ pk, sk }: StateKey): StoredItem {
  return { pk: { S: pk }, sk: { S: sk } };
}

/** What a person looking at the table wants to see without unpacking the body. */
function summaryOf({ view, source, itemKey, error, parkedAtMs }: QuarantineEntry): StoredItem {
  return {
    view: { S: view },
    source: { S: source },
    itemKey: { S: itemKey },
    code: { S: error.code },
    message: { S: error.message.slice(0, 1_000) },
    parkedAt: { S: new Date(parkedAtMs).toISOString() },
  };
}

function decodeFence(item: StoredItem): Fence {
  return {
    view: item["view"]?.S ?? "",
    itemKey: item["itemKey"]?.S ?? "",
    parked: Number(item["parked"]?.N ?? 0),
  };
}

function split(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += PART_BYTES)
    parts.push(bytes.subarray(start, start + PART_BYTES));
  return parts;
}

/** Binary that arrived as bytes rather than as Lambda's base64 is kept as bytes; a Buffer, too, before its own toJSON. */
function replace(this: Record<string, unknown>, name: string, value: unknown): unknown {
  const original = this[name];
  return original instanceof Uint8Array
    ? { $bytes: Buffer.from(original).toString("base64") }
    : value;
}

function revive(_name: string, value: unknown): unknown {
  const bytes =
    typeof value === "object" && value !== null
      ? (value as { $bytes?: unknown }).$bytes
      : undefined;
  return typeof bytes === "string" ? new Uint8Array(Buffer.from(bytes, "base64")) : value;
}
