import type { AttributeValue as LambdaValue, DynamoDBRecord } from "aws-lambda";

import type { AttributeValue, Item } from "../../src/change/attribute-value.js";
import { type Change, foldChanges, type NetChange } from "../../src/change/change.js";
import { decodeRecord } from "../../src/change/decode-record.js";
import { encodeItem, itemSizeBytes } from "../../src/change/encode-item.js";
import { keyText } from "../../src/change/item-key.js";
import { readVersion } from "../../src/change/version.js";

/** What a record of {@link streamRecord} is about; everything has a default. */
export interface RecordOptions {
  /** By default what the images say: INSERT, MODIFY or REMOVE. */
  readonly eventName?: "INSERT" | "MODIFY" | "REMOVE";
  /** Names of the key attributes, partition key first; by default `["id"]`. */
  readonly keys?: readonly string[];
  /** The item before, as plain values. */
  readonly old?: Item;
  /** The item after, as plain values; `{ id: "1" }` where neither image is given. */
  readonly new?: Item;
  /** A small number counts up from a real one ({@link sequenceNumber}); a text is taken as it is. */
  readonly sequenceNumber?: number | string;
  readonly table?: string;
  /** The stream's label. */
  readonly label?: string;
  /** Unix time, seconds. */
  readonly at?: number;
  /** Whether DynamoDB's time to live deleted the item. */
  readonly ttl?: boolean;
  readonly viewType?: "KEYS_ONLY" | "NEW_IMAGE" | "OLD_IMAGE" | "NEW_AND_OLD_IMAGES";
}

export const TABLE = "orders";
export const LABEL = "2026-01-01T00:00:00.000";
/** 2026-01-01T00:00:00Z. */
export const AT = 1_767_225_600;

/** A sequence number as AWS writes them, the n-th of a row that grows by one. */
export function sequenceNumber(n: number): string {
  return String(100_000_000_003_498_069_000_000n + BigInt(n));
}

/** The ARN of a table's stream. */
export function streamArn(table = TABLE, label = LABEL): string {
  return `arn:aws:dynamodb:us-east-1:123456789012:table/${table}/stream/${label}`;
}

let written = 0;

/**
 * A stream record exactly as Lambda hands it to a function: same parts, same order, binary in base64.
 *
 * Without a sequence number each record is newer than all before it.
 */
export function streamRecord(options: RecordOptions = {}): DynamoDBRecord {
  const { old, new: after = old ? undefined : { id: "1" }, keys = ["id"] } = options;
  const { sequenceNumber: number = ++written, viewType = "NEW_AND_OLD_IMAGES" } = options;
  const key = Object.fromEntries(keys.map((name) => [name, (after ?? old ?? {})[name]]));
  const SequenceNumber = typeof number === "string" ? number : sequenceNumber(number);
  const images = {
    Keys: lambdaItem(key),
    ...(after && viewType.includes("NEW") && { NewImage: lambdaItem(after) }),
    ...(old && viewType.includes("OLD") && { OldImage: lambdaItem(old) }),
  };
  return {
    eventID: SequenceNumber.padStart(32, "0"),
    eventName: options.eventName ?? (!old ? "INSERT" : after ? "MODIFY" : "REMOVE"),
    eventVersion: "1.1",
    eventSource: "aws:dynamodb",
    awsRegion: "us-east-1",
    dynamodb: {
      ApproximateCreationDateTime: options.at ?? AT,
      ...images,
      SequenceNumber,
      SizeBytes: Object.values(images).reduce((sum, image) => sum + itemSizeBytes(image), 0),
      StreamViewType: viewType,
    },
    eventSourceARN: streamArn(options.table, options.label),
    ...(options.ttl && {
      userIdentity: { type: "Service", principalId: "dynamodb.amazonaws.com" },
    }),
  };
}

/** The change that {@link streamRecord} decodes to. */
export function changeOf(options: RecordOptions = {}): Change {
  return decodeRecord(streamRecord(options), () => options.keys ?? ["id"]);
}

/** The change that a scan makes of an item it sees. */
export function readOf(item: Item, options: Omit<RecordOptions, "old" | "new"> = {}): Change {
  return {
    type: "read",
    table: options.table ?? TABLE,
    itemKey: keyText(options.keys ?? ["id"], item),
    version: readVersion(options.label ?? LABEL),
    sequenceNumber: "",
    changedAtSeconds: options.at ?? AT,
    cause: "write",
    newImage: item,
  };
}

/**
 * The changes that take one item through these images, `undefined` being absence; sequence numbers count from `first`.
 *
 * Steps from absence to absence are left out, as DynamoDB writes no record of them.
 */
export function changesThrough(images: readonly (Item | undefined)[], first = 1): Change[] {
  return images.slice(1).flatMap((after, i) => {
    const old = images[i];
    if (!old && !after) return [];
    return [
      changeOf({ ...(old && { old }), ...(after && { new: after }), sequenceNumber: first + i }),
    ];
  });
}

/** All changes through these images as one net change. Requires at least one change among them. */
export function netChangeThrough(...images: readonly (Item | undefined)[]): NetChange {
  const [first, ...rest] = changesThrough(images);
  if (!first) throw new Error("no change leads through these images");
  return foldChanges([first, ...rest]);
}

/** An item as Lambda writes it: as the SDK does, with binary in base64. */
export function lambdaItem(item: Item): Record<string, LambdaValue> {
  return Object.fromEntries(
    Object.entries(encodeItem(item)).map(([name, value]) => [name, lambdaValue(value)]),
  );
}

function lambdaValue(value: AttributeValue): LambdaValue {
  if (value.B !== undefined) return { B: base64(value.B) };
  if (value.BS) return { BS: value.BS.map(base64) };
  if (value.L) return { L: value.L.map(lambdaValue) };
  if (value.M) {
    return {
      M: Object.fromEntries(
        Object.entries(value.M).map(([name, content]) => [name, lambdaValue(content)]),
      ),
    };
  }
  return value as LambdaValue;
}

function base64(bytes: string | Uint8Array): string {
  return typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("base64");
}
