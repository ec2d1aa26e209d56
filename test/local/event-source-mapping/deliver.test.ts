import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import type { MappingSettings } from "../../../src/local/event-source-mapping/settings.js";
import { readCases } from "./cases.js";
import {
  type Answer,
  givenUp,
  lettersOf,
  mapped,
  records,
  runDelivery,
  STARTS_AT_MS,
} from "./run-delivery.js";

const four = records("1", "2", "3", "4");
const throwsOn2: Answer = (given) => {
  if (given.includes("2")) throw new Error("poison");
  return { batchItemFailures: [] };
};
const reports2: Answer = (given) => ({
  batchItemFailures: given.includes("2") ? [{ itemIdentifier: "2" }] : [],
});

describe("G13: a batch of 1, 2, 3, 4 in which 2 is bad is delivered as recorded on AWS", () => {
  const reporting = { reportBatchItemFailures: true };
  const bisecting = { bisectBatchOnFunctionError: true };
  const empty: Answer = () => ({ batchItemFailures: [{ itemIdentifier: "" }] });
  const recorded: readonly [string, Partial<MappingSettings>, Answer, string, string, number][] = [
    ["retry 2, throw", { maximumRetryAttempts: 2 }, throwsOn2, "1234 1234 1234", "1234", 3],
    [
      "retry 1, throw, bisect",
      { maximumRetryAttempts: 1, ...bisecting },
      ...([throwsOn2, "1234 12 1 2 2 34", "2", 2] as const),
    ],
    [
      "retry 1, throw, bisect and reporting",
      { maximumRetryAttempts: 1, ...bisecting, ...reporting },
      ...([throwsOn2, "1234 12 1 2 2 34", "2", 2] as const),
    ],
    [
      "retry 1, partial",
      { maximumRetryAttempts: 1, ...reporting },
      ...([reports2, "1234 234 234", "234", 2] as const),
    ],
    [
      "retry 1, partial, bisect",
      { maximumRetryAttempts: 1, ...reporting, ...bisecting },
      ...([reports2, "1234 234 2 2 34", "2", 2] as const),
    ],
    [
      "retry 0, empty identifier",
      { maximumRetryAttempts: 0, ...reporting },
      ...([empty, "1234", "1234", 1] as const),
    ],
  ];

  test.each(recorded)("%s", async (_name, settings, answer, invocations, given, count) => {
    const ran = await runDelivery(settings, four, answer);
    expect(ran.invocations.map((each) => each.join("")).join(" ")).toBe(invocations);
    expect(ran.discarded.map(givenUp).map((each) => each.join(""))).toEqual([given]);
    expect(ran.discarded[0]).toMatchObject({
      condition: "RetryAttemptsExhausted",
      attempt: { invocations: count },
      thrown: answer === throwsOn2,
    });
    expect(ran.settled).toEqual(["1", "2", "3", "4"]);
  });

  test("G13: a retry keeps its request id and waits; a half or a suffix gets a new one, at once", async () => {
    const settings = { maximumRetryAttempts: 1, ...bisecting };
    const { requestIds, delaysMs } = await runDelivery(settings, four, throwsOn2);
    expect(lettersOf(requestIds)).toBe("ABCDDE");
    expect(delaysMs).toEqual([200]);
  });
});

interface DeliveryCase {
  readonly name: string;
  readonly config: {
    readonly BatchSize: number;
    readonly BisectBatchOnFunctionError: boolean;
    readonly MaximumRetryAttempts: number;
    readonly FunctionResponseTypes: readonly string[];
  };
  readonly handler: string;
  readonly invocations: readonly string[][];
  readonly requestIds?: readonly string[];
  readonly destination: {
    readonly condition: string;
    readonly approximateInvokeCount: number;
    readonly functionError: string | null;
    readonly start: string;
    readonly end: string;
  } | null;
}

describe("recorded runs of one batch", () => {
  // Of those in the file, one is about the batching window and one about the place at LATEST: tested with a mapping.
  const cases = readCases<DeliveryCase>("delivery-cases").filter(
    ({ handler }) => handler !== "succeeds",
  );

  test.each(cases)("$name", async ({ config, handler, ...expected }) => {
    const answer = handler.startsWith("throws") ? throwsOn2 : reports2;
    const settings = {
      bisectBatchOnFunctionError: config.BisectBatchOnFunctionError,
      maximumRetryAttempts: config.MaximumRetryAttempts,
      reportBatchItemFailures: config.FunctionResponseTypes.length > 0,
    };
    const ran = await runDelivery(settings, four, answer);
    expect(ran.invocations).toEqual(expected.invocations);
    if (expected.requestIds) expect(lettersOf(ran.requestIds)).toBe(expected.requestIds.join(""));
    const { destination } = expected;
    expect(ran.discarded).toHaveLength(destination ? 1 : 0);
    if (!destination) return;
    expect(ran.discarded[0]).toMatchObject({
      condition: destination.condition,
      thrown: destination.functionError !== null,
      attempt: { invocations: destination.approximateInvokeCount },
    });
    expect([givenUp(ran.discarded[0]!)[0], givenUp(ran.discarded[0]!).at(-1)]).toEqual([
      destination.start,
      destination.end,
    ]);
  });
});

