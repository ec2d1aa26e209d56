import type { StreamRecord } from "../change/decode-record.js";
import { MillraceError } from "../errors.js";

/** A batch that Lambda gave up, as its failure destination is told of it. */
export interface GivenUp {
  /** ARN of the function that failed, with version or alias where the mapping has one. */
  readonly functionArn: string;
  /** `RetryAttemptsExhausted` or `RecordAgeExceeded`. */
  readonly condition: string;
  readonly invocations: number;
  readonly shardId: string;
  readonly streamArn: string;
  /** Where in the shard the batch is; absent for the last call of a window, which has no records. */
  readonly range?: { readonly first: string; readonly last: string; readonly records: number };
  /** The records themselves, where a bucket was told. */
  readonly records?: readonly StreamRecord[];
}

/** Where a message says that more is to be found. */
export interface ObjectPlace {
  readonly bucket: string;
  readonly key: string;
}

/** What a message of the failures queue is about. */
export type FailureNotice =
  | { readonly kind: "given-up"; readonly failure: GivenUp }
  | { readonly kind: "objects"; readonly places: readonly ObjectPlace[] };

/**
 * Reads a message of the failures queue: Lambda's own, or S3's of objects that Lambda wrote.
 *
 * @throws `malformed-record` when it is neither.
 */
export function readNotice(text: string): FailureNotice {
  const body = parsed(text);
  if (Array.isArray(body["Records"]))
    return { kind: "objects", places: (body["Records"] as unknown[]).map(placeOf) };
  // S3 tries the queue once when it is told of it.
  if (body["Event"] === "s3:TestEvent") return { kind: "objects", places: [] };
  return { kind: "given-up", failure: readFailure(text) };
}

/**
 * Reads what Lambda tells of a batch, as a queue is told or, with the records in it, a bucket.
 *
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
export function readFailure(text: string): GivenUp {
  const body = parsed(text) as {
    readonly requestContext?: Readonly<Record<string, unknown>>;
    readonly DDBStreamBatchInfo?: Readonly<Record<string, unknown>>;
    readonly payload?: unknown;
  };
  const { requestContext = {}, DDBStreamBatchInfo: batch } = body;
  if (typeof batch?.["shardId"] !== "string" || typeof batch["streamArn"] !== "string")
    throw unknownMessage(text);
  const { startSequenceNumber: first, endSequenceNumber: last, batchSize } = batch;
  return {
    functionArn: textOf(requestContext["functionArn"]) ?? "",
    condition: textOf(requestContext["condition"]) ?? "unknown",
    invocations: Number(requestContext["approximateInvokeCount"] ?? 0),
    shardId: batch["shardId"],
    streamArn: batch["streamArn"],
    ...(typeof first === "string" &&
      typeof last === "string" && { range: { first, last, records: Number(batchSize ?? 1) } }),
    ...(typeof body.payload === "string" && { records: recordsOf(body.payload) }),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function recordsOf(payload: string): readonly StreamRecord[] {
  const { Records } = parsed(payload);
  return Array.isArray(Records) ? (Records as StreamRecord[]) : [];
}

/** A key arrives as in a URL, with a plus for a space. */
function placeOf(record: unknown): ObjectPlace {
  const { s3 } = record as { s3?: { bucket?: { name?: string }; object?: { key?: string } } };
  const [bucket, key] = [s3?.bucket?.name, s3?.object?.key];
  if (bucket === undefined || key === undefined) throw unknownMessage(JSON.stringify(record));
  return { bucket, key: decodeURIComponent(key.replaceAll("+", " ")) };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw unknownMessage(text);
}

function unknownMessage(text: string): MillraceError {
  return new MillraceError(
    "malformed-record",
    `not a message about a batch of a DynamoDB stream that was given up: ${text.slice(0, 500)}`,
  );
}
