import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type { DynamoDBStreamEvent } from "aws-lambda";
import fc from "fast-check";

import type { StreamRecord } from "../../src/change/decode-record.js";
import { MillraceError } from "../../src/errors.js";
import { createStreamHandler } from "../../src/lambda/stream-handler.js";
import type { Pipeline } from "../../src/pipeline/pipeline.js";
import {
  byCustomer,
  pipelineUnderTest,
  throttled,
  totals,
} from "../pipeline/pipeline-under-test.js";
import { sequenceNumber, streamRecord } from "../support/records.js";

type Line = Record<string, unknown>;

/** Every line the handler writes, parsed: metrics and logs alike are one JSON object a line. */
let lines: Line[];
const { POWERTOOLS_DEV, POWERTOOLS_METRICS_DISABLED } = process.env;

beforeEach(() => {
  lines = [];
  // In this mode Powertools writes to the console that tests can listen to, and metrics only if told to.
  Object.assign(process.env, { POWERTOOLS_DEV: "true", POWERTOOLS_METRICS_DISABLED: "false" });
  for (const method of ["log", "info", "warn", "error", "debug"] as const) {
    jest.spyOn(console, method).mockImplementation((line: string) => {
      lines.push(JSON.parse(line) as Line);
    });
  }
});

afterEach(() => {
  jest.restoreAllMocks();
  for (const [name, value] of Object.entries({ POWERTOOLS_DEV, POWERTOOLS_METRICS_DISABLED })) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

const metricLines = () => lines.filter((line) => "_aws" in line);
const logLines = () => lines.filter((line) => !("_aws" in line));

function handlerOf(pipeline: Pick<Pipeline, "process">, logLevel: "INFO" | "DEBUG" = "INFO") {
  const handler = createStreamHandler({
    pipeline,
    logger: new Logger({ serviceName: "millrace", logLevel }),
    metrics: new Metrics({ namespace: "Millrace", serviceName: "millrace" }),
  });
  return (records: readonly StreamRecord[], remainingMs = 60_000) =>
    handler({ Records: records } as DynamoDBStreamEvent, {
      awsRequestId: "request-1",
      getRemainingTimeInMillis: () => remainingMs,
    });
}

/** A handler over a pipeline in memory; the time left runs down on the pipeline's own clock. */
function inMemory(options: Parameters<typeof pipelineUnderTest>[0] = {}) {
  const under = pipelineUnderTest({ views: [byCustomer, totals], ...options });
  return handlerOf({
    process: (records, deadline) => under.process(records, deadline.remainingMs()),
  });
}

const order = (id: string, n: number, more = {}) =>
  streamRecord({ new: { id, customer: "c", ...more }, sequenceNumber: n });

describe("the handler", () => {
  test("takes a stream event and answers with a batch response", async () => {
    expect(await inMemory()([order("1", 1)])).toEqual({ batchItemFailures: [] });
    const stuck = inMemory({
      failing: ({ owner }) => (owner === '["2"]' ? throttled() : undefined),
    });
    expect(await stuck([order("1", 1), order("2", 2), order("3", 3)], 2_000)).toEqual({
      batchItemFailures: [{ itemIdentifier: sequenceNumber(2) }],
    });
  });

  test("gives the pipeline the time that is left of the invocation", async () => {
    const remaining: number[] = [];
    const pipeline = {
      process: async (_records: unknown, deadline: { remainingMs(): number }) => {
        remaining.push(deadline.remainingMs());
        return { records: 0, unresolved: [], views: [], problems: [] };
      },
    };
    await handlerOf(pipeline)([], 1_234);
    expect(remaining).toEqual([1_234]);
  });

  test("N3: names only what is in the batch, whatever fails", async () => {
    const batches = fc.array(fc.record({ id: fc.constantFrom("1", "2", "3"), ok: fc.boolean() }), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(batches, async (plan) => {
        const bad = new Set(plan.filter(({ ok }) => !ok).map(({ id }) => `["${id}"]`));
        const handle = inMemory({
          failing: ({ owner }) => (bad.has(owner) ? throttled() : undefined),
        });
        const batch = plan.map(({ id }, i) => order(id, i + 1, { total: i }));
        const { batchItemFailures } = await handle(batch, 1_000);
        const first = plan.findIndex(({ id }) => bad.has(`["${id}"]`));
        expect(batchItemFailures).toEqual(
          first < 0 ? [] : [{ itemIdentifier: sequenceNumber(first + 1) }],
        );
      }),
      { numRuns: 50 },
    );
  });

  test("throws what the pipeline rejects with, so that Lambda delivers the whole batch again", async () => {
    const missing = new MillraceError("configuration", 'table "totals" does not exist');
    await expect(inMemory({ failing: () => missing })([order("1", 1)])).rejects.toThrow(missing);
    expect(logLines()).toMatchObject([
      {
        level: "ERROR",
        message: "batch failed; it will be delivered again",
        firstSequenceNumber: sequenceNumber(1),
        error: { message: 'table "totals" does not exist' },
      },
    ]);
  });
});

describe("metrics", () => {
  test("are one line of embedded metric format a view, in the namespace Millrace with the view as dimension", async () => {
    await inMemory()([order("1", 1), order("2", 2)]);
    expect(metricLines()).toHaveLength(2);
    const [line] = metricLines();
    expect(line).toMatchObject({
      _aws: {
        CloudWatchMetrics: [
          {
            Namespace: "Millrace",
            Dimensions: [["service", "view"]],
            Metrics: ["applied", "stale", "skipped", "unchanged", "quarantined", "unresolved", "lag"].map((Name) => ({ Name, Unit: Name === "lag" ? "Milliseconds" : "Count" })), // prettier-ignore
          },
        ],
      },
      view: "by-customer",
      applied: 2,
      stale: 0,
      skipped: 0,
      lag: 0,
    });
    expect(metricLines()[1]).toMatchObject({ view: "totals", applied: 2 });
  });

  test("G6: count what is quarantined, and a record that no view could be asked about under the view *", async () => {
    const handle = inMemory();
    const malformed = { ...order("3", 3), eventName: "UPSERT" };
    await handle([order("1", 1), order("2", 2, { poison: true }), malformed]);
    const quarantined = metricLines().map(({ view, quarantined }) => [view, quarantined]);
    expect(quarantined).toEqual([["*", 1], ["by-customer", 0], ["totals", 1]]); // prettier-ignore
  });

  test("carry nothing over from one invocation to the next", async () => {
    const handle = inMemory();
    await handle([order("1", 1)]);
    lines = [];
    await handle([order("1", 1)]);
    expect(metricLines().map(({ view, applied, stale }) => [view, applied, stale])).toEqual([
      ["by-customer", 0, 1],
      ["totals", 0, 1],
    ]);
  });
});

describe("logs", () => {
  test("tell every quarantined change as an error with view, item, sequence number and code", async () => {
    await inMemory()([order("1", 1), order("2", 2, { poison: true })]);
    expect(logLines()).toMatchObject([
      {
        level: "ERROR",
        message: "change quarantined",
        service: "millrace",
        view: "totals",
        itemKey: '["2"]',
        sequenceNumber: sequenceNumber(2),
        code: "view-failed",
        error: { name: "MillraceError" },
      },
    ]);
  });

  test("warn of every change that is left for redelivery", async () => {
    await inMemory({ views: [totals], failing: throttled })([order("1", 1)], 1_000);
    expect(logLines()).toMatchObject([
      { level: "WARN", message: "change left for redelivery", view: "totals", code: "unavailable", sequenceNumber: sequenceNumber(1) }, // prettier-ignore
    ]);
  });

  test("say nothing of a batch that went well, unless asked to, and then which records it was", async () => {
    await inMemory()([order("1", 1)]);
    expect(logLines()).toEqual([]);
    const under = pipelineUnderTest({ views: [totals] });
    await handlerOf(
      { process: (records, deadline) => under.process(records, deadline.remainingMs()) },
      "DEBUG",
    )([order("1", 1), order("2", 7)]);
    expect(logLines()).toMatchObject([
      {
        level: "DEBUG",
        message: "batch processed",
        records: 2,
        firstSequenceNumber: sequenceNumber(1),
        lastSequenceNumber: sequenceNumber(7),
      },
    ]);
  });
});
