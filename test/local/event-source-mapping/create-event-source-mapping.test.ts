import { describe, expect, test } from "@jest/globals";

import { createMemoryCheckpoints } from "../../../src/local/event-source-mapping/checkpoint-store.js";
import {
  createEventSourceMapping,
  type EventSourceMapping,
} from "../../../src/local/event-source-mapping/create-event-source-mapping.js";
import type { LambdaHandler } from "../../../src/local/event-source-mapping/invoke.js";
import {
  createFakeStreams,
  FAKE_STREAM_ARN,
  type FakeStreams,
} from "../../support/fake-streams.js";
import { createVirtualClock } from "../../support/virtual-clock.js";

const noMore = () => new Promise((resolve) => setTimeout(resolve, 1));
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await noMore();
}

/** A handler that remembers what it settled, and fails as it is told. */
function recordingHandler(fails: () => boolean) {
  const settled = new Map<string, string[]>();
  const handler: LambdaHandler = ({ Records }) => {
    for (const { dynamodb } of Records) {
      const sequenceNumber = dynamodb?.SequenceNumber ?? "";
      if (fails()) return { batchItemFailures: [{ itemIdentifier: sequenceNumber }] };
      const item = dynamodb?.Keys?.["id"]?.S ?? "";
      settled.set(item, [...(settled.get(item) ?? []), sequenceNumber]);
    }
    return { batchItemFailures: [] };
  };
  const firstDeliveries = () => [...settled.values()].map((all) => [...new Set(all)]);
  return { handler, firstDeliveries, count: () => new Set([...settled.values()].flat()).size };
}

function mapping(streams: FakeStreams, handler: LambdaHandler, options = {}) {
  return createEventSourceMapping({
    streamArn: FAKE_STREAM_ARN,
    streams: streams.client,
    handler,
    batchSize: 20,
    reportBatchItemFailures: true,
    ...options,
  });
}

function expectInOrder(deliveries: readonly string[][]): void {
  for (const delivered of deliveries) expect(delivered).toEqual([...delivered].sort());
}

