import { createHash } from "node:crypto";

import {
  type EncodedItem,
  encodeItem,
  itemSizeBytes,
  MAX_ITEM_BYTES,
} from "../../change/encode-item.js";
import { MillraceError } from "../../errors.js";
import { RESERVED_ATTRIBUTE } from "../../view/key.js";
import type { Mutation, Put } from "../../view/row.js";
import type { TableView } from "../../view/table-view.js";
import { encodeBookkeeping } from "./stored-item.js";

/** A row as its table is to hold it, bookkeeping and all. */
export interface EncodedRow {
  readonly item: EncodedItem;
  /** Stands for the names of its attributes: rows of one shape have the same. */
  readonly shape: string;
  readonly bytes: number;
}

/**
 * Encodes a row with its bookkeeping.
 *
 * @throws `invalid-row` for what DynamoDB cannot hold, a row over 400 KB among it.
 */
export function encodeRow({ view, key, version, owner, value }: Put<TableView>): EncodedRow {
  const item = encodeItem(value);
  const shape = shapeOf(item);
  item[RESERVED_ATTRIBUTE] = encodeBookkeeping({ version, owner, deleted: false, shape });
  const bytes = itemSizeBytes(item);
  if (bytes <= MAX_ITEM_BYTES) return { item, shape, bytes };
  throw new MillraceError(
    "invalid-row",
    `view "${view.name}": the row ${key} weighs ${bytes} bytes; a DynamoDB item holds at most ${MAX_ITEM_BYTES}: keep less of the item in the row`,
  );
}

/** The key attributes of a mutation's row. */
export function encodeRowKey({ view, value }: Mutation<TableView>): EncodedItem {
  return encodeItem(
    pick(
      value,
      view.key.map(({ name }) => name),
    ),
  );
}

/** The named attributes of an item. */
export function pick<T>(
  item: Readonly<Record<string, T>>,
  names: readonly string[],
): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, item[name] as T]));
}

const SHAPES_KEPT = 1_000;
const shapes = new Map<string, string>();

/** Eight characters for a set of attribute names; a view has few such sets, so that hashing them is rare. */
function shapeOf(item: EncodedItem): string {
  const names = JSON.stringify(Object.keys(item).sort());
  const known = shapes.get(names);
  if (known !== undefined) return known;
  const shape = createHash("sha256").update(names).digest("base64url").slice(0, 8);
  if (shapes.size >= SHAPES_KEPT) shapes.clear();
  shapes.set(names, shape);
  return shape;
}
