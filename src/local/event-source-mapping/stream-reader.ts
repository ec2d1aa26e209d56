import {
  type _Record as SdkRecord,
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from "@aws-sdk/client-dynamodb-streams";

import { MillraceError } from "../../errors.js";
import { type ShardDescription, type ShardPosition, withTrueStates } from "./shard-graph.js";

/** One answer of GetRecords. */
export interface Page {
  readonly records: readonly SdkRecord[];
  /** When it was asked for, Unix milliseconds: an empty page says that nothing older is left to read. */
  readonly askedAtMs: number;
  /** How long the answer took. */
  readonly durationMs: number;
  /** There is more, whatever the page holds. */
  readonly isFull: boolean;
  /** The shard ends here. */
  readonly isLast: boolean;
}

/** Reads one shard from a position on. */
export interface ShardReader {
  /**
   * Takes the place to read from; what is written afterwards will be read.
   *
   * @returns the place, in a form that another reader can go on from.
   */
  open(): Promise<ShardPosition>;
  /** The next page; rejects with whatever passing trouble there is, and can be asked again then. */
  next(): Promise<Page>;
}

const PAGE_RECORDS = 1_000;
/**
 * How much older than its place in the stream a record may say to be: DynamoDB tells the time in whole seconds, and
 * DynamoDB Local in whole minutes.
 */
const TIME_SLACK_MS = 60_000;

/**
 * All shards of a stream, page by page.
 *
 * @throws `configuration` when the stream does not exist.
 */
export async function describeShards(
  streams: DynamoDBStreamsClient,
  StreamArn: string,
): Promise<readonly ShardDescription[]> {
  const shards: ShardDescription[] = [];
  let isDisabled = false;
  let ExclusiveStartShardId: string | undefined;
  do {
    const input = {
      StreamArn,
      ...(ExclusiveStartShardId !== undefined && { ExclusiveStartShardId }),
    };
    const { StreamDescription } = await streams
      .send(new DescribeStreamCommand(input))
      .catch((thrown: unknown) => {
        throw errorName(thrown) === "ResourceNotFoundException"
          ? noStream(StreamArn, thrown)
          : thrown;
      });
    for (const { ShardId = "", ParentShardId, SequenceNumberRange } of StreamDescription?.Shards ??
      []) {
      const closed = SequenceNumberRange?.EndingSequenceNumber !== undefined;
      shards.push({
        shardId: ShardId,
        closed,
        ...(ParentShardId !== undefined && { parentShardId: ParentShardId }),
      });
    }
    isDisabled = StreamDescription?.StreamStatus === "DISABLED";
    ExclusiveStartShardId = StreamDescription?.LastEvaluatedShardId;
  } while (ExclusiveStartShardId !== undefined);
  return withTrueStates(shards, isDisabled);
}

function noStream(streamArn: string, cause: unknown): MillraceError {
  return new MillraceError(
    "configuration",
    `Stream not found: ${streamArn}; enable the table's stream, or give its present ARN`,
    { cause },
  );
}

/**
 * Opens a shard at a position.
 *
 * An iterator lives 15 minutes; an expired one is replaced by one after the last record read. At LATEST, where none was
 * read yet, that is the oldest record not written before the place was taken, give or take how exactly its time is
 * told. Data that is trimmed away is skipped to the oldest that is left, and `onGap` told; a shard that is gone has
 * ended.
 */
export function openShard(
  streams: DynamoDBStreamsClient,
  stream: { readonly streamArn: string; readonly shardId: string },
  start: ShardPosition,
  onGap: (message: string) => void,
  nowMs: () => number,
): ShardReader {
  let position = start;
  let iterator: string | undefined;

  async function openIterator(): Promise<string | undefined> {
    const { streamArn: StreamArn, shardId: ShardId } = stream;
    const input = { StreamArn, ShardId, ...iteratorInput(position) };
    const sinceMs = nowMs();
    const { ShardIterator } = await streams.send(new GetShardIteratorCommand(input));
    if (position.type === "LATEST") position = { sinceMs, ...position };
    return ShardIterator;
  }

  /** Records written before the place at LATEST was taken; there are some only where it was taken anew. */
  function withoutOlder(records: readonly SdkRecord[]): readonly SdkRecord[] {
    if (position.type !== "LATEST") return records;
    const oldestMs = (position.sinceMs ?? 0) - TIME_SLACK_MS;
    return records.filter(
      ({ dynamodb }) => (dynamodb?.ApproximateCreationDateTime?.getTime() ?? 0) >= oldestMs,
    );
  }

  async function read(): Promise<Page> {
    const askedAtMs = nowMs();
    iterator ??= await openIterator();
    if (iterator === undefined) return endOfShard(askedAtMs);
    const answer = await streams.send(
      new GetRecordsCommand({ ShardIterator: iterator, Limit: PAGE_RECORDS }),
    );
    const all = answer.Records ?? [];
    const records = withoutOlder(all);
    const last = records[records.length - 1]?.dynamodb?.SequenceNumber;
    if (last !== undefined) position = { type: "AFTER", sequenceNumber: last };
    iterator = answer.NextShardIterator;
    return {
      records,
      askedAtMs,
      durationMs: nowMs() - askedAtMs,
      // A page without any of what was there is not the end of it.
      isFull: all.length === PAGE_RECORDS || records.length < all.length,
      isLast: iterator === undefined,
    };
  }

  return {
    async open() {
      iterator ??= await openIterator();
      return position;
    },
    async next() {
      try {
        return await read();
      } catch (thrown) {
        const name = errorName(thrown);
        if (LOST_ITERATOR.has(name)) iterator = undefined;
        if (name === "ResourceNotFoundException" && !isStaleIterator(thrown))
          return endOfShard(nowMs());
        if (name === "TrimmedDataAccessException") {
          // DynamoDB Local says so of an iterator from before the shard's first record: there is something to read, and
          // from the beginning on, nothing can be missed.
          if (position.type !== "AFTER")
            return { ...endOfShard(nowMs()), isLast: false, isFull: true };
          onGap(
            `shard ${stream.shardId}: the records after ${describePosition(position)} are trimmed away; going on with the oldest there are`,
          );
          position = { type: "TRIM_HORIZON" };
        }
        throw thrown;
      }
    },
  };
}

/** Errors that end an iterator's life; after any other it can be used again. */
const LOST_ITERATOR = new Set([
  "ExpiredIteratorException",
  "TrimmedDataAccessException",
  "ResourceNotFoundException",
]);

function endOfShard(askedAtMs: number): Page {
  return { records: [], askedAtMs, durationMs: 0, isFull: false, isLast: true };
}

/** DynamoDB Local says this of an iterator from before its restart; the shard itself is still there. */
function isStaleIterator(thrown: unknown): boolean {
  return (thrown as Error).message.includes("Invalid ShardId in ShardIterator");
}

function iteratorInput(position: ShardPosition) {
  switch (position.type) {
    case "AFTER":
      return {
        ShardIteratorType: "AFTER_SEQUENCE_NUMBER" as const,
        SequenceNumber: position.sequenceNumber,
      };
    case "LATEST":
      return {
        ShardIteratorType:
          position.sinceMs === undefined ? ("LATEST" as const) : ("TRIM_HORIZON" as const),
      };
    case "TRIM_HORIZON":
    case "SHARD_END":
      return { ShardIteratorType: "TRIM_HORIZON" as const };
  }
}

function describePosition(position: ShardPosition): string {
  return position.type === "AFTER" ? position.sequenceNumber : position.type;
}

/** The name of an SDK error. */
export function errorName(thrown: unknown): string {
  return (thrown as { name?: string } | undefined)?.name ?? "";
}
