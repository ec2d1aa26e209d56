import { describe, expect, test } from "@jest/globals";

import type { Discarded } from "../../../src/local/event-source-mapping/deliver.js";
import {
  type DestinationKind,
  type Failure,
  failureMessage,
  failureObjectKey,
} from "../../../src/local/event-source-mapping/failure-message.js";
import { openWindow } from "../../../src/local/event-source-mapping/tumbling-window.js";
import { readCases } from "./cases.js";
import {
  FUNCTION_ARN,
  mapped,
  records,
  runDelivery,
  STARTS_AT_MS,
  STREAM_ARN,
} from "./run-delivery.js";

interface MessageCase {
  readonly name: string;
  readonly config: {
    readonly BatchSize: number;
    readonly MaximumRetryAttempts: number;
    readonly MaximumRecordAgeInSeconds?: number;
    readonly TumblingWindowInSeconds?: number;
    readonly BisectBatchOnFunctionError?: boolean;
    readonly FunctionResponseTypes?: readonly string[];
  };
  readonly cause: string | { readonly response: unknown };
  readonly destination: string;
  readonly body: {
    readonly requestContext: object;
    readonly responseContext?: object;
    readonly payload?: unknown;
    readonly timeWindowInfo?: object;
    readonly [batchInfo: string]: unknown;
  };
  readonly keyOrder: readonly string[];
}

function failureOf({ attempt, ...discarded }: Discarded, version = "$LATEST"): Failure {
  return {
    ...discarded,
    requestId: attempt.requestId,
    functionArn: version === "$LATEST" ? FUNCTION_ARN : `${FUNCTION_ARN}:alias`,
    executedVersion: version,
    invocations: attempt.invocations,
    atMs: STARTS_AT_MS + 11,
    mappingUuid: "11111111-2222-5333-a444-555555555555",
    streamArn: STREAM_ARN,
    records: attempt.records.map(({ record }) => record),
  };
}

/** Runs what a case describes: how many records, which of them is bad, what the handler does. */
async function discardedBy({ config, cause, name }: MessageCase) {
  const report = /(second|sixth|record 2)/.test(JSON.stringify(cause)) && typeof cause === "string";
  const numbers = report && name.includes("six") ? ["4", "5", "2"] : ["1", "2", "3", "4"];
  const old = mapped("1", STARTS_AT_MS / 1000 - 80);
  const batch = name.includes("RecordAge")
    ? [old, ...records("3", "4", "5", "6", "7")]
    : records(...(report || /batch of 4/.test(name) ? numbers : ["2"]));
  const age = config.MaximumRecordAgeInSeconds;
  const window = config.TumblingWindowInSeconds
    ? { ...openWindow(STARTS_AT_MS / 1000, config.TumblingWindowInSeconds), state: { count: 2 } }
    : undefined;
  return runDelivery(
    {
      maximumRetryAttempts: config.MaximumRetryAttempts,
      bisectBatchOnFunctionError: config.BisectBatchOnFunctionError ?? false,
      reportBatchItemFailures: config.FunctionResponseTypes !== undefined,
      ...(age !== undefined && { maximumRecordAgeInSeconds: age }),
    },
    window ? [] : batch,
    (given) => {
      if (typeof cause !== "string") return cause.response;
      if (cause.includes("throws")) throw new Error("always");
      return { batchItemFailures: given.includes("2") ? [{ itemIdentifier: "2" }] : [] };
    },
    window,
  );
}

/** Placeholders of a recorded message stand for anything of their form. */
function withPlaceholders(value: unknown): unknown {
  if (typeof value === "string") {
    if (value.includes("whole seconds") || /T[\d:]{8}Z$/.test(value) || value === "<same form>")
      return expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    if (value.includes("milliseconds") || /T[\d:.]{12}Z$/.test(value))
      return expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    return /[<>]|\d{10}|shardId|^1$/.test(value) ? expect.any(String) : value;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, withPlaceholders(each)]);
  return Object.fromEntries(entries) as unknown;
}

describe("G14: what is told of records that are given up has the shape recorded on AWS", () => {
  // Kinesis tells arrival times in milliseconds and names its part otherwise; everything else is the same.
  const cases = readCases<MessageCase>("failure-destination-cases");

  test.each(cases)("$name", async (each) => {
    const { discarded } = await discardedBy(each);
    const kind = /s3|sns|sqs/.exec(each.destination)?.[0] as DestinationKind;
    const version = each.name.startsWith("native") ? "1" : "$LATEST";
    expect(discarded).toHaveLength(1);
    const message = failureMessage(failureOf(discarded[0]!, version), kind);
    const isKinesis = "KinesisBatchInfo" in each.body;
    const { KinesisBatchInfo, DDBStreamBatchInfo = KinesisBatchInfo, ...body } = each.body;
    const batchInfo = isKinesis
      ? Object.fromEntries(
          Object.entries(DDBStreamBatchInfo as object).map(([key, value]) =>
            key.startsWith("approx") ? [key, "<whole seconds>"] : [key, value as unknown],
          ),
        )
      : DDBStreamBatchInfo;
    const expected = withPlaceholders({ ...body, DDBStreamBatchInfo: batchInfo }) as object;
    const payload = each.body.payload === undefined ? {} : { payload: expect.any(String) };
    expect(message).toEqual({
      ...expected,
      ...payload,
      ...(each.body.timeWindowInfo && {
        timeWindowInfo: { ...each.body.timeWindowInfo, window: expect.anything() },
      }),
    });
    if (!isKinesis) expect(Object.keys(message)).toEqual(each.keyOrder);
  });

  test("G14: a bucket gets the event of the last try as text, between version and timestamp", async () => {
    const { discarded } = await runDelivery({ maximumRetryAttempts: 0 }, records("1"), () => {
      throw new Error("always");
    });
    const message = failureMessage(failureOf(discarded[0]!), "s3");
    expect(Object.keys(message).slice(2, 5)).toEqual(["version", "payload", "timestamp"]);
    expect(message["payload"]).toContain('"ApproximateCreationDateTime":1.8E9,');
    expect(JSON.parse(message["payload"] as string)).toMatchObject({
      Records: [{ dynamodb: { SequenceNumber: "1" } }],
    });
    expect(failureMessage(failureOf(discarded[0]!), "sqs")).not.toHaveProperty("payload");
  });

  test("an object's key tells mapping, shard and time in UTC", () => {
    const atMs = Date.UTC(2026, 8, 7, 3, 4, 5, 678);
    expect(failureObjectKey({ mappingUuid: "m", shardId: "s", atMs }, "u")).toBe(
      "aws/lambda/m/s/2026/09/07/2026-09-07T03.04.05-u",
    );
  });
});
