import {
  type _Record as SdkRecord,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from "@aws-sdk/client-dynamodb-streams";

import type { StreamRecord } from "../change/decode-record.js";
import { padSequenceNumber } from "../change/version.js";
import { classifyDynamoDbError } from "../dynamodb/classify-error.js";

/** Records between two positions of a shard, both of them included. */
export interface Range {
  readonly streamArn: string;
  readonly shardId: string;
  readonly first: string;
  readonly last: string;
}

/** What a stream still has of a range. */
export interface Fetched {
  readonly records: readonly StreamRecord[];
  /** Whether the beginning, or all of it, is there no more. */
  readonly isTrimmed: boolean;
}

/** Gives a range of a stream's records, as far as they are there. */
export type FetchRecords = (range: Range) => Promise<Fetched>;

/** Pages without records in a row after which there is nothing more: some may be empty although more is to come. */
const MOST_EMPTY_PAGES = 20;

/** What the stream says of what it has no more. */
const TRIMMED = new Set(["TrimmedDataAccessException", "ResourceNotFoundException"]);

/**
 * Makes what fetches records from streams.
 *
 * Of a range whose beginning is trimmed away it gives the rest. Rejects as `classifyDynamoDbError` says.
 */
export function createRecordFetcher(streams: DynamoDBStreamsClient): FetchRecords {
  return async (range) => {
    try {
      return { records: await readRange(streams, range, "AT_SEQUENCE_NUMBER"), isTrimmed: false };
    } catch (thrown) {
      if (!isTrimmed(thrown)) throw classifyDynamoDbError(thrown, range.streamArn);
    }
    try {
      return { records: await readRange(streams, range, "TRIM_HORIZON"), isTrimmed: true };
    } catch (thrown) {
      if (isTrimmed(thrown)) return { records: [], isTrimmed: true };
      throw classifyDynamoDbError(thrown, range.streamArn);
    }
  };
}

/** The record as Lambda would hand it over, as far as quarantine needs it: a time is a number, and the stream is named. */
function asDelivered(record: SdkRecord, eventSourceARN: string): StreamRecord {
  const { ApproximateCreationDateTime: at, ...dynamodb } = record.dynamodb ?? {};
  const time = at && { ApproximateCreationDateTime: Math.floor(at.getTime() / 1000) };
  return { ...record, dynamodb: { ...time, ...dynamodb }, eventSourceARN };
}

function isTrimmed(thrown: unknown): boolean {
  return TRIMMED.has((thrown as Error).name);
}

async function readRange(
  streams: DynamoDBStreamsClient,
  range: Range,
  from: "AT_SEQUENCE_NUMBER" | "TRIM_HORIZON",
): Promise<readonly StreamRecord[]> {
  const { streamArn: StreamArn, shardId: ShardId, first, last } = range;
  const [lowest, highest] = [padSequenceNumber(first), padSequenceNumber(last)];
  const records: StreamRecord[] = [];
  let after: string | undefined;
  let emptyPages = 0;
  let iterator = await open(from === "TRIM_HORIZON" ? undefined : first, "AT_SEQUENCE_NUMBER");
  while (iterator !== undefined) {
    const page = await next(iterator);
    if (page === "expired") {
      iterator = await open(after ?? first, after ? "AFTER_SEQUENCE_NUMBER" : "AT_SEQUENCE_NUMBER");
      continue;
    }
    for (const record of page.records) {
      after = record.dynamodb?.SequenceNumber ?? after;
      const position = padSequenceNumber(record.dynamodb?.SequenceNumber ?? "0");
      if (position >= lowest && position <= highest) records.push(asDelivered(record, StreamArn));
      if (position >= highest) return records;
    }
    emptyPages = page.records.length === 0 ? emptyPages + 1 : 0;
    if (emptyPages > MOST_EMPTY_PAGES) return records;
    iterator = page.iterator;
  }
  return records;

  async function open(
    SequenceNumber: string | undefined,
    type: "AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER",
  ) {
    const place =
      SequenceNumber === undefined
        ? { ShardIteratorType: "TRIM_HORIZON" as const }
        : { ShardIteratorType: type, SequenceNumber };
    const input = { StreamArn, ShardId, ...place };
    return (await streams.send(new GetShardIteratorCommand(input))).ShardIterator;
  }

  async function next(ShardIterator: string) {
    try {
      const { Records = [], NextShardIterator } = await streams.send(
        new GetRecordsCommand({ ShardIterator, Limit: 1_000 }),
      );
      return { records: Records, iterator: NextShardIterator };
    } catch (thrown) {
      if ((thrown as Error).name === "ExpiredIteratorException") return "expired" as const;
      throw thrown;
    }
  }
}
