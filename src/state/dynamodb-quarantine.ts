import { randomUUID } from "node:crypto";

import { type DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";

import { classifyDynamoDbError } from "../dynamodb/classify-error.js";
import type { Quarantine } from "./quarantine.js";
import { encodeKey, encodeSummary, packEntry } from "./quarantine-items.js";
import { parkHead } from "./quarantine-parking.js";
import { createQuarantineReads } from "./quarantine-reads.js";
import { liftFence, releaseEntry, removeEntry } from "./quarantine-writes.js";
import { quarantineKey, quarantinePartKey } from "./state-table.js";

/** What {@link createDynamoDbQuarantine} takes. */
export interface DynamoDbQuarantineOptions {
  readonly client: DynamoDBClient;
  /** Name of the state table. */
  readonly tableName: string;
}

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
  const reads = createQuarantineReads(client, TableName);
  async function guarded<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (thrown) {
      throw classifyDynamoDbError(thrown, TableName);
    }
  }

  return {
    ...reads,

    park: (entry, options) =>
      guarded(async () => {
        const head = quarantineKey(entry);
        const attempt = randomUUID();
        const [first = new Uint8Array(), ...rest] = packEntry(entry);
        for (const [i, body] of rest.entries()) {
          const Item = { ...encodeKey(quarantinePartKey(head, attempt, i + 1)), body: { B: body } };
          await client.send(new PutItemCommand({ TableName, Item }));
        }
        const Item = {
          ...encodeKey(head),
          ...encodeSummary(entry),
          attempt: { S: attempt },
          parts: { N: String(rest.length + 1) },
          body: { B: first },
        };
        return parkHead(client, TableName, entry, Item, options?.joining ?? false);
      }),

    lift: (fence, entries) =>
      guarded(async () => {
        const lift = await liftFence(client, TableName, fence);
        if (lift === "lifted")
          for (const { entry, handle } of entries)
            await removeEntry(client, TableName, quarantineKey(entry), handle);
        return lift;
      }),

    release: (summary) =>
      guarded(() => releaseEntry(client, TableName, summary, quarantineKey(summary))),
  };
}
