import { createHash } from "node:crypto";

import type { AttributeValue } from "@aws-sdk/client-dynamodb";

import type { TableDefinition } from "../dynamodb/table-definition.js";

/**
 * The pipeline's own table: one partition and one sort key, everything the pipeline must remember.
 *
 * - `quarantine#<view>` / `<item key>#<position>`: a quarantine entry; `…#part-<n>`: more of a large one
 * - `fence#<source>` / `<view>#<item key>`: a fence
 * - `backfill#<source>` / `run#<run>`: a backfill; `work#<run>#<segment>#<worker>`: how far a worker came in a part of it
 * - `progress#<source>` / `tables`, `cache` or `combined`: how far that function came; / `mended`: when views were mended
 * - `view#<name>` / `definition#<version>`: what its rows were declared as; / `current`: the version that is read
 * - `local` / `commit`: written after each transaction, where DynamoDB Local is what keeps the tables
 */
export const STATE_KEY = { partition: "pk", sort: "sk" } as const;

/** Attribute that DynamoDB's time to live watches in the state table. */
export const STATE_TTL_ATTRIBUTE = "expiresAt";

/** The state table, whatever its name. */
export const STATE_TABLE: Omit<TableDefinition, "table"> = {
  key: [
    { name: STATE_KEY.partition, type: "S" },
    { name: STATE_KEY.sort, type: "S" },
  ],
  followed: false,
  ttlAttribute: STATE_TTL_ATTRIBUTE,
};

/** Key of an item of the state table. */
export interface StateKey {
  readonly pk: string;
  readonly sk: string;
}

/** Partition of a view's quarantine entries. */
export function quarantinePartition(view: string): string {
  return `quarantine#${view}`;
}

/** Key of a quarantine entry; entries of one item sort by position. */
export function quarantineKey(entry: {
  readonly view: string;
  readonly itemKey: string;
  readonly position: string;
}): StateKey {
  return {
    pk: quarantinePartition(entry.view),
    sk: quarantinePrefix(entry.itemKey) + entry.position,
  };
}

/** What the sort keys of all entries of an item begin with, and no others do: an item's key is a whole JSON array. */
export function quarantinePrefix(itemKey: string): string {
  return `${boundedKey(itemKey)}#`;
}

/** Key of one further part of an entry too large for one item. */
export function quarantinePartKey(head: StateKey, attempt: string, part: number): StateKey {
  return { pk: `part#${head.pk}`, sk: `${head.sk}#${attempt}#${String(part).padStart(4, "0")}` };
}

/** Partition of all fences of a source, so that one query reads them. */
export function fencePartition(source: string): string {
  return `fence#${source}`;
}

/** What the sort keys of all fences of a view begin with. */
export function fencePrefix(view: string): string {
  return `${view}#`;
}

/** Key of the fence around one item in one view. */
export function fenceKey(source: string, view: string, itemKey: string): StateKey {
  return { pk: fencePartition(source), sk: fencePrefix(view) + boundedKey(itemKey) };
}

/** Partition of all backfills of a source. */
export function backfillPartition(source: string): string {
  return `backfill#${source}`;
}

/** Key of a backfill; those of a source sort by when they began. */
export function backfillRunKey(source: string, run: string): StateKey {
  return { pk: backfillPartition(source), sk: `run#${run}` };
}

/** Key of what one worker knows of a segment; without segment and worker, what all keys of the run begin with. */
export function backfillWorkKey(
  source: string,
  state: { readonly run: string; readonly segment?: number; readonly worker?: string },
): StateKey {
  const { run, segment, worker = "" } = state;
  const part = segment === undefined ? "" : `#${String(segment).padStart(6, "0")}#${worker}`;
  return { pk: backfillPartition(source), sk: `work#${run}${part}` };
}

/** Partition of how far functions came in a source's stream. */
export function progressPartition(source: string): string {
  return `progress#${source}`;
}

/** Key of how far one function came in a source's stream. */
export function progressKey(source: string, functionKind: string): StateKey {
  return { pk: progressPartition(source), sk: functionKind };
}

/** Key of when the views of a source were last mended. */
export function mendedKey(source: string): StateKey {
  return { pk: progressPartition(source), sk: "mended" };
}

/** Key of what a version of a view was declared as when its rows were written. */
export function definitionKey(view: string, version: number): StateKey {
  return { pk: `view#${view}`, sk: `definition#${version}` };
}

/** Key of the version of a view that readers are to read. */
export function currentVersionKey(view: string): StateKey {
  return { pk: `view#${view}`, sk: "current" };
}

/** Key of the item that is written to know that all before it is on DynamoDB Local's disk. */
export const COMMIT_KEY: StateKey = { pk: "local", sk: "commit" };

/** A key as DynamoDB takes it. */
export function encodeStateKey({ pk, sk }: StateKey): Record<string, AttributeValue> {
  return { pk: { S: pk }, sk: { S: sk } };
}

/** Bytes of a sort key left to an item key: DynamoDB allows 1024, view, position and part number take the rest. */
const MAX_KEY_BYTES = 700;

/** An item key may be as long as a partition and a sort key together; a digest tells apart those that are cut. */
function boundedKey(itemKey: string): string {
  if (Buffer.byteLength(itemKey) <= MAX_KEY_BYTES) return itemKey;
  const digest = createHash("sha256").update(itemKey).digest("base64url");
  return `${itemKey.slice(0, 100)}…${digest}`;
}
