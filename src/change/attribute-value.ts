import { NumberValueImpl as NumberValue } from "@aws-sdk/util-dynamodb";

import { MillraceError } from "../errors.js";

/**
 * One attribute as DynamoDB writes it: Lambda's JSON (binary in base64) or the SDK's objects (binary in bytes).
 *
 * Declared as the union of all spellings, since both arrive here and a wrong one must be told, not assumed.
 */
export interface AttributeValue {
  readonly S?: string | undefined;
  readonly N?: string | undefined;
  readonly B?: string | Uint8Array | undefined;
  readonly BOOL?: boolean | undefined;
  readonly NULL?: boolean | undefined;
  readonly SS?: readonly string[] | undefined;
  readonly NS?: readonly string[] | undefined;
  readonly BS?: readonly (string | Uint8Array)[] | undefined;
  readonly L?: readonly AttributeValue[] | undefined;
  readonly M?: Readonly<Record<string, AttributeValue>> | undefined;
}

/** An item as DynamoDB writes it. */
export type WireItem = Readonly<Record<string, AttributeValue>>;

/** A number JavaScript cannot hold exactly, kept as its decimal text; the same class as lib-dynamodb's. */
export { NumberValue };

/**
 * An item as view functions see it: plain values, sets as `Set`, binary as `Uint8Array`, and each number as a
 * JavaScript number where that is exact, else as a {@link NumberValue} (rule V11).
 */
export type Item = Readonly<Record<string, unknown>>;

/**
 * Decodes an item; sets, binary, nested documents and 38-digit numbers survive.
 *
 * @throws `malformed-record` when an attribute has no known type.
 */
export function decodeItem(wire: WireItem): Item {
  const item: Record<string, unknown> = {};
  for (const name in wire) item[name] = decodeValue(wire[name] as AttributeValue, name);
  return item;
}

function decodeValue(value: AttributeValue, name: string): unknown {
  for (const type in value) {
    const content = value[type as keyof AttributeValue];
    if (content !== undefined) return decodeTyped(type as keyof AttributeValue, value, name);
  }
  throw malformed(name, value);
}

function decodeTyped(type: keyof AttributeValue, value: AttributeValue, name: string): unknown {
  switch (type) {
    case "S":
    case "BOOL":
      return value[type];
    case "N":
      return decodeNumber(String(value.N));
    case "NULL":
      return null;
    case "M":
      return decodeItem(value.M ?? {});
    case "L":
      return (value.L ?? []).map((element) => decodeValue(element, name));
    case "B":
      return decodeBinary(value.B ?? "");
    case "SS":
      return new Set(value.SS);
    case "NS":
      return new Set((value.NS ?? []).map(decodeNumber));
    case "BS":
      return new Set((value.BS ?? []).map(decodeBinary));
    default:
      throw malformed(name, value);
  }
}

function malformed(name: string, value: unknown): MillraceError {
  return new MillraceError(
    "malformed-record",
    `attribute "${name}" has no DynamoDB type: ${JSON.stringify(value)?.slice(0, 200)}; expected one of S, N, B, BOOL, NULL, SS, NS, BS, L, M`,
  );
}

/** Decodes a number: a JavaScript number where its decimal text survives the round trip, else a {@link NumberValue}. */
export function decodeNumber(text: string): number | NumberValue {
  const number = Number(text);
  // Doubles keep every decimal of 15 significant digits; most numbers are shorter than that as they stand.
  if (text.length <= 15 && !/[eE]/.test(text)) return number === 0 ? 0 : number;
  return canonicalNumber(String(number)) === canonicalNumber(text)
    ? number
    : NumberValue.from(text);
}

/** Base64 text (Lambda) or bytes (SDK) to bytes. */
function decodeBinary(content: string | Uint8Array): Uint8Array {
  if (typeof content !== "string") return content;
  const bytes = atob(content);
  return Uint8Array.from(bytes, (character) => character.charCodeAt(0));
}

/**
 * The one decimal text of a number: no exponent below 40 digits, no leading `+`, no trailing zeros, so that equal
 * numbers have equal texts. `1E2`, `100.0` and `100` are all `100`.
 */
export function canonicalNumber(text: string): string {
  if (/^(0|-?[1-9]\d{0,37})$/.test(text)) return text;
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text);
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match ?? [];
  if (match === null || whole + fraction === "") {
    throw new MillraceError("invalid-row", `"${text}" is not a number`);
  }
  const digits = (whole + fraction).replace(/^0+/, "");
  const trimmed = digits.replace(/0+$/, "");
  if (trimmed === "") return "0";
  const minus = sign === "-" ? "-" : "";
  const point = digits.length - fraction.length + Number(exponent);
  return minus + placePoint(trimmed, point);
}

/** Writes significant digits with the decimal point after the first `point` of them. */
function placePoint(digits: string, point: number): string {
  if (point > 40 || point < -40)
    return `${digits[0]}${digits.length > 1 ? "." + digits.slice(1) : ""}e${point - 1}`;
  if (point <= 0) return `0.${"0".repeat(-point)}${digits}`;
  if (digits.length <= point) return digits + "0".repeat(point - digits.length);
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}
