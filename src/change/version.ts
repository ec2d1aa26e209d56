import { MillraceError } from "../errors.js";

declare const versionBrand: unique symbol;

/**
 * When a row was last true: stream label, rank and sequence number in one printable string of fixed width.
 *
 * Compared as text and in no other way: in TypeScript by `<`, in DynamoDB conditions and in Lua by the same order
 * (SPEC G1). Never a number: sequence numbers have up to 40 digits, a DynamoDB number holds 38, a double 15.
 */
export type Version = string & { readonly [versionBrand]: true };

/** Digits a sequence number is padded to; the DynamoDB Streams API says 21 to 40. */
const SEQUENCE_DIGITS = 40;
const RANK_READ = "0";
const RANK_STREAM = "1";
const LABEL = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}$/;
const STREAM_ARN = /^arn:[^:]+:dynamodb:[^:]*:[^:]*:table\/([^/]+)\/stream\/(.+)$/;

/** Characters in every {@link Version}: label 23, rank 1, sequence number 40. */
export const VERSION_LENGTH = 23 + 1 + SEQUENCE_DIGITS;

/** A stream's table and label, as its ARN names them. */
export interface StreamIdentity {
  readonly table: string;
  /** When the stream was enabled, `YYYY-MM-DDTHH:MM:SS.mmm`; a re-created stream has a newer one. */
  readonly label: string;
}

/**
 * Reads table and label out of a stream's ARN.
 *
 * @throws `malformed-record` when it is not a DynamoDB stream's ARN.
 */
export function parseStreamArn(arn: string): StreamIdentity {
  const match = STREAM_ARN.exec(arn);
  const [, table, label] = match ?? [];
  if (table === undefined || label === undefined || !LABEL.test(label)) {
    throw new MillraceError(
      "malformed-record",
      `"${arn}" is not the ARN of a DynamoDB stream; expected arn:aws:dynamodb:<region>:<account>:table/<table>/stream/<label>`,
    );
  }
  return { table, label };
}

/**
 * Left-pads a sequence number so that text order is numeric order.
 *
 * @throws `malformed-record` when it is not 1 to 40 decimal digits.
 */
export function padSequenceNumber(sequenceNumber: string): string {
  if (!/^\d{1,40}$/.test(sequenceNumber)) {
    throw new MillraceError(
      "malformed-record",
      `"${sequenceNumber}" is not a sequence number; DynamoDB Streams writes 21 to 40 decimal digits`,
    );
  }
  return sequenceNumber.padStart(SEQUENCE_DIGITS, "0");
}

/** The version of a change that came through the stream with this label. */
export function streamVersion(label: string, sequenceNumber: string): Version {
  return (label + RANK_STREAM + padSequenceNumber(sequenceNumber)) as Version;
}

/**
 * The version of an item that was read while the stream with this label flows: anything from that stream beats it.
 *
 * Of two reads the later is the newer.
 *
 * @param atMs a moment before the read began, Unix milliseconds; 0 for a read that any other may beat.
 */
export function readVersion(label: string, atMs = 0): Version {
  return (label + RANK_READ + padSequenceNumber(String(atMs))) as Version;
}

/** Whether a version was given to an item seen by a scan rather than to a change from the stream. */
export function isReadVersion(version: Version): boolean {
  return version.charAt(23) === RANK_READ;
}

/** Whether `left` is strictly newer than `right`: the one comparison of versions (rule V2). */
export function isNewer(left: Version, right: Version): boolean {
  return left > right;
}

/**
 * Takes text read back from a store for the version it was written as.
 *
 * @throws `malformed-record` when the text has not the shape of a version.
 */
export function parseVersion(text: string): Version {
  if (isVersion(text)) return text;
  throw new MillraceError("malformed-record", `"${text}" is not a version that Millrace wrote`);
}

/** Whether a text has the shape of a version. */
export function isVersion(text: string): text is Version {
  return (
    text.length === VERSION_LENGTH &&
    LABEL.test(text.slice(0, 23)) &&
    /^[01]\d{40}$/.test(text.slice(23))
  );
}

/** The label of the stream that a version is of. */
export function labelOf(version: Version): string {
  return version.slice(0, 23);
}
