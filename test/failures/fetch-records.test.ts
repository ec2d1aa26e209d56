import type { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
import { describe, expect, test } from "@jest/globals";

import { createRecordFetcher } from "../../src/failures/fetch-records.js";

const RANGE = { streamArn: "arn", shardId: "s", first: "3", last: "6" };

/** A shard with records 1 to 9, two a page; `trouble` throws an error by name before a call. */
function shardOf(trouble: (call: string, n: number) => string | undefined, oldest = 1) {
  const counts = new Map<string, number>();
  const send = async (command: {
    constructor: { name: string };
    input: Record<string, string>;
  }) => {
    const call = command.constructor.name;
    counts.set(call, (counts.get(call) ?? 0) + 1);
    const name = trouble(call, counts.get(call)!);
    if (name) throw Object.assign(new Error(name), { name });
    const { ShardIteratorType: type, SequenceNumber, ShardIterator } = command.input;
    if (call === "GetShardIteratorCommand") {
      const at = Number(SequenceNumber ?? oldest) + (type === "AFTER_SEQUENCE_NUMBER" ? 1 : 0);
      if (at < oldest) throw Object.assign(new Error("trimmed"), { name: "TrimmedDataAccessException" }); // prettier-ignore
      return { ShardIterator: String(at) };
    }
    const from = Number(ShardIterator);
    const numbers = [from, from + 1].filter((n) => n <= 9);
    return {
      Records: numbers.map((n) => ({
        dynamodb: { SequenceNumber: String(n), ApproximateCreationDateTime: new Date(5_500) },
      })),
      ...(from < 9 && { NextShardIterator: String(from + 2) }),
    };
  };
  return { client: { send } as unknown as DynamoDBStreamsClient, counts };
}

describe("G64: records that were given up", () => {
  const numbers = ({ records }: { records: readonly { dynamodb?: { SequenceNumber?: string | undefined } | undefined }[] }) => records.map(({ dynamodb }) => dynamodb?.SequenceNumber); // prettier-ignore

  test("are read from the first to the last, as Lambda would hand them over", async () => {
    const fetched = await createRecordFetcher(shardOf(() => undefined).client)(RANGE);
    expect(numbers(fetched)).toEqual(["3", "4", "5", "6"]);
    expect(fetched.isTrimmed).toBe(false);
    expect(fetched.records[0]).toEqual({
      dynamodb: { SequenceNumber: "3", ApproximateCreationDateTime: 5 },
      eventSourceARN: "arn",
    });
  });

  test("are read on where an iterator has expired, none of them twice", async () => {
    const { client } = shardOf((call, n) => call === "GetRecordsCommand" && n === 2 ? "ExpiredIteratorException" : undefined); // prettier-ignore
    expect(numbers(await createRecordFetcher(client)(RANGE))).toEqual(["3", "4", "5", "6"]);
  });

  test("are read as far as they are there, and what is trimmed away is said", async () => {
    const trimmed = await createRecordFetcher(shardOf(() => undefined, 5).client)(RANGE);
    expect([numbers(trimmed), trimmed.isTrimmed]).toEqual([["5", "6"], true]);
    const gone = await createRecordFetcher(shardOf(() => undefined, 8).client)(RANGE);
    expect([numbers(gone), gone.isTrimmed]).toEqual([[], true]);
    const none = await createRecordFetcher(shardOf(() => "ResourceNotFoundException").client)(
      RANGE,
    );
    expect([numbers(none), none.isTrimmed]).toEqual([[], true]);
  });

  test("that cannot be had for the moment are no loss", async () => {
    const { client } = shardOf(() => "ThrottlingException");
    await expect(createRecordFetcher(client)(RANGE)).rejects.toMatchObject({ code: "unavailable" });
  });
});
