import type { Item } from "./attribute-value.js";
import type { Version } from "./version.js";

/** What happened to an item: the stream's three events, or `read`, an item seen by a scan. */
export type ChangeType = "insert" | "modify" | "remove" | "read";

/** Who did it: somebody's write, or DynamoDB's time to live. */
export type ChangeCause = "write" | "ttl";

/** One change of one item, decoded from a stream record or made of an item that a scan saw. */
export interface Change {
  readonly type: ChangeType;
  /** Name of the source's table, as DynamoDB knows it. */
  readonly table: string;
  /** Printable identity of the item within its table ({@link keyText}). */
  readonly itemKey: string;
  readonly version: Version;
  /** As the stream wrote it, for the batch response; empty for `read`. */
  readonly sequenceNumber: string;
  /** Unix time in whole seconds; DynamoDB rounds it, so it orders nothing (rule V1). */
  readonly changedAtSeconds: number;
  readonly cause: ChangeCause;
  /** The item before; present for `modify` and `remove` (but for a `remove` that only ends a tombstone). */
  readonly oldImage?: Item;
  /** The item after; present for `insert`, `modify` and `read`. */
  readonly newImage?: Item;
}

/**
 * Consecutive changes of one item seen as one (rule V3).
 *
 * `images` holds every change's old and new image in order, the first being the item before the first change and the
 * last the item after the last one; `undefined` is an item that was absent. An image in between matters: an earlier
 * attempt at the batch may have written the rows it derives, so they have to be cleaned up although nobody will ever
 * see that image again. Old images are kept although each repeats the new image before it, because a record in between
 * may be missing: a malformed one cannot be told to be this item's.
 */
export interface NetChange {
  readonly table: string;
  readonly itemKey: string;
  /** Version of the last change. */
  readonly version: Version;
  /** Time of the last change, Unix seconds. */
  readonly changedAtSeconds: number;
  readonly images: readonly (Item | undefined)[];
  /** The changes folded, oldest first; at least one. */
  readonly changes: readonly Change[];
}

/**
 * Folds the changes of one item into one.
 *
 * Requires at least one change, all of one item, oldest first.
 */
export function foldChanges(changes: readonly [Change, ...Change[]]): NetChange {
  const last = changes[changes.length - 1] as Change;
  const images: (Item | undefined)[] = [];
  for (const { oldImage, newImage } of changes) images.push(oldImage, newImage);
  return {
    table: last.table,
    itemKey: last.itemKey,
    version: last.version,
    changedAtSeconds: last.changedAtSeconds,
    images,
    changes,
  };
}
