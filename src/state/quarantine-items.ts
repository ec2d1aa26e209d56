import { gunzipSync, gzipSync } from "node:zlib";

import type { AttributeValue } from "@aws-sdk/client-dynamodb";

import type { ErrorCode } from "../errors.js";
import type { QuarantineEntry, QuarantineSummary, StandingFence } from "./quarantine.js";
import type { StateKey } from "./state-table.js";

/** An item of the state table, as DynamoDB holds it. */
export type StoredItem = Record<string, AttributeValue>;

/** The attributes of a quarantine entry that say what it is about: all but its body. */
export const SUMMARY_ATTRIBUTES = [
  ...["pk", "sk", "view", "source", "itemKey", "code", "message"],
  ...["parkedAtMs", "position", "changes", "attempt", "parts"],
] as const;

/** Compressed bytes one item takes of an entry; leaves room for its keys and the error below DynamoDB's 400 KB. */
const PART_BYTES = 300_000;

export function encodeKey({ pk, sk }: StateKey): StoredItem {
  return { pk: { S: pk }, sk: { S: sk } };
}

export function decodeStateKey(item: StoredItem): StateKey {
  return { pk: item["pk"]?.S ?? "", sk: item["sk"]?.S ?? "" };
}

/** An entry as gzipped JSON, cut to what an item holds. */
export function packEntry(entry: QuarantineEntry): readonly Uint8Array[] {
  const bytes = gzipSync(JSON.stringify(entry, replace));
  const parts: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += PART_BYTES)
    parts.push(bytes.subarray(start, start + PART_BYTES));
  return parts;
}

export function unpackEntry(parts: readonly Uint8Array[]): QuarantineEntry {
  return JSON.parse(gunzipSync(Buffer.concat(parts)).toString("utf8"), revive) as QuarantineEntry;
}

/** What a person looking at the table, and whoever lists, wants to see without unpacking the body. */
export function encodeSummary(entry: QuarantineEntry): StoredItem {
  const { view, source, itemKey, position, records, error, parkedAtMs } = entry;
  return {
    view: { S: view },
    source: { S: source },
    itemKey: { S: itemKey },
    position: { S: position },
    changes: { N: String(records.length) },
    code: { S: error.code },
    message: { S: error.message.slice(0, 1_000) },
    parkedAt: { S: new Date(parkedAtMs).toISOString() },
    parkedAtMs: { N: String(parkedAtMs) },
  };
}

export function decodeSummary(item: StoredItem): QuarantineSummary {
  return {
    view: item["view"]?.S ?? "",
    source: item["source"]?.S ?? "",
    itemKey: item["itemKey"]?.S ?? "",
    position: item["position"]?.S ?? "",
    changes: Number(item["changes"]?.N ?? 0),
    code: (item["code"]?.S ?? "") as ErrorCode,
    message: item["message"]?.S ?? "",
    parkedAtMs: Number(item["parkedAtMs"]?.N ?? 0),
    handle: handleOf(item),
  };
}

/** What tells an entry apart from the same change parked again, and how many items it takes. */
export function handleOf(item: StoredItem): string {
  return `${item["attempt"]?.S ?? ""}/${item["parts"]?.N ?? "1"}`;
}

export function parseHandle(handle: string): { readonly attempt: string; readonly parts: number } {
  const [attempt = "", parts = "1"] = handle.split("/");
  return { attempt, parts: Number(parts) };
}

export function decodeFence(source: string, item: StoredItem): StandingFence {
  return {
    source,
    view: item["view"]?.S ?? "",
    itemKey: item["itemKey"]?.S ?? "",
    parked: Number(item["parked"]?.N ?? 0),
    stamp: item["stamp"]?.S ?? "",
  };
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
