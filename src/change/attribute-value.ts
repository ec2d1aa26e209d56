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
 * @throws `malformed-record` naming the attribute, when it has no known type or not the content its type says.
 */
export function decodeItem(wire: WireItem): Item {
  const item: Record<string, unknown> = {};
  for (const name in wire)
    setAttribute(item, name, decodeValue(wire[name] as AttributeValue, name));
  return item;
}

/** Sets an attribute of any name: `__proto__` is a name like any other to DynamoDB, but not to an assignment. */
export function setAttribute<T>(item: Record<string, T>, name: string, value: T): void {
  if (name !== "__proto__") item[name] = value;
  else
    Object.defineProperty(item, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
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
      if (typeof value.S === "string") return value.S;
      break;
    case "N":
      if (isNumberText(value.N)) return decodeNumber(value.N);
      break;
    case "B":
      return decodeBinary(value.B, name);
    case "BOOL":
      if (typeof value.BOOL === "boolean") return value.BOOL;
      break;
    case "NULL":
      return null;
    case "M":
      if (typeof value.M === "object" && value.M !== null) return decodeItem(value.M);
      break;
    case "L":
      if (Array.isArray(value.L))
        return (value.L as AttributeValue[]).map((element) => decodeValue(element, name));
      break;
    case "SS":
    case "NS":
    case "BS":
      return decodeSet(type, value, name);
    default:
      break;
  }
  throw malformed(name, value);
}

function decodeSet(type: "SS" | "NS" | "BS", value: AttributeValue, name: string): Set<unknown> {
  const elements: unknown = value[type];
  if (!Array.isArray(elements)) throw malformed(name, value);
  const elementType = type.charAt(0) as "S" | "N" | "B";
  return new Set(
    elements.map((element) => decodeTyped(elementType, { [elementType]: element as string }, name)),
  );
}

function malformed(name: string, value: unknown): MillraceError {
  return new MillraceError(
    "malformed-record",
    `attribute "${name}" is ${JSON.stringify(value)?.slice(0, 200)}, which is no DynamoDB value; expected one of S, N, B, BOOL, NULL, SS, NS, BS, L, M with the content that type has`,
  );
}

function isNumberText(text: unknown): text is string {
  return typeof text === "string" && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text);
}

/**
 * Decodes a number: a JavaScript number where its decimal text survives the round trip, else a {@link NumberValue}.
 *
 * @throws `invalid-row` when the text is not a decimal number.
 */
export function decodeNumber(text: string): number | NumberValue {
  const number = Number(text);
  // Doubles keep every decimal of 15 significant digits; most numbers are shorter than that as they stand.
  const isShort = text.length <= 15 && /^-?\d+(?:\.\d+)?$/.test(text);
  if (
    !isShort &&
    (!Number.isFinite(number) || canonicalNumber(String(number)) !== canonicalNumber(text))
  )
    return NumberValue.from(canonicalNumber(text));
  return number === 0 ? 0 : number;
}

/** Base64 text (Lambda) or bytes (SDK) to bytes. */
function decodeBinary(content: unknown, name: string): Uint8Array {
  if (content instanceof Uint8Array) return content;
  try {
    if (typeof content === "string")
      return Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
  } catch {
    // Not base64: told below as any other wrong content.
  }
  throw malformed(name, { B: content });
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

/** Order of two finite numbers of any kind, exactly: negative where `left` is less, 0 where they are equal. */
export function compareNumbers(
  left: number | bigint | NumberValue,
  right: number | bigint | NumberValue,
): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  const [a, b] = [scientific(left), scientific(right)];
  const exponent = Math.min(a.exponent, b.exponent);
  const difference =
    a.digits * 10n ** BigInt(a.exponent - exponent) -
    b.digits * 10n ** BigInt(b.exponent - exponent);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** A number as an integer times a power of ten. */
function scientific(number: number | bigint | NumberValue): { digits: bigint; exponent: number } {
  const [mantissa = "", exponent = "0"] = canonicalNumber(number.toString()).split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}
