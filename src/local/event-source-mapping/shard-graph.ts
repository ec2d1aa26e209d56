import type { OpenWindow } from "./tumbling-window.js";

/** A shard as DescribeStream tells of it. */
export interface ShardDescription {
  readonly shardId: string;
  readonly parentShardId?: string;
  /** Whether it has an ending sequence number: nothing is written to it any more. */
  readonly closed: boolean;
}

/** Where a mapping stands in one shard. */
export type ShardPosition =
  | { readonly type: "TRIM_HORIZON" }
  /** The shard's end, as it was at that time (Unix milliseconds) once the place is taken. */
  | { readonly type: "LATEST"; readonly sinceMs?: number }
  /** Everything up to and including this sequence number is done; a tumbling window may be open after it. */
  | {
      readonly type: "AFTER";
      readonly sequenceNumber: string;
      readonly window?: OpenWindow;
    }
  /** Read to its end. */
  | { readonly type: "SHARD_END" };

/** Positions by shard id. */
export type ShardPositions = Readonly<Record<string, ShardPosition>>;

/**
 * Corrects what DescribeStream tells of shards being open or closed.
 *
 * One that has children gets no more records, though a description from the moment of a split may show it open still.
 * A stream that is disabled shows all its shards closed, yet those without children are where it ends.
 */
export function withTrueStates(
  shards: readonly ShardDescription[],
  streamIsDisabled = false,
): readonly ShardDescription[] {
  const parents = new Set(shards.map(({ parentShardId }) => parentShardId));
  return shards.map((shard) => {
    if (parents.has(shard.shardId)) return { ...shard, closed: true };
    return streamIsDisabled ? { ...shard, closed: false } : shard;
  });
}

/**
 * Says which shards to read now, and from where.
 *
 * A parent is read to its end before its children. A mapping that has no position yet starts at the oldest shards
 * known, or, at LATEST, at the end of the open shards that have no child; shards found later start at their beginning.
 */
export function shardsToRead(
  shards: readonly ShardDescription[],
  positions: ShardPositions,
  startingPosition: "TRIM_HORIZON" | "LATEST",
): ReadonlyMap<string, ShardPosition> {
  const known = new Set(shards.map(({ shardId }) => shardId));
  const parents = new Set(shards.map(({ parentShardId }) => parentShardId));
  const isNew = Object.keys(positions).length === 0;
  const reads = new Map<string, ShardPosition>();
  for (const { shardId, parentShardId, closed } of shards) {
    const position = positions[shardId];
    if (position?.type === "SHARD_END") continue;
    if (position) {
      reads.set(shardId, position);
    } else if (isNew && startingPosition === "LATEST") {
      if (!closed && !parents.has(shardId)) reads.set(shardId, { type: "LATEST" });
    } else if (
      parentShardId === undefined ||
      !known.has(parentShardId) ||
      positions[parentShardId]?.type === "SHARD_END"
    ) {
      reads.set(shardId, { type: "TRIM_HORIZON" });
    }
  }
  return reads;
}

/**
 * At LATEST, the shards that a new mapping passes over: they count as read, so that their children do not wait for them.
 */
export function shardsPassedOver(
  shards: readonly ShardDescription[],
  reads: ReadonlyMap<string, ShardPosition>,
): readonly string[] {
  return shards.map(({ shardId }) => shardId).filter((shardId) => !reads.has(shardId));
}
