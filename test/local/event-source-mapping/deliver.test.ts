import { EventEmitter } from "node:events";

import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { deliver } from "../../../src/local/event-source-mapping/deliver.js";
import type {
  DiscardedEvent,
  MappingEvents,
} from "../../../src/local/event-source-mapping/mapping-events.js";
import {
  DEFAULT_SETTINGS,
  type MappingSettings,
} from "../../../src/local/event-source-mapping/settings.js";
import type { MappedRecord } from "../../../src/local/event-source-mapping/stream-event.js";
import { streamRecord } from "../../support/records.js";
import { readCases } from "./cases.js";

/** A handler's answer to the sequence numbers it was given. */
type Answer = (sequenceNumbers: readonly string[]) => unknown;

function mapped(
  sequenceNumber: string,
  createdAtSeconds = Math.floor(Date.now() / 1000),
): MappedRecord {
  const record = streamRecord({
    eventName: "INSERT",
    new: { id: "x" },
    sequenceNumber,
  });
  return { record, sequenceNumber, createdAtSeconds, itemKey: "x", payloadBytes: 100 };
}

async function run(
  settings: Partial<MappingSettings>,
  records: readonly MappedRecord[],
  answer: Answer,
) {
  const events = new EventEmitter<MappingEvents>();
  const invocations: string[][] = [];
  const requestIds: string[] = [];
  const discarded: DiscardedEvent[] = [];
  const delaysMs: number[] = [];
  const progress: string[] = [];
  events.on("invoked", ({ requestId }) => requestIds.push(requestId));
  events.on("discarded", (event) => discarded.push(event));
  const finished = await deliver(
    {
      shardId: "shard",
      settings: { ...DEFAULT_SETTINGS, ...settings },
      events,
      signal: new AbortController().signal,
      sleep: async (ms) => void delaysMs.push(ms),
      function: {
        functionName: "f",
        timeoutSeconds: 3,
        memoryLimitInMB: 128,
        handler: ({ Records }) => {
          const given = Records.map(({ dynamodb }) => dynamodb?.SequenceNumber ?? "");
          invocations.push(given);
          return answer(given);
        },
      },
    },
    records,
    async ({ sequenceNumber }) => void progress.push(sequenceNumber),
  );
  return { invocations, requestIds, discarded, delaysMs, progress, finished };
}

const four = ["1", "2", "3", "4"].map((sequenceNumber) => mapped(sequenceNumber));
const throwsOn2: Answer = (given) => {
  if (given.includes("2")) throw new Error("poison");
  return { batchItemFailures: [] };
};
const reports2: Answer = (given) => ({
  batchItemFailures: given.includes("2") ? [{ itemIdentifier: "2" }] : [],
});
const sequences = ({ records }: DiscardedEvent) =>
  records.map(({ dynamodb }) => dynamodb?.SequenceNumber);
const labels = (ids: readonly string[]) =>
  ids.map((id) => String.fromCharCode(65 + [...new Set(ids)].indexOf(id)));

