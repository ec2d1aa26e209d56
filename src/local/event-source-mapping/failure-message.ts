import type { DynamoDBRecord } from "aws-lambda";

import { unreachable } from "../../errors.js";
import type { DiscardCondition } from "./batch-machine.js";
import { wholeSeconds, windowBounds, type WindowCall } from "./tumbling-window.js";

/** A batch that was given up, with everything its failure destination is told. */
export interface Failure {
  readonly condition: DiscardCondition;
  /** Of the last try; a new one where there was none. */
  readonly requestId: string;
  /** As mapped: with version or alias where the mapping has one. */
  readonly functionArn: string;
  /** The version that ran, `$LATEST` where nothing else is mapped. */
  readonly executedVersion: string;
  readonly invocations: number;
  /** Whether the function threw, rather than answering with failures. */
  readonly thrown: boolean;
  /** Unix time in milliseconds. */
  readonly atMs: number;
  readonly mappingUuid: string;
  readonly shardId: string;
  readonly streamArn: string;
  readonly records: readonly DynamoDBRecord[];
  /** The event of the last try, as JSON. */
  readonly payload: string;
  /** The window's call that failed, where the mapping has windows. */
  readonly call?: WindowCall;
}

/** What receives messages: a queue or a topic gets no records, a bucket gets them. */
export type DestinationKind = "sqs" | "sns" | "s3";

/**
 * The message for a batch that was given up, its keys in AWS's order.
 *
 * Source: recorded messages; https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
export function failureMessage(failure: Failure, kind: DestinationKind): Record<string, unknown> {
  const { condition, requestId, functionArn, invocations, executedVersion, thrown } = failure;
  return {
    requestContext: { requestId, functionArn, condition, approximateInvokeCount: invocations },
    ...responseContext(condition, executedVersion, thrown),
    version: "1.0",
    ...(kind === "s3" && { payload: failure.payload }),
    timestamp: new Date(failure.atMs).toISOString(),
    DDBStreamBatchInfo: batchInfo(failure),
    ...(failure.call && { timeWindowInfo: windowInfo(failure.call) }),
  };
}

function responseContext(condition: DiscardCondition, executedVersion: string, thrown: boolean) {
  switch (condition) {
    case "RecordAgeExceeded":
      return {};
    case "RetryAttemptsExhausted":
      return {
        responseContext: {
          statusCode: 200,
          executedVersion,
          functionError: thrown ? "Unhandled" : null,
        },
      };
    default:
      return unreachable(condition);
  }
}

function batchInfo({ shardId, streamArn, records }: Failure) {
  const [first] = records;
  const last = records[records.length - 1];
  if (!first || !last) return { shardId, streamArn };
  return {
    shardId,
    startSequenceNumber: first.dynamodb?.SequenceNumber,
    endSequenceNumber: last.dynamodb?.SequenceNumber,
    approximateArrivalOfFirstRecord: arrival(first),
    approximateArrivalOfLastRecord: arrival(last),
    batchSize: records.length,
    streamArn,
  };
}

function arrival({ dynamodb }: DynamoDBRecord): string {
  return wholeSeconds((dynamodb?.ApproximateCreationDateTime ?? 0) * 1000);
}

function windowInfo({ window, isFinal, isTerminatedEarly }: WindowCall) {
  return {
    window: windowBounds(window),
    isFinalInvokeForWindow: isFinal,
    isWindowTerminatedEarly: isTerminatedEarly,
  };
}

/**
 * Where a bucket gets a message: `aws/lambda/<mapping>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<uuid>`, in UTC.
 *
 * @param uuid a new one for every object.
 */
export function failureObjectKey(
  { mappingUuid, shardId, atMs }: Pick<Failure, "mappingUuid" | "shardId" | "atMs">,
  uuid: string,
): string {
  const time = new Date(atMs).toISOString();
  const day = time.slice(0, 10).replaceAll("-", "/");
  const second = time.slice(0, 19).replaceAll(":", ".");
  return `aws/lambda/${mappingUuid}/${shardId}/${day}/${second}-${uuid}`;
}
