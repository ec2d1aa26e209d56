import { MillraceError } from "../errors.js";
import { canonicalNumber, type Item, NumberValue } from "./attribute-value.js";

/**
 * Printable identity of an item or row: its key values as a JSON array, partition key first.
 *
 * `["c-1","o-7"]`, `["SFO",42]`; binary as `{"B":"<base64>"}`, and a number beyond JavaScript's precision as its digits.
 * Two keys are the same item exactly if their texts are equal.
 */
export function keyText(names: readonly string[], item: Item): string {
  let text = "[";
  for (const [i, name] of names.entries()) text += (i > 0 ? "," : "") + keyValueText(name, item);
  return `${text}]`;
}

function keyValueText(name: string, item: Item): string {
  const value = item[name];
  if (typeof value === "string" && value !== "") return quoted(value);
  if (typeof value === "number" && Number.isFinite(value)) return canonicalNumber(String(value));
  if (typeof value === "bigint") return canonicalNumber(value.toString());
  if (value instanceof NumberValue) return canonicalNumber(value.toString());
  if (value instanceof Uint8Array && value.length > 0) return `{"B":"${base64(value)}"}`;
  throw new MillraceError(
    "invalid-row",
    `key attribute "${name}" is ${describe(value)}; ${REMEDY}`,
  );
}

/** Printable ASCII but `"` and `\\`: what JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** JSON's text of a string; for most keys in two thirds of the time it takes to ask for it. */
function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

const REMEDY = "a key attribute must be a non-empty string, a finite number or non-empty binary";

function describe(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === "") return "an empty string";
  if (typeof value === "object" && value !== null)
    return `of type ${value.constructor?.name ?? "object"}`;
  return JSON.stringify(value) ?? typeof value;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
