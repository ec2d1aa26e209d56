import { EventEmitter } from "node:events";

import type { DynamoDBRecord } from "aws-lambda";

import { deliver, type Discarded } from "../../../src/local/event-source-mapping/deliver.js";
import type { LambdaEvent } from "../../../src/local/event-source-mapping/invoke.js";
import type {
  InvokedEvent,
  MappingEvents,
} from "../../../src/local/event-source-mapping/mapping-events.js";
import {
  DEFAULT_SETTINGS,
  type MappingSettings,
} from "../../../src/local/event-source-mapping/settings.js";
import {
  type MappedRecord,
  toMappedRecord,
} from "../../../src/local/event-source-mapping/stream-event.js";
import type { OpenWindow } from "../../../src/local/event-source-mapping/tumbling-window.js";
import { createVirtualClock } from "../../support/virtual-clock.js";

/** When virtual time begins, Unix milliseconds. */
export const STARTS_AT_MS = 1_800_000_000_000;
export const STREAM_ARN =
  "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/2026-09-17T13:26:53.746";
export const FUNCTION_ARN = "arn:aws:lambda:us-east-1:000000000000:function:f";

/** A handler's answer to the sequence numbers it was given; what it throws is the function's error. */
export type Answer = (sequenceNumbers: readonly string[], event: LambdaEvent) => unknown;

/** A record of one item. */
export function mapped(
  sequenceNumber: string,
  createdAtSeconds = STARTS_AT_MS / 1000,
): MappedRecord {
  const dynamodb = {
    ApproximateCreationDateTime: new Date(createdAtSeconds * 1000),
    Keys: { id: { S: "x" } },
    SequenceNumber: sequenceNumber,
  };
  return toMappedRecord({ eventID: sequenceNumber, eventName: "INSERT", dynamodb }, STREAM_ARN);
}

/** Records of these sequence numbers, written just now. */
export const records = (...numbers: readonly string[]) => numbers.map((each) => mapped(each));

/** Delivers a batch in virtual time and tells everything that came of it. */
export async function runDelivery(
  settings: Partial<MappingSettings>,
  batch: readonly MappedRecord[],
  answer: Answer,
  window?: OpenWindow,
) {
  const events = new EventEmitter<MappingEvents>();
  const clock = createVirtualClock(STARTS_AT_MS);
  const calls: LambdaEvent[] = [];
  const invoked: InvokedEvent[] = [];
  const discarded: Discarded[] = [];
  const settled: string[] = [];
  events.on("invoked", (event) => invoked.push(event));
  const result = await deliver(
    {
      ...{ shardId: "shard", streamArn: STREAM_ARN, events, clock },
      settings: { ...DEFAULT_SETTINGS, ...settings },
      signal: new AbortController().signal,
      onDiscard: async (each) => void discarded.push(each),
      function: {
        arn: FUNCTION_ARN,
        version: "$LATEST",
        async invoke(json) {
          const event = JSON.parse(json) as LambdaEvent;
          calls.push(event);
          try {
            const response = answer(numbersOf(event.Records), event);
            return { response, durationMs: 0 };
          } catch (error) {
            return { error, durationMs: 0 };
          }
        },
      },
    },
    {
      records: batch,
      ...(window && { call: { window, isFinal: batch.length === 0, isTerminatedEarly: false } }),
    },
    async (done) => void settled.push(...done.map(({ sequenceNumber }) => sequenceNumber)),
  );
  return {
    ...{ calls, invoked, discarded, settled, result },
    invocations: calls.map(({ Records }) => numbersOf(Records)),
    requestIds: invoked.map(({ requestId }) => requestId),
    delaysMs: clock.sleptMs,
  };
}

/** The sequence numbers of records. */
export function numbersOf(all: readonly DynamoDBRecord[]): string[] {
  return all.map(({ dynamodb }) => dynamodb?.SequenceNumber ?? "");
}

/** What was given up, record by record. */
export function givenUp({ attempt }: Discarded): string[] {
  return attempt.records.map(({ sequenceNumber }) => sequenceNumber);
}

/** The same letter for the same request id. */
export function lettersOf(ids: readonly string[]): string {
  const distinct = [...new Set(ids)];
  return ids.map((id) => String.fromCharCode(65 + distinct.indexOf(id))).join("");
}
