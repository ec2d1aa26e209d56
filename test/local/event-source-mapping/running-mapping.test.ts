import { describe, expect, test } from "@jest/globals";

import { createMemoryCheckpoints } from "../../../src/local/event-source-mapping/checkpoint-store.js";
import { createEventSourceMapping } from "../../../src/local/event-source-mapping/create-event-source-mapping.js";
import type { Failure } from "../../../src/local/event-source-mapping/failure-message.js";
import type { LambdaHandler } from "../../../src/local/event-source-mapping/invoke.js";
import {
  createFakeStreams,
  FAKE_STREAM_ARN,
  type FakeStreams,
} from "../../support/fake-streams.js";
import { createVirtualClock } from "../../support/virtual-clock.js";

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** A mapping in virtual time, and what its handler was given. */
function prepare(trouble: (call: string) => string | undefined = () => undefined) {
  const clock = createVirtualClock();
  const streams = createFakeStreams(1, trouble, () => clock.nowMs());
  const given: string[] = [];
  const handler: LambdaHandler = ({ Records }) => {
    given.push(...Records.map(({ dynamodb }) => dynamodb?.SequenceNumber ?? ""));
  };
  const create = (options: object = {}) =>
    createEventSourceMapping({
      ...{ streamArn: FAKE_STREAM_ARN, streams: streams.client, handler, clock },
      ...options,
    });
  return { clock, streams, given, create };
}

const write = (streams: FakeStreams, count: number) =>
  Array.from({ length: count }, () => streams.write("1"));

describe("a mapping", () => {
  test("G15: at LATEST goes on where its place was taken, though it never read a record before it stopped", async () => {
    const { clock, streams, given, create } = prepare();
    const checkpoints = createMemoryCheckpoints();
    write(streams, 5);
    await clock.sleep(3_600_000, new AbortController().signal);
    const options = { checkpoints, startingPosition: "LATEST" };
    await (await create(options)).stop();
    const written = write(streams, 3);
    await using running = await create(options);
    await until(() => given.length >= 3);
    expect(given).toEqual(written);
    expect(running.state).toBe("Enabled");
  });

  test("G15: at LATEST passes nothing over when its iterator expires before the first record", async () => {
    let expires = false;
    const { streams, given, create, clock } = prepare((call) => {
      if (call !== "GetRecordsCommand" || !expires) return undefined;
      expires = false;
      return "ExpiredIteratorException";
    });
    write(streams, 5);
    await clock.sleep(3_600_000, new AbortController().signal);
    await using running = await create({ startingPosition: "LATEST" });
    expires = true;
    const written = write(streams, 3);
    await until(() => given.length >= 3);
    expect(given).toEqual(written);
    expect(running.lastProcessingResult).toBe("OK");
  });

  test("G17: reads nothing while it is disabled, and goes on after the last record once it is enabled", async () => {
    const { streams, given, create } = prepare();
    await using running = await create({ enabled: false });
    expect(running.state).toBe("Disabled");
    const written = write(streams, 2);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(given).toEqual([]);
    await running.enable();
    await until(() => given.length === 2);
    await running.disable();
    written.push(...write(streams, 2));
    await running.enable();
    await until(() => given.length === 4);
    expect(given).toEqual(written);
    expect(running.lastProcessingResult).toBe("OK");
  });

  test("G17: without access to its stream stays enabled, says so, and goes on when it is let in", async () => {
    let denied = true;
    const { streams, given, create } = prepare((call) =>
      denied && call === "GetRecordsCommand" ? "AccessDeniedException" : undefined,
    );
    write(streams, 1);
    await using running = await create();
    await until(() => running.lastProcessingResult !== "No records processed");
    expect([running.state, running.lastProcessingResult]).toEqual([
      "Enabled",
      "PROBLEM: AccessDeniedException",
    ]);
    denied = false;
    await until(() => given.length === 1);
  });

  test("warns of more readers than two", async () => {
    const { create } = prepare();
    const mappings = [];
    const warned: string[] = [];
    for (const functionName of ["a", "b", "c"]) {
      const mapping = await create({ functionName });
      mapping.events.on("warning", ({ message }) => warned.push(message));
      mappings.push(mapping);
    }
    await until(() => warned.length > 0);
    expect(warned).toEqual([
      `3 mappings read ${FAKE_STREAM_ARN}; with more than 2 a shard, AWS throttles them all`,
    ]);
    await Promise.all(mappings.map((mapping) => mapping.stop()));
  });

  test("G14: tells its failure destination of what it gives up, and goes on where that fails", async () => {
    const { streams, create } = prepare();
    const failures: Failure[] = [];
    const warned: string[] = [];
    const onFailure = {
      send: async (failure: Failure) => {
        failures.push(failure);
        if (failures.length === 2) throw new Error("away");
      },
    };
    await using running = await create({
      batchSize: 1,
      maximumRetryAttempts: 1,
      functionName: "f",
      qualifier: "live",
      functionVersion: "7",
      onFailure,
      handler: () => {
        throw new Error("always");
      },
    });
    running.events.on("warning", ({ message }) => warned.push(message));
    write(streams, 3);
    await until(() => failures.length === 3);
    expect(failures[0]).toMatchObject({
      functionArn: "arn:aws:lambda:us-east-1:000000000000:function:f:live",
      executedVersion: "7",
      invocations: 2,
      mappingUuid: running.uuid,
    });
    expect(warned).toEqual(["failure destination: away; 1 records are dropped"]);
    expect(running.uuid).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  test("G18: keeps the state of an open window through a restart", async () => {
    const { streams, create, clock } = prepare();
    const checkpoints = createMemoryCheckpoints();
    const finals: unknown[] = [];
    const handler: LambdaHandler = ({ Records, state, isFinalInvokeForWindow }) => {
      if (isFinalInvokeForWindow) finals.push(state);
      return { state: { count: Number(state?.["count"] ?? 0) + Records.length } };
    };
    const options = { checkpoints, handler, tumblingWindowInSeconds: 60 };
    const first = await create(options);
    write(streams, 3);
    await until(() => first.caughtUpAtMs() !== undefined);
    await first.stop();
    write(streams, 2);
    await using second = await create(options);
    await clock.sleep(240_000, new AbortController().signal);
    await until(() => finals.length > 0);
    expect(finals[0]).toEqual({ count: 5 });
    expect(second.state).toBe("Enabled");
  });
});
