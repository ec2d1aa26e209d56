import type { AttributeValue } from "@aws-sdk/client-dynamodb";

import { parseVersion } from "../change/version.js";
import {
  type FunctionKind,
  type FunctionProgress,
  type Loss,
  NO_PROGRESS,
  type Position,
  type ViewProgress,
} from "./progress.js";

/** An item of the state table. */
export type StoredItem = Record<string, AttributeValue>;

/** A loss as it is stored. */
export function encodeLoss({ from, to, lastChangeAtMs, noticedAtMs }: Loss): AttributeValue {
  return {
    M: {
      from: { S: from },
      to: { S: to },
      lastChangeAtMs: { N: String(lastChangeAtMs) },
      noticedAtMs: { N: String(noticedAtMs) },
    },
  };
}

/** The losses that are stored. */
export function decodeLosses(item: StoredItem): Loss[] {
  return (item["losses"]?.L ?? []).map(({ M = {} }) => ({
    from: M["from"]?.S ?? "",
    to: M["to"]?.S ?? "",
    lastChangeAtMs: numberIn(M, "lastChangeAtMs"),
    noticedAtMs: numberIn(M, "noticedAtMs"),
  }));
}

/** The position that is stored, where there is one. */
export function decodePosition(item: StoredItem): Position | undefined {
  const version = item["position"]?.S;
  if (version === undefined) return undefined;
  return { version: parseVersion(version), changedAtMs: numberIn(item, "changedAtMs") };
}

/** All that a function recorded; what is of a view is named `<view>#<what>`. */
export function decodeFunction(kind: FunctionKind, item: StoredItem): FunctionProgress {
  const position = decodePosition(item);
  const views: Record<string, ViewProgress> = {};
  for (const [attribute, { N }] of Object.entries(item)) {
    const [view = "", count] = attribute.split("#");
    if (count !== undefined) views[view] = { ...(views[view] ?? NO_PROGRESS), [count]: Number(N) };
  }
  return {
    function: kind,
    ...(position && { position }),
    batchEndedAtMs: numberIn(item, "batchEndedAtMs"),
    lagMs: numberIn(item, "lagMs"),
    sinceMs: numberIn(item, "sinceMs"),
    batches: numberIn(item, "batches"),
    changes: numberIn(item, "changes"),
    views,
    losses: decodeLosses(item),
  };
}

/** When views were mended, by view. */
export function decodeMended(item: StoredItem): Record<string, number> {
  return Object.fromEntries(Object.entries(item).map(([view, { N }]) => [view, Number(N)]));
}

function numberIn(item: StoredItem, attribute: string): number {
  return Number(item[attribute]?.N ?? 0);
}
