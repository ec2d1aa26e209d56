import type { Item } from "../../change/attribute-value.js";

/**
 * What one source item adds to an aggregate view: one part for each group it is in.
 *
 * It is the row that the item derives, under one and the same key for every item, so that derivation says of it what
 * it says of any row: it enters, stays or leaves, and costs nothing while it is equal (rule V4).
 */
export interface Contribution {
  readonly parts: readonly Part[];
}

/** What an item adds to one group. */
export interface Part {
  /** The attributes that name the group: exactly those of the view's key. */
  readonly group: Item;
  /** By measure, and only where the item has something to add; a plain count needs nothing. */
  readonly values: Readonly<Record<string, PartValue>>;
}

/**
 * What an item adds to one measure: a number to sum, `true` where a condition holds, a value to tell apart, or
 * `{ by, kept }` to order by.
 */
export type PartValue = unknown;

/** What an item adds to a measure that orders: the value to order by, and what the row shows of the item. */
export interface OrderedValue {
  readonly by: unknown;
  readonly kept?: Item;
}
