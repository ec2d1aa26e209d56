import { createHash } from "node:crypto";

import type { _Record as SdkRecord, AttributeValue } from "@aws-sdk/client-dynamodb-streams";
import type { AttributeValue as LambdaValue, DynamoDBRecord } from "aws-lambda";

type SdkImage = Record<string, AttributeValue>;
type LambdaImage = Record<string, LambdaValue>;

/** A record as Lambda receives it, with what the mapping itself needs of it. */
export interface MappedRecord {
  readonly record: DynamoDBRecord;
  readonly sequenceNumber: string;
  /** Unix time in whole seconds. */
  readonly createdAtSeconds: number;
  /** Text that tells items apart; records of one item keep their order under parallelization. */
  readonly itemKey: string;
  /** The record as it stands in the invocation's payload. */
  readonly json: string;
  /** Bytes of it there. */
  readonly payloadBytes: number;
}

/**
 * Turns a record of GetRecords into the one Lambda hands over: keys in Lambda's order, whole seconds as a number,
 * binary as base64, a 32-digit event id, the stream's ARN, and the size as AWS counts it.
 *
 * DynamoDB Local's own forms are turned into AWS's: its UUIDs, its size, and its time-to-live deletes, which it names
 * `UNKNOWN_TO_SDK_VERSION`.
 *
 * @param region of the record; the stream's own where it is not given.
 */
export function toMappedRecord(
  sdk: SdkRecord,
  streamArn: string,
  region = streamArn.split(":")[3] ?? "",
): MappedRecord {
  const body = sdk.dynamodb ?? {};
  const isTtlDelete = (sdk.eventName as string) === "UNKNOWN_TO_SDK_VERSION";
  const createdAtSeconds = Math.floor((body.ApproximateCreationDateTime?.getTime() ?? 0) / 1000);
  const images = {
    Keys: toLambdaImage(body.Keys ?? {}),
    ...(body.NewImage && { NewImage: toLambdaImage(body.NewImage) }),
    ...(body.OldImage && { OldImage: toLambdaImage(body.OldImage) }),
  };
  const identity = isTtlDelete ? TTL_IDENTITY : toIdentity(sdk.userIdentity);
  const record = {
    eventID: eventId(sdk.eventID ?? ""),
    eventName: isTtlDelete ? "REMOVE" : sdk.eventName,
    eventVersion: "1.1",
    eventSource: "aws:dynamodb",
    awsRegion: region,
    ...(identity && { userIdentity: identity }),
    dynamodb: {
      ApproximateCreationDateTime: createdAtSeconds,
      ...images,
      SequenceNumber: body.SequenceNumber,
      SizeBytes: sizeBytes(images.Keys) + sizeBytes(images.NewImage) + sizeBytes(images.OldImage),
      StreamViewType: body.StreamViewType,
    },
    eventSourceARN: streamArn,
  } as DynamoDBRecord;
  const json = recordJson(record, createdAtSeconds);
  return {
    record,
    sequenceNumber: body.SequenceNumber ?? "",
    createdAtSeconds,
    itemKey: JSON.stringify(images.Keys),
    json,
    payloadBytes: Buffer.byteLength(json),
  };
}

/** An event's JSON: records, and what stands behind them. */
export function eventJson(records: readonly Pick<MappedRecord, "json">[], fields: object = {}) {
  const rest = JSON.stringify(fields).slice(1);
  const list = `{"Records":[${records.map(({ json }) => json).join()}]`;
  return rest === "}" ? `${list}}` : `${list},${rest}`;
}

/** AWS writes the time as Java writes a double: 1.789651658E9. */
function recordJson(record: DynamoDBRecord, createdAtSeconds: number): string {
  const name = '"ApproximateCreationDateTime":';
  const digits = String(createdAtSeconds);
  if (digits.length < 8) return JSON.stringify(record);
  const significant = digits.slice(1).replace(/0+$/, "") || "0";
  const double = `${digits.charAt(0)}.${significant}E${digits.length - 1}`;
  // The first place it stands is its own: attributes of that name come behind it.
  return JSON.stringify(record).replace(`${name}${digits}`, `${name}${double}`);
}

const TTL_IDENTITY = { type: "Service", principalId: "dynamodb.amazonaws.com" };

function toIdentity(identity: SdkRecord["userIdentity"]): typeof TTL_IDENTITY | undefined {
  if (!identity?.PrincipalId) return undefined;
  return { type: identity.Type ?? "Service", principalId: identity.PrincipalId };
}

/** AWS writes 32 hexadecimal digits; DynamoDB Local a UUID, which has as many. */
function eventId(id: string): string {
  const digits = id.replace(/-/g, "").toLowerCase();
  return /^[0-9a-f]{32}$/.test(digits) ? digits : createHash("md5").update(id).digest("hex");
}

function toLambdaImage(image: SdkImage): LambdaImage {
  return Object.fromEntries(
    Object.entries(image).map(([name, value]) => [name, toLambdaValue(value)]),
  );
}

function toLambdaValue(value: AttributeValue): LambdaValue {
  if (value.B) return { B: base64(value.B) };
  if (value.BS) return { BS: value.BS.map(base64) };
  if (value.L) return { L: value.L.map(toLambdaValue) };
  if (value.M) return { M: toLambdaImage(value.M) };
  return value;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** Size of an image: names in UTF-8 and values by their type. Source: recorded stream records (SizeBytes). */
function sizeBytes(image: LambdaImage | undefined): number {
  if (!image) return 0;
  return Object.entries(image).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value),
    0,
  );
}

function valueBytes(value: LambdaValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return numberBytes(value.N);
  if (value.B !== undefined) return Buffer.from(value.B, "base64").length;
  if (value.SS) return value.SS.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (value.NS) return value.NS.reduce((sum, text) => sum + numberBytes(text), 0);
  if (value.BS) return value.BS.reduce((sum, text) => sum + Buffer.from(text, "base64").length, 0);
  if (value.L) return 3 + value.L.reduce((sum, element) => sum + 1 + valueBytes(element), 0);
  if (value.M) return 3 + sizeBytes(value.M) + Object.keys(value.M).length;
  return 1;
}

function numberBytes(text: string): number {
  const digits = text
    .replace(/[eE].*$/, "")
    .replace(/[-+.]/g, "")
    .replace(/^0+|0+$/g, "").length;
  return Math.ceil(digits / 2) + 1 + (text.startsWith("-") ? 1 : 0);
}
