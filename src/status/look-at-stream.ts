import {
  type _Record as SdkRecord,
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type Shard,
  type ShardIteratorType,
} from "@aws-sdk/client-dynamodb-streams";

import { padSequenceNumber, parseStreamArn, type Version } from "../change/version.js";
import { labelOf } from "../state/progress.js";

/**
 * What a look at the stream says of changes that are newer than a position: there are some, there are none, or it cannot
 * be told by so short a look.
 */
export type Newer =
  | { readonly newer: "some"; readonly oldestAtMs: number }
  | { readonly newer: "none" }
  | { readonly newer: "unknown" };

/** What {@link lookAtStream} takes. */
export interface LookOptions {
  readonly streams: DynamoDBStreamsClient;
  readonly streamArn: string;
  /** How far the function came; absent where it never began. */
  readonly position?: { readonly version: Version; readonly changedAtMs: number };
  /** Whether the function would have been given the record: a mapping may filter. */
  readonly isDelivered: (record: SdkRecord) => boolean;
  readonly nowMs: number;
}

/** Records stay in a stream for 24 hours. */
export const RETENTION_MS = 24 * 60 * 60 * 1000;

/** Shards looked at where all would have to be; each is two requests. */
const MOST_SHARDS = 20;

/** Digits of a sequence number, at the least. Source: as {@link lookAtStream}. */
const LEAST_DIGITS = 21;

interface Place {
  readonly ShardId: string;
  readonly ShardIteratorType: ShardIteratorType;
  readonly SequenceNumber?: string;
}

/**
 * Looks whether a stream has changes newer than a position, by a page of each shard that has to be looked at.
 *
 * A sequence number is a place in its own shard only, and a record does not say its shard. So where a stream has several
 * open shards, nothing can be told of changes within the last day; and on AWS a page may be empty although more follows,
 * so that only DynamoDB Local, whose streams have one shard, can prove that there is nothing newer.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html
 */
export async function lookAtStream(options: LookOptions): Promise<Newer> {
  const { streams, streamArn, position, isDelivered } = options;
  const shards = await describeShards(streams, streamArn);
  const places = placesToLook(shards, options);
  let oldestAtMs = Infinity;
  for (const place of places) {
    for (const record of await firstPage(streams, streamArn, place)) {
      const createdAtMs = record.dynamodb?.ApproximateCreationDateTime?.getTime() ?? Infinity;
      if (isDelivered(record) && createdAtMs < oldestAtMs) oldestAtMs = createdAtMs;
    }
  }
  if (oldestAtMs < Infinity) return { newer: "some", oldestAtMs };
  const isLocal = streamArn.split(":")[3] === "ddblocal";
  const isProof = isLocal && position !== undefined && places.length > 0;
  return { newer: isProof ? "none" : "unknown" };
}

function placesToLook(
  shards: readonly Shard[],
  { streamArn, position, nowMs }: LookOptions,
): readonly Place[] {
  const isOver = !position || nowMs - position.changedAtMs > RETENTION_MS;
  if (isOver || labelOf(position.version) !== parseStreamArn(streamArn).label)
    return shards.slice(0, MOST_SHARDS).map(fromStart);
  if (!isOneLine(shards)) return [];
  const sequenceNumber = position.version.slice(-40);
  const at = shards.find((shard) => contains(shard, sequenceNumber));
  if (!at) return [];
  const after: Place = {
    ShardId: at.ShardId ?? "",
    ShardIteratorType: "AFTER_SEQUENCE_NUMBER",
    SequenceNumber: sequenceNumber.replace(/^0+/, "").padStart(LEAST_DIGITS, "0"),
  };
  return [after, ...descendants(shards, at).map(fromStart)];
}

function fromStart({ ShardId = "" }: Shard): Place {
  return { ShardId, ShardIteratorType: "TRIM_HORIZON" };
}

/** Whether no shard was ever split: then changes follow each other in one order. */
function isOneLine(shards: readonly Shard[]): boolean {
  const parents = shards.map(({ ParentShardId }) => ParentShardId);
  const known = new Set(shards.map(({ ShardId }) => ShardId));
  const roots = parents.filter((parent) => parent === undefined || !known.has(parent));
  return roots.length <= 1 && new Set(parents).size === parents.length;
}

function contains({ SequenceNumberRange: range }: Shard, sequenceNumber: string): boolean {
  const { StartingSequenceNumber: start, EndingSequenceNumber: end } = range ?? {};
  return (
    (start === undefined || padSequenceNumber(start) <= sequenceNumber) &&
    (end === undefined || padSequenceNumber(end) >= sequenceNumber)
  );
}

function descendants(shards: readonly Shard[], shard: Shard): Shard[] {
  const child = shards.find(({ ParentShardId }) => ParentShardId === shard.ShardId);
  return child ? [child, ...descendants(shards, child)] : [];
}

async function describeShards(
  streams: DynamoDBStreamsClient,
  StreamArn: string,
): Promise<readonly Shard[]> {
  const shards: Shard[] = [];
  let ExclusiveStartShardId: string | undefined;
  do {
    const { StreamDescription } = await streams.send(
      new DescribeStreamCommand({
        StreamArn,
        ...(ExclusiveStartShardId !== undefined && { ExclusiveStartShardId }),
      }),
    );
    shards.push(...(StreamDescription?.Shards ?? []));
    ExclusiveStartShardId = StreamDescription?.LastEvaluatedShardId;
  } while (ExclusiveStartShardId !== undefined);
  return shards;
}

async function firstPage(
  streams: DynamoDBStreamsClient,
  StreamArn: string,
  place: Place,
): Promise<readonly SdkRecord[]> {
  try {
    const { ShardIterator } = await streams.send(
      new GetShardIteratorCommand({ StreamArn, ...place }),
    );
    if (ShardIterator === undefined) return [];
    return (await streams.send(new GetRecordsCommand({ ShardIterator }))).Records ?? [];
  } catch (thrown) {
    // What is behind the position has been trimmed: the oldest that is left is newer.
    if ((thrown as Error).name === "TrimmedDataAccessException" && place.SequenceNumber)
      return firstPage(streams, StreamArn, fromStart({ ShardId: place.ShardId }));
    throw thrown;
  }
}