describe("G15: a mapping of a stream of four shards", () => {
  test("A1: delivers every record, in order per item, while iterators expire and calls are throttled", async () => {
    let calls = 0;
    const names = ["ExpiredIteratorException", "LimitExceededException"];
    const streams = createFakeStreams(4, () =>
      ++calls % 7 === 0 && calls > 20 ? names[calls % 2] : undefined,
    );
    const { handler, firstDeliveries, count } = recordingHandler(() => false);
    for (let i = 0; i < 2_000; i++) streams.write(String(i % 50));
    await using running = await mapping(streams, handler);
    await until(() => count() === 2_000);
    expectInOrder(firstDeliveries());
    expect(running.functionName).toBe("function");
  });

  test.each([1, 4])(
    "with parallelization %d, delivers in order per item although the handler fails now and then",
    async (parallelizationFactor) => {
      let calls = 0;
      const streams = createFakeStreams(4);
      const { handler, firstDeliveries, count } = recordingHandler(() => ++calls % 97 === 0);
      for (let i = 0; i < 2_000; i++) streams.write(String(i % 50));
      await using running = await mapping(streams, handler, { parallelizationFactor });
      await until(() => count() === 2_000);
      expectInOrder(firstDeliveries());
      expect(running.streamArn).toBe(FAKE_STREAM_ARN);
    },
  );

  test("reads a closed shard to its end before its children", async () => {
    const streams = createFakeStreams(2);
    const [first = ""] = streams.openShards();
    for (let i = 0; i < 300; i++) streams.write(String(i % 10));
    streams.split(first);
    for (let i = 0; i < 300; i++) streams.write(String(i % 10));
    const { handler, count } = recordingHandler(() => false);
    const ended: string[] = [];
    const started: string[] = [];
    await using running = await mapping(streams, handler);
    running.events.on("shardEnd", ({ shardId }) => ended.push(shardId));
    running.events.on("invoked", ({ shardId }) => {
      if (!started.includes(shardId)) started.push(shardId);
      if (shardId > streams.openShards()[0]! && shardId !== streams.openShards()[0])
        expect(ended).toContain(first);
    });
    await until(() => count() === 600);
    expect(ended).toEqual([first]);
  });

  test("G11: goes on from its checkpoints after a stop, delivering nothing twice and nothing never", async () => {
    const streams = createFakeStreams(4);
    const checkpoints = createMemoryCheckpoints();
    const { handler, firstDeliveries, count } = recordingHandler(() => false);
    let invocations = 0;
    const counting: LambdaHandler = (event, context, callback) => {
      invocations += event.Records.length;
      return handler(event, context, callback);
    };
    for (let i = 0; i < 500; i++) streams.write(String(i % 50));
    const before = await mapping(streams, counting, { checkpoints });
    await until(() => count() >= 100);
    await before.stop();
    for (let i = 0; i < 500; i++) streams.write(String(i % 50));
    await using after = await mapping(streams, counting, { checkpoints });
    await until(() => count() === 1_000);
    expectInOrder(firstDeliveries());
    expect(invocations).toBe(1_000);
    await until(() => after.caughtUpAtMs() !== undefined);
  });

  test("has not caught up when an iterator from before the first record is refused", async () => {
    const clock = createVirtualClock();
    const started: { mapping?: EventSourceMapping } = {};
    let writtenAtMs: number | undefined;
    let caughtUpAtMs: number | undefined;
    const streams = createFakeStreams(1, (call) => {
      if (call === "GetShardIteratorCommand" && writtenAtMs !== undefined)
        caughtUpAtMs = started.mapping?.caughtUpAtMs();
      if (call !== "GetRecordsCommand" || !started.mapping?.caughtUpAtMs() || writtenAtMs)
        return undefined;
      writtenAtMs = clock.nowMs();
      streams.write("1");
      return "TrimmedDataAccessException";
    });
    const { handler, count } = recordingHandler(() => false);
    started.mapping = await mapping(streams, handler, { clock });
    await until(() => count() === 1);
    await started.mapping.stop();
    expect(caughtUpAtMs).toBeLessThan(writtenAtMs!);
  });

  test("at LATEST delivers what is written after it is enabled, and nothing older", async () => {
    const streams = createFakeStreams(2);
    for (let i = 0; i < 10; i++) streams.write(String(i));
    const { handler, firstDeliveries, count } = recordingHandler(() => false);
    await using running = await mapping(streams, handler, { startingPosition: "LATEST" });
    const written = streams.write("3");
    await until(() => count() === 1);
    expect(firstDeliveries()).toEqual([[written]]);
    expect(running.functionName).toBe("function");
  });

  test("waits for the batching window, and sends a full batch at once", async () => {
    const clock = createVirtualClock();
    const streams = createFakeStreams(1, undefined, () => clock.nowMs());
    const calls: { readonly size: number; readonly atMs: number }[] = [];
    const handler: LambdaHandler = ({ Records }) =>
      void calls.push({ size: Records.length, atMs: clock.nowMs() });
    for (let i = 0; i < 5; i++) streams.write("1");
    await using running = await mapping(streams, handler, {
      batchSize: 2,
      maximumBatchingWindowInSeconds: 5,
      clock,
    });
    await until(() => calls.length === 3);
    expect(calls.map(({ size }) => size)).toEqual([2, 2, 1]);
    expect(calls[2]!.atMs - calls[1]!.atMs).toBe(5_000);
    expect(running.functionName).toBe("function");
  });

  test("passes over what its filter does not accept", async () => {
    const streams = createFakeStreams(1);
    for (let i = 0; i < 40; i++) streams.write(String(i % 2));
    const { handler, firstDeliveries, count } = recordingHandler(() => false);
    await using running = await mapping(streams, handler, {
      filterPatterns: ['{"dynamodb":{"Keys":{"id":{"S":["1"]}}}}'],
    });
    await until(() => running.caughtUpAtMs() !== undefined);
    expect(count()).toBe(20);
    expect(firstDeliveries()).toHaveLength(1);
  });

  test("refuses settings out of range in AWS's words, all together", async () => {
    const wrong = { batchSize: 10_001, maximumRecordAgeInSeconds: 59 };
    await expect(mapping(createFakeStreams(1), () => undefined, wrong)).rejects.toMatchObject({
      code: "configuration",
      message: expect.stringMatching(
        /Value '10001' at 'batchSize' failed to satisfy constraint: Member must have value less than or equal to 10000[^]*MaximumRecordAgeInSeconds must be either -1 \(forever\) or between 60 and 604800/,
      ),
    });
  });

  test("names a stream that does not exist", async () => {
    const streams = createFakeStreams(1, () => "ResourceNotFoundException");
    await expect(mapping(streams, () => undefined)).rejects.toMatchObject({
      code: "configuration",
      message: expect.stringContaining(`Stream not found: ${FAKE_STREAM_ARN}`),
    });
  });
});
