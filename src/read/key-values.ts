import { NumberValue } from "../change/attribute-value.js";
import { type EncodedItem, encodeItem } from "../change/encode-item.js";
import { MillraceError } from "../errors.js";
import type { KeyAttribute, KeyType } from "../view/key.js";

/** What a key attribute can hold. */
export type KeyValue = string | number | bigint | NumberValue | Uint8Array;

/**
 * Key attributes of a row `R`, by name: a name or type that `R` does not have does not compile.
 *
 * Which of the row's attributes are its key is checked when it is used.
 */
export type KeyValues<R> = {
  readonly [Name in keyof R as [R[Name]] extends [KeyValue] ? Name : never]?: R[Name];
};

/**
 * Encodes the values of exactly these key attributes, of a view or source named by `subject`.
 *
 * @throws `configuration` naming what is missing, too many, or of another type than declared.
 */
export function encodeKeyValues(
  subject: string,
  key: readonly KeyAttribute[],
  given: Readonly<Record<string, unknown>>,
): EncodedItem {
  const asDeclared =
    Object.keys(given).length === key.length &&
    key.every(({ name, type }) => isOfType(given[name], type));
  if (asDeclared) return encodeItem(given);
  const wanted = key.map(({ name, type }) => `${name} (${TYPES[type]})`).join(" and ");
  const found = Object.entries(given).map(([name, value]) => `${name} (${typeName(value)})`);
  throw new MillraceError(
    "configuration",
    `${subject}: give ${wanted} and nothing else; given was ${found.join(" and ") || "nothing"}`,
  );
}

const TYPES: Readonly<Record<KeyType, string>> = { S: "string", N: "number", B: "binary" };

/** Whether a value fits a key attribute of this type. */
export function isOfType(value: unknown, type: KeyType): boolean {
  return typeName(value) === TYPES[type] && value !== "";
}

function typeName(value: unknown): string {
  if (typeof value === "bigint" || value instanceof NumberValue) return TYPES.N;
  return value instanceof Uint8Array ? TYPES.B : typeof value;
}
