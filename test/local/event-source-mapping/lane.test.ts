import { EventEmitter } from "node:events";

import { describe, expect, test } from "@jest/globals";

import type { Discarded } from "../../../src/local/event-source-mapping/deliver.js";
import type { LambdaEvent } from "../../../src/local/event-source-mapping/invoke.js";
import { Lane, laneOf } from "../../../src/local/event-source-mapping/lane.js";
import {
  DEFAULT_SETTINGS,
  type MappingSettings,
} from "../../../src/local/event-source-mapping/settings.js";
import { createVirtualClock } from "../../support/virtual-clock.js";
import { FUNCTION_ARN, mapped, numbersOf, STARTS_AT_MS, STREAM_ARN } from "./run-delivery.js";

const AT = STARTS_AT_MS / 1000;

function startLane(settings: Partial<MappingSettings>, answer: (event: LambdaEvent) => unknown) {
  const clock = createVirtualClock(STARTS_AT_MS);
  const calls: string[] = [];
  const discarded: Discarded[] = [];
  const lane = new Lane({
    ...{ shardId: "shard", streamArn: STREAM_ARN, clock },
    settings: { ...DEFAULT_SETTINGS, ...settings },
    events: new EventEmitter(),
    signal: new AbortController().signal,
    onDiscard: async (each) => void discarded.push(each),
    onSettled: async () => undefined,
    onRoom: () => undefined,
    function: {
      arn: FUNCTION_ARN,
      version: "$LATEST",
      async invoke(json) {
        const event = JSON.parse(json) as LambdaEvent;
        const seconds = (clock.nowMs() - STARTS_AT_MS) / 1000;
        const numbers = numbersOf(event.Records).join("") || "-";
        const state = event.state ? ` ${JSON.stringify(event.state)}` : "";
        const final = event.isFinalInvokeForWindow ? " final" : "";
        calls.push(`${seconds}s ${numbers}${state}${final}`);
        try {
          return { response: answer(event), durationMs: 0 };
        } catch (error) {
          return { error, durationMs: 0 };
        }
      },
    },
  });
  return { lane, calls, clock, discarded, running: lane.run() };
}

/** Counts records in a window's state. */
function counting({ Records, state }: LambdaEvent) {
  return { state: { count: Number(state?.["count"] ?? 0) + Records.length } };
}

describe("G18: the records of a lane in tumbling windows", () => {
  test("close a window by a call of its own as soon as one of a later window comes", async () => {
    const { lane, calls, running } = startLane({ tumblingWindowInSeconds: 10 }, counting);
    lane.add([mapped("1", AT), mapped("2", AT + 9), mapped("3", AT + 10), mapped("4", AT + 25)]);
    lane.end();
    expect(await running).toBe(true);
    expect(calls).toEqual([
      "0s 12 {}",
      '0s - {"count":2} final',
      "0s 3 {}",
      '0s - {"count":1} final',
      "0s 4 {}",
      '0s - {"count":1} final',
    ]);
  });

  test("close a window also where none comes, some time after its end", async () => {
    const { lane, calls, clock, running } = startLane({ tumblingWindowInSeconds: 10 }, counting);
    lane.add([mapped("1", AT)]);
    await clock.sleep(200_000, new AbortController().signal);
    lane.end();
    await running;
    expect(calls).toEqual(["0s 1 {}", '130s - {"count":1} final']);
  });

  test("go on in the next window with an empty state when the last call of one fails for good", async () => {
    const settings = { tumblingWindowInSeconds: 10, maximumRetryAttempts: 1 };
    const { lane, calls, discarded, running } = startLane(settings, (event) => {
      if (event.isFinalInvokeForWindow) throw new Error("final");
      return counting(event);
    });
    lane.add([mapped("1", AT), mapped("2", AT + 10)]);
    lane.end();
    await running;
    expect(calls.slice(0, 4)).toEqual([
      "0s 1 {}",
      '0s - {"count":1} final',
      '0.2s - {"count":1} final',
      "0.2s 2 {}",
    ]);
    expect(discarded[0]).toMatchObject({
      condition: "RetryAttemptsExhausted",
      attempt: { records: [] },
      call: { isFinal: true, isTerminatedEarly: false },
    });
  });
});

describe("the records of a lane", () => {
  test("wait for the batching window, which begins when the invocation before ends", async () => {
    const settings = { batchSize: 2, maximumBatchingWindowInSeconds: 5 };
    const { lane, calls, clock, running } = startLane(settings, () => undefined);
    const wait = (ms: number) => clock.sleep(ms, new AbortController().signal);
    lane.add(["1", "2", "3"].map((each) => mapped(each)));
    await wait(5_500);
    lane.add([mapped("4")]);
    await wait(60_000);
    lane.add([mapped("5")]);
    await wait(10_000);
    lane.end();
    await running;
    expect(calls).toEqual(["0s 12", "5s 3", "10s 4", "70.5s 5"]);
  });

  test("of one item are always in the same lane", () => {
    const lanes = Array.from({ length: 100 }, (_, i) => laneOf(`item-${i}`, 10));
    expect(new Set(lanes).size).toBe(10);
    expect(Array.from({ length: 100 }, (_, i) => laneOf(`item-${i}`, 10))).toEqual(lanes);
    expect(laneOf("item", 1)).toBe(0);
  });
});
