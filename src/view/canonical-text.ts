import { canonicalNumber, NumberValue } from "../change/attribute-value.js";

/**
 * One text for each value: equal exactly if {@link sameValue} says the values are equal.
 *
 * Attributes sorted by name, sets sorted, numbers by amount, binary as its bytes; made for comparing many rows by
 * digest, not for reading back.
 */
export function canonicalText(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number" || typeof value === "bigint" || value instanceof NumberValue)
    return numberText(value);
  if (value === null || typeof value !== "object") return String(value);
  if (value instanceof Uint8Array) return `b(${value.join()})`;
  if (value instanceof Set)
    return `s(${[...(value as Set<unknown>)].map(canonicalText).sort().join()})`;
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`;
  const attributes = Object.entries(value).map(
    ([name, content]) => `${JSON.stringify(name)}:${canonicalText(content)}`,
  );
  return `{${attributes.sort().join()}}`;
}

function numberText(value: number | bigint | NumberValue): string {
  const text = value.toString();
  return /^(NaN|-?Infinity)$/.test(text) ? text : canonicalNumber(text);
}