interface ScenarioCase {
  readonly name: string;
  readonly kind: string;
  readonly outcome: string;
  readonly response?: unknown;
  readonly throws?: boolean;
  readonly batch?: readonly string[];
  readonly batchSize?: number;
  readonly records?: readonly string[];
  readonly bisectBatchOnFunctionError?: boolean;
  readonly maximumRetryAttempts?: number;
  readonly expect?: {
    readonly invocations?: number;
    readonly recordsPerInvocation?: readonly string[][];
    readonly deliveriesPerRecord?: Readonly<Record<string, number>>;
    readonly nextBatch?: readonly string[];
    readonly retried?: readonly string[];
    readonly split?: readonly string[][];
    readonly destination?: { readonly approximateInvokeCount: number; readonly batchSize: number };
  };
}

describe("what follows a recorded response", () => {
  const cases = readCases<ScenarioCase>("response-cases").filter(
    ({ outcome, expect: expected }) => outcome !== "unknown" && expected,
  );

  test.each(cases)("$name", async (each) => {
    const expected = each.expect ?? {};
    const all = each.records ?? each.batch ?? [];
    const bad = all.filter((record) => record.includes("should_fail"));
    const size = each.batchSize ?? all.length;
    const settings = {
      maximumRetryAttempts: each.maximumRetryAttempts ?? 0,
      reportBatchItemFailures: true,
      bisectBatchOnFunctionError: each.bisectBatchOnFunctionError ?? false,
    };
    const invocations: string[][] = [];
    const discarded = [];
    for (let i = 0; i < all.length; i += size) {
      const ran = await runDelivery(settings, records(...all.slice(i, i + size)), (given) => {
        if (each.throws) throw new Error("planned");
        if (each.kind !== "scenario") return each.response;
        const failed = given.filter((record) => bad.includes(record));
        return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
      });
      invocations.push(...ran.invocations);
      discarded.push(...ran.discarded);
    }
    if (expected.invocations !== undefined) expect(invocations).toHaveLength(expected.invocations);
    if (expected.recordsPerInvocation) expect(invocations).toEqual(expected.recordsPerInvocation);
    if (expected.nextBatch) expect(invocations[1]).toEqual(expected.nextBatch);
    if (expected.retried && each.outcome === "partial-failure")
      expect(invocations[1]).toEqual(expected.retried);
    if (expected.split) expect(invocations.slice(1)).toContainEqual(expected.split[1]);
    for (const [record, count] of Object.entries(expected.deliveriesPerRecord ?? {}))
      expect(invocations.flat().filter((given) => given.startsWith(record))).toHaveLength(count);
    if (expected.destination) {
      expect(discarded).toHaveLength(1);
      expect(discarded[0]?.attempt.invocations).toBe(expected.destination.approximateInvokeCount);
      expect(discarded[0]?.attempt.records).toHaveLength(expected.destination.batchSize);
    }
  });
});

describe("records too old", () => {
  const now = STARTS_AT_MS / 1000;

  test("G13: are discarded at the head, one batch, without an invocation; the fresh ones are delivered", async () => {
    const batch = [mapped("1", now - 1_000), mapped("2", now), mapped("3", now)];
    const ran = await runDelivery({ maximumRecordAgeInSeconds: 60 }, batch, () => undefined);
    expect(ran.invocations).toEqual([["2", "3"]]);
    expect(ran.discarded.map(givenUp)).toEqual([["1"]]);
    expect(ran.discarded[0]).toMatchObject({
      condition: "RecordAgeExceeded",
      attempt: { invocations: 1 },
    });
  });

  test("are discarded between tries too, once they have become too old", async () => {
    const ran = await runDelivery({ maximumRecordAgeInSeconds: 60 }, [mapped("1", now)], () => {
      throw new Error("for ever");
    });
    expect(ran.discarded).toHaveLength(1);
    expect(ran.discarded[0]?.condition).toBe("RecordAgeExceeded");
    expect(ran.discarded[0]?.attempt.invocations).toBe(ran.invocations.length);
    expect(ran.delaysMs.slice(0, 4)).toEqual([200, 400, 800, 1_600]);
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
        async (plan, bisectBatchOnFunctionError, maximumRetryAttempts, size) => {
          const numbers = Array.from({ length: size }, (_, i) => String(i + 1));
          let call = 0;
          const ran = await runDelivery(
            { bisectBatchOnFunctionError, maximumRetryAttempts, reportBatchItemFailures: true },
            records(...numbers),
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
          expect(ran.result.finished).toBe(true);
          expect(ran.settled).toEqual(numbers);
          expect(new Set(ran.invocations.flat()).size).toBe(size);
          for (const given of ran.invocations)
            expect(given).toEqual([...given].sort((a, b) => Number(a) - Number(b)));
        },
      ),
      { numRuns: 200 },
    );
  });
});
