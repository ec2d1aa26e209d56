import type { _Record as SdkRecord, DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";

interface FakeShard {
  readonly shardId: string;
  readonly parentShardId?: string;
  readonly records: SdkRecord[];
  /** The items it holds, by their place from 0 to 1: from the first on, up to the second. */
  readonly range: readonly [number, number];
  closed: boolean;
}

/** A stream of many shards that split, whose iterators expire and whose calls are throttled, in memory. */
export interface FakeStreams {
  readonly client: DynamoDBStreamsClient;
  /** Writes a record of an item into the open shard that holds it; `n` counts the item's records from 1 on. */
  write(itemKey: string): string;
  /** Closes a shard, replacing it by two children. */
  split(shardId: string): void;
  openShards(): readonly string[];
}

export const FAKE_STREAM_ARN =
  "arn:aws:dynamodb:us-east-1:000000000000:table/fake/stream/2026-01-01T00:00:00.000";

/**
 * @param trouble called before every call, with its name; what it returns is thrown by name.
 * @param nowMs the time records are written at.
 */
export function createFakeStreams(
  shardCount: number,
  trouble: (call: string) => string | undefined = () => undefined,
  nowMs: () => number = Date.now,
): FakeStreams {
  const shards = new Map<string, FakeShard>();
  let written = 0;
  let made = 0;
  const writtenTo = new Map<string, number>();
  const add = (range: FakeShard["range"], parentShardId?: string) => {
    const shardId = `shardId-${String(made++).padStart(20, "0")}-0000000a`;
    shards.set(shardId, {
      shardId,
      range,
      records: [],
      closed: false,
      ...(parentShardId && { parentShardId }),
    });
  };
  for (let i = 0; i < shardCount; i++) add([i / shardCount, (i + 1) / shardCount]);
  const open = () => [...shards.values()].filter(({ closed }) => !closed);

  const answers: Record<string, (input: Record<string, string>) => unknown> = {
    DescribeStreamCommand: ({ ExclusiveStartShardId }) => {
      const all = [...shards.values()];
      const from = all.findIndex(({ shardId }) => shardId === ExclusiveStartShardId) + 1;
      const page = all.slice(from, from + 2);
      const Shards = page.map(({ shardId, parentShardId, closed }) => ({
        ShardId: shardId,
        ParentShardId: parentShardId,
        SequenceNumberRange: {
          StartingSequenceNumber: "0",
          ...(closed && { EndingSequenceNumber: "9" }),
        },
      }));
      const more = from + 2 < all.length;
      return {
        StreamDescription: { Shards, ...(more && { LastEvaluatedShardId: page.at(-1)?.shardId }) },
      };
    },
    GetShardIteratorCommand: ({ ShardId = "", ShardIteratorType, SequenceNumber }) => {
      const { records } = shards.get(ShardId) as FakeShard;
      const after =
        records.findIndex(({ dynamodb }) => dynamodb?.SequenceNumber === SequenceNumber) + 1;
      const at = { TRIM_HORIZON: 0, LATEST: records.length, AFTER_SEQUENCE_NUMBER: after }[
        ShardIteratorType ?? ""
      ];
      return { ShardIterator: `${ShardId}|${at}` };
    },
    GetRecordsCommand: ({ ShardIterator = "" }) => {
      const [shardId = "", at] = ShardIterator.split("|");
      const { records, closed } = shards.get(shardId) as FakeShard;
      const page = records.slice(Number(at), Number(at) + 100);
      const next = Number(at) + page.length;
      const ended = closed && next === records.length;
      return { Records: page, ...(!ended && { NextShardIterator: `${shardId}|${next}` }) };
    },
  };
  const client = {
    async send(command: { input: Record<string, string> }) {
      const name = trouble(command.constructor.name);
      if (name !== undefined) throw Object.assign(new Error(name), { name });
      return answers[command.constructor.name]?.(command.input);
    },
  };
  return {
    client: client as unknown as DynamoDBStreamsClient,
    openShards: () => open().map(({ shardId }) => shardId),
    write(itemKey) {
      const SequenceNumber = `1${String(++written).padStart(20, "0")}`;
      // An item's records are all in one line of shards, from parents to children, as they are on AWS.
      const place = (Math.imul(Number(itemKey), 0x9e3779b1) >>> 0) / 2 ** 32;
      const shard = open().find(({ range: [from, to] }) => from <= place && place < to);
      const count = (writtenTo.get(itemKey) ?? 0) + 1;
      writtenTo.set(itemKey, count);
      shard?.records.push({
        eventID: String(written),
        eventName: "INSERT",
        dynamodb: {
          ApproximateCreationDateTime: new Date(Math.floor(nowMs() / 1000) * 1000),
          Keys: { id: { S: itemKey } },
          NewImage: { id: { S: itemKey }, n: { N: String(count) } },
          SequenceNumber,
          StreamViewType: "NEW_AND_OLD_IMAGES",
        },
      });
      return SequenceNumber;
    },
    split(shardId) {
      const shard = shards.get(shardId) as FakeShard;
      shard.closed = true;
      const [from, to] = shard.range;
      const middle = (from + to) / 2;
      add([from, middle], shardId);
      add([middle, to], shardId);
    },
  };
}
