import { isMillraceError, messageOf, MillraceError } from "../errors.js";
import { decodeItem, type Item, type WireItem } from "./attribute-value.js";
import type { Change, ChangeCause, ChangeType } from "./change.js";
import { keyText } from "./item-key.js";
import { RESERVED_ATTRIBUTE, TTL_ATTRIBUTE } from "./reserved.js";
import { parseStreamArn, streamVersion } from "./version.js";

/**
 * A stream record as Lambda hands it over, or as the SDK's GetRecords does once the ARN is added.
 *
 * The wire shape never leaves `change/`, but for quarantine, which keeps it verbatim.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
 */
export interface StreamRecord {
  readonly eventID?: string | undefined;
  readonly eventName?: string | undefined;
  readonly eventSourceARN?: string | undefined;
  readonly userIdentity?: unknown;
  readonly dynamodb?:
    | {
        readonly ApproximateCreationDateTime?: number | Date | undefined;
        readonly Keys?: WireItem | undefined;
        readonly NewImage?: WireItem | undefined;
        readonly OldImage?: WireItem | undefined;
        readonly SequenceNumber?: string | undefined;
        readonly SizeBytes?: number | undefined;
        readonly StreamViewType?: string | undefined;
      }
    | undefined;
}

const EVENTS = ["INSERT", "MODIFY", "REMOVE"];

/**
 * Decodes one stream record.
 *
 * `keyNames` gives the key attributes of a table, partition key first. The row of a view that is itself a source comes
 * out as its declaration knows it: without the bookkeeping, and a tombstone as an absent item.
 *
 * @throws `malformed-record` when a part is missing or of the wrong kind, naming it;
 *   `configuration` when the stream does not carry both images.
 */
export function decodeRecord(
  record: StreamRecord,
  keyNames: (table: string) => readonly string[],
): Change {
  const sequenceNumber = record.dynamodb?.SequenceNumber;
  try {
    return decode(record, keyNames);
  } catch (thrown) {
    if (isMillraceError(thrown) && thrown.code === "configuration") throw thrown;
    const context = sequenceNumber === undefined ? {} : { sequenceNumber };
    throw new MillraceError(
      "malformed-record",
      `stream record ${sequenceNumber ?? record.eventID ?? "(without a sequence number)"}: ${messageOf(thrown)}`,
      { cause: thrown, context },
    );
  }
}

function decode(record: StreamRecord, keyNames: (table: string) => readonly string[]): Change {
  const body = record.dynamodb;
  if (body?.SequenceNumber === undefined) throw missing("dynamodb.SequenceNumber");
  if (body.Keys === undefined) throw missing("dynamodb.Keys");
  if (record.eventSourceARN === undefined) throw missing("eventSourceARN");
  const { eventName } = record;
  if (eventName === undefined || !EVENTS.includes(eventName)) {
    throw new MillraceError(
      "malformed-record",
      `eventName is ${JSON.stringify(eventName)}; expected INSERT, MODIFY or REMOVE`,
    );
  }
  const { table, label } = parseStreamArn(record.eventSourceARN);
  const names = keyNames(table);
  requireBothImages(table, body.StreamViewType);
  const oldImage = eventName === "INSERT" ? undefined : imageOf(body.OldImage, "dynamodb.OldImage");
  const newImage = eventName === "REMOVE" ? undefined : imageOf(body.NewImage, "dynamodb.NewImage");
  return {
    type: typeOf(oldImage, newImage),
    table,
    itemKey: keyText(names, decodeItem(body.Keys)),
    version: streamVersion(label, body.SequenceNumber),
    sequenceNumber: body.SequenceNumber,
    changedAtSeconds: secondsOf(body.ApproximateCreationDateTime),
    cause: causeOf(record.userIdentity),
    ...(oldImage && { oldImage }),
    ...(newImage && { newImage }),
  };
}

/** By what is there before and after, not by the event: a tombstone is written and expires, but is no item. */
function typeOf(oldImage: Item | undefined, newImage: Item | undefined): ChangeType {
  if (!newImage) return "remove";
  return oldImage ? "modify" : "insert";
}

function missing(part: string): MillraceError {
  return new MillraceError("malformed-record", `${part} is missing`);
}

function imageOf(wire: WireItem | undefined, part: string): Item | undefined {
  if (wire === undefined) throw missing(part);
  return decodeImage(wire);
}

/**
 * An item of a source as its declaration knows it.
 *
 * A view that is itself followed has rows with Millrace's own bookkeeping: it is left out, and a tombstone or an empty
 * group is no item.
 */
export function decodeImage(wire: WireItem): Item | undefined {
  if (!(RESERVED_ATTRIBUTE in wire)) return decodeItem(wire);
  const { [RESERVED_ATTRIBUTE]: bookkeeping, [TTL_ATTRIBUTE]: _ttl, ...own } = wire;
  const isGone = bookkeeping?.M?.["d"]?.BOOL === true || bookkeeping?.N === "0";
  return isGone ? undefined : decodeItem(own);
}

/** A view cannot be kept true from half the images, so another view type is a mistake of set-up, not of the record. */
function requireBothImages(table: string, viewType: string | undefined): void {
  if (viewType === undefined || viewType === "NEW_AND_OLD_IMAGES") return;
  throw new MillraceError(
    "configuration",
    `the stream of table "${table}" carries ${viewType}, but views need NEW_AND_OLD_IMAGES: ` +
      "disable the stream and enable it again with StreamViewType NEW_AND_OLD_IMAGES, then backfill the table's views",
  );
}

/** Lambda writes seconds as a number, at times with a fraction; the SDK gives a Date. Without it no entry could expire. */
function secondsOf(time: number | Date | undefined): number {
  const seconds = time instanceof Date ? time.getTime() / 1000 : time;
  if (seconds === undefined) throw missing("dynamodb.ApproximateCreationDateTime");
  if (Number.isFinite(seconds)) return Math.floor(seconds);
  throw new MillraceError(
    "malformed-record",
    `dynamodb.ApproximateCreationDateTime is ${JSON.stringify(time)}; expected Unix seconds`,
  );
}

function causeOf(userIdentity: unknown): ChangeCause {
  if (typeof userIdentity !== "object" || userIdentity === null) return "write";
  const identity = userIdentity as { principalId?: unknown; PrincipalId?: unknown };
  return (identity.principalId ?? identity.PrincipalId) === "dynamodb.amazonaws.com"
    ? "ttl"
    : "write";
}
