import { compareNumbers, type Item, NumberValue } from "../change/attribute-value.js";
import type { View } from "../view/view.js";

/** Rows in the order DynamoDB would give those of a partition: by key, numbers by amount; cache entries by their key. */
export function inKeyOrder<R extends { readonly key: string; readonly value: Item }>(
  view: View,
  rows: readonly R[],
): readonly R[] {
  const names = view.kind === "cache-view" ? [] : view.key.map(({ name }) => name);
  return [...rows].sort((left, right) => {
    for (const name of names) {
      const order = compareKeyValues(left.value[name], right.value[name]);
      if (order !== 0) return order;
    }
    return names.length > 0 ? 0 : compareKeyValues(left.key, right.key);
  });
}

function compareKeyValues(left: unknown, right: unknown): number {
  if (isNumeric(left) && isNumeric(right)) return compareNumbers(left, right);
  return Buffer.compare(bytesOf(left), bytesOf(right));
}

function isNumeric(value: unknown): value is number | bigint | NumberValue {
  return typeof value === "number" || typeof value === "bigint" || value instanceof NumberValue;
}

function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : Buffer.from(String(value));
}
