import {
  type DynamoDBClient,
  GetItemCommand,
  paginateQuery,
  paginateScan,
  type QueryCommandOutput,
} from "@aws-sdk/client-dynamodb";

import { classifyDynamoDbError } from "../dynamodb/classify-error.js";
import { createDirectCaller } from "../dynamodb/direct-call.js";
import { MillraceError } from "../errors.js";
import { fencesOf } from "./memory-quarantine.js";
import type { Fence, Quarantine, QuarantineEntry } from "./quarantine.js";
import {
  decodeFence,
  decodeStateKey,
  decodeSummary,
  encodeKey,
  handleOf,
  parseHandle,
  type StoredItem,
  SUMMARY_ATTRIBUTES,
  unpackEntry,
} from "./quarantine-items.js";
import {
  fenceKey,
  fencePartition,
  fencePrefix,
  quarantinePartition,
  quarantinePartKey,
  quarantinePrefix,
  type StateKey,
} from "./state-table.js";

/** The part of a quarantine that only looks. */
type QuarantineReads = Omit<Quarantine, "park" | "lift" | "release">;

/** Reads a quarantine in the state table, strongly consistent throughout. */
export function createQuarantineReads(client: DynamoDBClient, TableName: string): QuarantineReads {
  const isEmpty = emptiness(client, TableName);
  /** The items of all pages; what goes wrong is classified. */
  async function* itemsOf(
    pages: AsyncIterable<{ Items?: StoredItem[] | undefined }>,
  ): AsyncGenerator<StoredItem> {
    try {
      for await (const { Items } of pages) yield* Items ?? [];
    } catch (thrown) {
      throw classifyDynamoDbError(thrown, TableName);
    }
  }

  const query = (partition: string, prefix = "") =>
    itemsOf(paginateQuery({ client }, queryOf(TableName, partition, prefix)));

  /** The heads of the entries of one view or of all; only these attributes of them, where any are named. */
  function heads(
    view: string | undefined,
    attributes: readonly string[] = [],
  ): AsyncIterable<StoredItem> {
    if (view === undefined) {
      const scan = { TableName, ConsistentRead: true, ...WHERE_QUARANTINE };
      return itemsOf(paginateScan({ client }, projected(scan, attributes)));
    }
    const input = queryOf(TableName, quarantinePartition(view));
    return itemsOf(paginateQuery({ client }, projected(input, attributes)));
  }

  async function read(item: StoredItem): Promise<QuarantineEntry> {
    try {
      return await readEntry(client, TableName, item);
    } catch (thrown) {
      throw classifyDynamoDbError(thrown, TableName);
    }
  }

  return {
    async fences(source) {
      if (await isEmpty(fencePartition(source))) return fencesOf([]);
      const fences: Fence[] = [];
      for await (const item of query(fencePartition(source))) {
        const { view, itemKey, parked } = decodeFence(source, item);
        fences.push({ view, itemKey, parked });
      }
      return fencesOf(fences);
    },
    async *list(view) {
      for await (const item of heads(view)) yield await read(item);
    },
    async *summaries(view) {
      for await (const item of heads(view, SUMMARY_ATTRIBUTES)) yield decodeSummary(item);
    },
    async *standing(source, view) {
      const prefix = view === undefined ? "" : fencePrefix(view);
      for await (const item of query(fencePartition(source), prefix))
        yield decodeFence(source, item);
    },
    async fenceOf({ source, view, itemKey }) {
      const Key = encodeKey(fenceKey(source, view, itemKey));
      try {
        const input = { TableName, Key, ConsistentRead: true };
        const { Item } = await client.send(new GetItemCommand(input));
        return Item && decodeFence(source, Item);
      } catch (thrown) {
        throw classifyDynamoDbError(thrown, TableName);
      }
    },
    async entriesOf({ view, itemKey }) {
      const held = [];
      for await (const item of query(quarantinePartition(view), quarantinePrefix(itemKey)))
        held.push({ entry: await read(item), handle: handleOf(item) });
      return held;
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
  const { attempt, parts } = parseHandle(handleOf(item));
  const bodies = [item["body"]?.B ?? new Uint8Array()];
  for (let part = 1; part < parts; part++) {
    const key = quarantinePartKey(decodeStateKey(item), attempt, part);
    bodies.push(await readPart(client, TableName, key));
  }
  return unpackEntry(bodies);
}

const WHERE_QUARANTINE = {
  FilterExpression: "begins_with(#pk, :quarantine)",
  ExpressionAttributeNames: { "#pk": "pk" },
  ExpressionAttributeValues: { ":quarantine": { S: quarantinePartition("") } },
};

/**
 * Makes what says whether a partition surely holds nothing. Every batch asks, so it goes past the client's middleware; for
 * whatever else is answered, the client asks again.
 */
function emptiness(
  client: DynamoDBClient,
  TableName: string,
): (partition: string) => Promise<boolean> {
  const call = createDirectCaller(client);
  return async (partition) => {
    const answer = await call("Query", { ...queryOf(TableName, partition), Limit: 1 });
    return answer?.statusCode === 200 && foundNothing(answer.text);
  };
}

function foundNothing(text: string): boolean {
  try {
    const { Items, LastEvaluatedKey } = JSON.parse(text) as QueryCommandOutput;
    return Items?.length === 0 && LastEvaluatedKey === undefined;
  } catch {
    // Not an answer of DynamoDB's.
    return false;
  }
}

function queryOf(TableName: string, partition: string, prefix = "") {
  const begins = prefix !== "";
  return {
    TableName,
    ConsistentRead: true,
    KeyConditionExpression: begins ? "#pk = :pk AND begins_with(#sk, :prefix)" : "#pk = :pk",
    ExpressionAttributeNames: { "#pk": "pk", ...(begins && { "#sk": "sk" }) },
    ExpressionAttributeValues: {
      ":pk": { S: partition },
      ...(begins && { ":prefix": { S: prefix } }),
    },
  };
}

function projected<T extends { readonly ExpressionAttributeNames: Record<string, string> }>(
  input: T,
  attributes: readonly string[],
): T {
  if (attributes.length === 0) return input;
  const names = Object.fromEntries(attributes.map((name) => [`#${name}`, name]));
  return {
    ...input,
    ProjectionExpression: Object.keys(names).join(", "),
    ExpressionAttributeNames: { ...input.ExpressionAttributeNames, ...names },
  };
}
