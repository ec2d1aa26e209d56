import type { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
import { describe, expect, test } from "@jest/globals";

import type { ShardPosition } from "../../../src/local/event-source-mapping/shard-graph.js";
import { openShard } from "../../../src/local/event-source-mapping/stream-reader.js";

type Answer = object | string;

/** A reader of a shard whose calls get these answers, one after the other; a text is an error of that name. */
function reading(start: ShardPosition, answers: readonly Answer[]) {
  const asked: string[] = [];
  const gaps: string[] = [];
  const left = [...answers];
  const streams = {
    async send({ input }: { input: Record<string, string> }) {
      asked.push(
        [input["ShardIteratorType"], input["SequenceNumber"] ?? input["ShardIterator"]]
          .filter((part) => part !== undefined)
          .join(" "),
      );
      const answer = left.shift() ?? {};
      if (typeof answer === "string")
        throw Object.assign(new Error(answer), { name: answer.split(":")[0] });
      return answer;
    },
  } as unknown as DynamoDBStreamsClient;
  const shard = { streamArn: "arn", shardId: "shard" };
  const reader = openShard(
    streams,
    shard,
    start,
    (gap) => gaps.push(gap),
    () => 1_000_000_000,
  );
  return { reader, asked, gaps };
}

const record = (SequenceNumber: string, ageMs = 0) => ({
  dynamodb: { SequenceNumber, ApproximateCreationDateTime: new Date(1_000_000_000 - ageMs) },
});
const after = (sequenceNumber: string) => ({ type: "AFTER", sequenceNumber }) as const;

describe("G15: a shard", () => {
  test("whose iterator expired is read on after the last record", async () => {
    const { reader, asked } = reading({ type: "TRIM_HORIZON" }, [
      { ShardIterator: "i1" },
      { Records: [record("7")], NextShardIterator: "i2" },
      "ExpiredIteratorException",
      { ShardIterator: "i3" },
      { Records: [], NextShardIterator: "i4" },
    ]);
    await reader.next();
    await expect(reader.next()).rejects.toThrow("ExpiredIteratorException");
    await reader.next();
    expect(asked).toEqual(["TRIM_HORIZON", "i1", "i2", "AFTER_SEQUENCE_NUMBER 7", "i3"]);
  });

  test("keeps its iterator through throttling", async () => {
    const { reader, asked } = reading({ type: "TRIM_HORIZON" }, [
      { ShardIterator: "i1" },
      "LimitExceededException",
      { Records: [], NextShardIterator: "i2" },
    ]);
    await expect(reader.next()).rejects.toThrow();
    expect((await reader.next()).isLast).toBe(false);
    expect(asked).toEqual(["TRIM_HORIZON", "i1", "i1"]);
  });

  test("that is gone has ended; one whose iterator DynamoDB Local forgot has not", async () => {
    const gone = reading(after("7"), ["ResourceNotFoundException"]);
    expect(await gone.reader.next()).toMatchObject({ records: [], isLast: true });
    const forgotten = reading(after("7"), [
      "ResourceNotFoundException: Invalid ShardId in ShardIterator",
    ]);
    await expect(forgotten.reader.next()).rejects.toThrow("Invalid ShardId");
  });

  test("that was trimmed is read from its oldest record on, and the gap is told", async () => {
    const { reader, asked, gaps } = reading(after("7"), [
      "TrimmedDataAccessException",
      { ShardIterator: "i1" },
      { Records: [record("9")], NextShardIterator: "i2" },
    ]);
    await expect(reader.next()).rejects.toThrow();
    expect((await reader.next()).records).toHaveLength(1);
    expect(asked).toEqual(["AFTER_SEQUENCE_NUMBER 7", "TRIM_HORIZON", "i1"]);
    expect(gaps[0]).toMatch(/shard shard: the records after 7 are trimmed away/);
  });

  test("at LATEST that DynamoDB Local calls trimmed is read on without a gap, and without what is older", async () => {
    const { reader, asked, gaps } = reading({ type: "LATEST" }, [
      { ShardIterator: "i1" },
      "TrimmedDataAccessException",
      { ShardIterator: "i2" },
      { Records: [record("1", 3_600_000), record("2")], NextShardIterator: "i3" },
    ]);
    expect(await reader.open()).toEqual({ type: "LATEST", sinceMs: 1_000_000_000 });
    expect(await reader.next()).toMatchObject({
      ...{ records: [], isLast: false, isFull: true },
    });
    const { records, isFull } = await reader.next();
    expect(records.map(({ dynamodb }) => dynamodb?.SequenceNumber)).toEqual(["2"]);
    expect(isFull).toBe(true);
    expect(asked).toEqual(["LATEST", "i1", "TRIM_HORIZON", "i2"]);
    expect(gaps).toEqual([]);
  });

  test("without another iterator has ended", async () => {
    const { reader } = reading(after("7"), [{ ShardIterator: "i1" }, { Records: [record("8")] }]);
    expect(await reader.next()).toMatchObject({ isLast: true, records: [record("8")] });
  });
});
