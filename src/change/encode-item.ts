import { MillraceError } from "../errors.js";
import {
  type AttributeValue,
  canonicalNumber,
  type Item,
  NumberValue,
  setAttribute,
} from "./attribute-value.js";

/** The most a DynamoDB item may weigh, names and values together. */
export const MAX_ITEM_BYTES = 400 * 1024;

/** An attribute as the SDK takes it: binary in bytes. */
export type EncodedValue =
  | { S: string }
  | { N: string }
  | { B: Uint8Array }
  | { BOOL: boolean }
  | { NULL: true }
  | { SS: string[] }
  | { NS: string[] }
  | { BS: Uint8Array[] }
  | { L: EncodedValue[] }
  | { M: Record<string, EncodedValue> };

/** An item as the SDK takes it. */
export type EncodedItem = Record<string, EncodedValue>;

/** Levels of lists and maps within each other that an item may have. Source: DynamoDB developer guide, "Quotas". */
const MAX_DEPTH = 32;

/**
 * Encodes an item for DynamoDB, exactly: no number is rounded, nothing is dropped.
 *
 * @throws `invalid-row` naming the attribute, its value and the remedy, for whatever DynamoDB cannot hold.
 */
export function encodeItem(item: Item): EncodedItem {
  const encoded: EncodedItem = {};
  for (const name in item) setAttribute(encoded, name, encodeValue(item[name], name, 1));
  return encoded;
}

function encodeValue(value: unknown, path: string, depth: number): EncodedValue {
  switch (typeof value) {
    case "string":
      return { S: value };
    case "number":
      return { N: finiteText(value, path) };
    case "bigint":
      return { N: exactText(value.toString(), path) };
    case "boolean":
      return { BOOL: value };
    case "object":
      return value === null ? { NULL: true } : encodeObject(value, path, depth);
    case "undefined":
      throw invalid(
        path,
        "undefined",
        "leave the attribute out where there is no value: ...(x !== undefined && { x })",
      );
    default:
      throw invalid(path, `a ${typeof value}`, "a row holds data only");
  }
}

function encodeObject(value: object, path: string, depth: number): EncodedValue {
  if (value instanceof NumberValue) return { N: exactText(value.toString(), path) };
  if (value instanceof Uint8Array) return { B: value };
  if (value instanceof Set) return encodeSet([...(value as Set<unknown>)], path);
  if (depth > MAX_DEPTH) {
    const start = path.slice(0, 40);
    throw invalid(`${start}…`, `nested deeper than ${MAX_DEPTH} levels`, "does it contain itself?");
  }
  if (Array.isArray(value))
    return { L: value.map((element, i) => encodeValue(element, `${path}[${i}]`, depth + 1)) };
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const name = value.constructor?.name ?? "object of a foreign kind";
    throw invalid(
      path,
      `a ${name}`,
      name === "Date" ? "write date.toISOString() or seconds" : "write it as plain attributes",
    );
  }
  const attributes: Record<string, EncodedValue> = {};
  for (const [name, content] of Object.entries(value))
    setAttribute(attributes, name, encodeValue(content, `${path}.${name}`, depth + 1));
  return { M: attributes };
}

function encodeSet(elements: unknown[], path: string): EncodedValue {
  if (elements.length === 0)
    throw invalid(path, "an empty set", "DynamoDB has none; leave the attribute out");
  if (elements.every((element) => typeof element === "string")) return { SS: elements };
  if (elements.every((element) => element instanceof Uint8Array)) return { BS: elements };
  const numbers = elements.map((element) => encodeValue(element, path, 1));
  if (numbers.every((number) => "N" in number)) return { NS: numbers.map((number) => number.N) };
  throw invalid(
    path,
    "a set of mixed types",
    "a set holds only strings, only numbers or only binary",
  );
}

function finiteText(value: number, path: string): string {
  if (Number.isFinite(value)) return inRange(canonicalNumber(String(value)), path);
  throw invalid(
    path,
    String(value),
    "a number must be finite; leave the attribute out where there is none",
  );
}

/** Digits a DynamoDB number holds. Source: DynamoDB developer guide, "Data types: Number". */
const MAX_DIGITS = 38;

function exactText(text: string, path: string): string {
  const canonical = canonicalNumber(text);
  const digits = canonical
    .replace(/e.*$/, "")
    .replace(/[-.]/g, "")
    .replace(/^0+|0+$/g, "");
  if (digits.length <= MAX_DIGITS) return inRange(canonical, path);
  throw invalid(
    path,
    canonical,
    `a DynamoDB number has at most ${MAX_DIGITS} digits, this has ${digits.length}; write it as a string`,
  );
}

/** DynamoDB holds magnitudes from 1E-130 to below 1E126; a double reaches further both ways. */
function inRange(canonical: string, path: string): string {
  const exponent = Number(/e(-?\d+)$/.exec(canonical)?.[1] ?? 0);
  if (exponent >= -130 && exponent <= 125) return canonical;
  throw invalid(
    path,
    canonical,
    "a DynamoDB number is 0 or has a magnitude from 1e-130 to below 1e126; round it, or write it as a string",
  );
}

function invalid(path: string, found: string, remedy: string): MillraceError {
  return new MillraceError("invalid-row", `attribute "${path}" is ${found}; ${remedy}`);
}

/**
 * What an item weighs as AWS counts it: names in UTF-8, and values by their type.
 *
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function itemSizeBytes(item: Readonly<Record<string, AttributeValue>>): number {
  let size = 0;
  for (const [name, value] of Object.entries(item))
    size += Buffer.byteLength(name) + valueSizeBytes(value);
  return size;
}

function valueSizeBytes(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return numberSizeBytes(value.N);
  if (value.B !== undefined) return binarySizeBytes(value.B);
  if (value.SS) return value.SS.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (value.NS) return value.NS.reduce((sum, text) => sum + numberSizeBytes(text), 0);
  if (value.BS) return value.BS.reduce((sum, bytes) => sum + binarySizeBytes(bytes), 0);
  if (value.L) return 3 + value.L.reduce((sum, element) => sum + 1 + valueSizeBytes(element), 0);
  if (value.M) return 3 + itemSizeBytes(value.M) + Object.keys(value.M).length;
  return 1;
}

function numberSizeBytes(text: string): number {
  const digits = text
    .replace(/e.*$/i, "")
    .replace(/[-.]/g, "")
    .replace(/^0+|0+$/g, "").length;
  return Math.ceil(digits / 2) + 1 + (text.startsWith("-") ? 1 : 0);
}

function binarySizeBytes(content: string | Uint8Array): number {
  return typeof content === "string" ? atob(content).length : content.length;
}