describe("a batch of 1, 2, 3, 4 in which 2 is bad is delivered as recorded on AWS", () => {
  const recorded: readonly [string, Partial<MappingSettings>, Answer, string, string, number][] = [
    ["retry 2, throw", { maximumRetryAttempts: 2 }, throwsOn2, "1234 1234 1234", "1234", 3],
    [
      "retry 1, throw, bisect",
      { maximumRetryAttempts: 1, bisectBatchOnFunctionError: true },
      throwsOn2,
      "1234 12 1 2 2 34",
      "2",
      2,
    ],
    [
      "retry 1, partial",
      { maximumRetryAttempts: 1, reportBatchItemFailures: true },
      reports2,
      "1234 234 234",
      "234",
      2,
    ],
    [
      "retry 1, partial, bisect",
      { maximumRetryAttempts: 1, reportBatchItemFailures: true, bisectBatchOnFunctionError: true },
      reports2,
      "1234 234 2 2 34",
      "2",
      2,
    ],
    [
      "retry 0, empty identifier",
      { maximumRetryAttempts: 0, reportBatchItemFailures: true },
      () => ({ batchItemFailures: [{ itemIdentifier: "" }] }),
      "1234",
      "1234",
      1,
    ],
  ];

  test.each(recorded)("%s", async (_name, settings, answer, invocations, given, count) => {
    const ran = await run(settings, four, answer);
    expect(ran.invocations.map((each) => each.join("")).join(" ")).toBe(invocations);
    expect(ran.discarded).toHaveLength(1);
    expect(ran.discarded.map(sequences)[0]?.join("")).toBe(given);
    expect(ran.discarded[0]).toMatchObject({
      condition: "RetryAttemptsExhausted",
      invocations: count,
    });
    expect(ran.progress.at(-1)).toBe("4");
  });

  test("a retry keeps its request id; a half or a suffix gets a new one, and no pause before it", async () => {
    const settings = { maximumRetryAttempts: 1, bisectBatchOnFunctionError: true };
    const { requestIds, delaysMs } = await run(settings, four, throwsOn2);
    expect(labels(requestIds).join("")).toBe("ABCDDE");
    expect(delaysMs).toHaveLength(1);
  });

  test("the recorded case file agrees", async () => {
    interface DeliveryCase {
      readonly name: string;
      readonly config: {
        BisectBatchOnFunctionError: boolean;
        MaximumRetryAttempts: number;
        FunctionResponseTypes: string[];
      };
      readonly invocations: readonly string[][];
    }
    for (const { name, config, invocations } of readCases<DeliveryCase>("delivery-cases")) {
      if (!/poison|thrown|partial/.test(name)) continue;
      const settings = {
        bisectBatchOnFunctionError: config.BisectBatchOnFunctionError,
        maximumRetryAttempts: config.MaximumRetryAttempts,
        reportBatchItemFailures: config.FunctionResponseTypes.length > 0,
      };
      const ran = await run(settings, four, name.startsWith("thrown") ? throwsOn2 : reports2);
      expect([name, ran.invocations]).toEqual([name, invocations]);
    }
  });
});

describe("records too old", () => {
  test("are discarded at the head, one batch, without an invocation; the fresh ones are delivered", async () => {
    const fresh = Math.floor(Date.now() / 1000);
    const records = [mapped("1", fresh - 1_000), mapped("2", fresh), mapped("3", fresh)];
    const ran = await run({ maximumRecordAgeInSeconds: 60 }, records, () => undefined);
    expect(ran.invocations).toEqual([["2", "3"]]);
    expect(ran.discarded.map(sequences)).toEqual([["1"]]);
    expect(ran.discarded[0]).toMatchObject({ condition: "RecordAgeExceeded", invocations: 1 });
  });
});

describe("whatever the handler answers,", () => {
  const answers = fc.array(fc.constantFrom("ok", "throw", "first", "middle", "junk"), {
    maxLength: 12,
  });

  test("A1: every record is delivered at least once, in order, and is settled in the end", async () => {
    await fc.assert(
      fc.asyncProperty(
        answers,
        fc.boolean(),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 1, max: 9 }),
        async (plan, bisect, retries, size) => {
          const records = Array.from({ length: size }, (_, i) => mapped(String(i + 1)));
          let call = 0;
          const ran = await run(
            {
              bisectBatchOnFunctionError: bisect,
              maximumRetryAttempts: retries,
              reportBatchItemFailures: true,
            },
            records,
            (given) => {
              const answer = plan[call++] ?? "ok";
              if (answer === "throw") throw new Error("planned");
              const itemIdentifier = {
                ok: undefined,
                first: given[0],
                middle: given[Math.floor(given.length / 2)],
                junk: "junk",
              }[answer];
              return {
                batchItemFailures: itemIdentifier === undefined ? [] : [{ itemIdentifier }],
              };
            },
          );
          expect(ran.finished).toBe(true);
          expect(ran.progress.at(-1)).toBe(String(size));
          expect(new Set(ran.invocations.flat()).size).toBe(size);
          for (const given of ran.invocations)
            expect(given).toEqual([...given].sort((a, b) => Number(a) - Number(b)));
          const firsts = ran.invocations.map((given) => Number(given[0]));
          const settled = ran.progress.map(Number);
          expect(settled).toEqual([...settled].sort((a, b) => a - b));
          expect(firsts[0]).toBe(1);
        },
      ),
      { numRuns: 300 },
    );
  });
});
