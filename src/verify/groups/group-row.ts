import { decodeItem, type Item, type WireItem } from "../../change/attribute-value.js";
import { decodeKey } from "../../dynamodb/decode-key.js";
import { figuresOf } from "../../sink/aggregate/group-figures.js";
import type { Store } from "../../sink/aggregate/store.js";
import { membersAttribute } from "../../sink/aggregate/workings.js";
import { type AggregateView, isDirect } from "../../view/aggregate/aggregate-view.js";
import { addExactly } from "../../view/aggregate/decimal.js";
import { RESERVED_ATTRIBUTE } from "../../view/key.js";
import { digestOf } from "../comparand.js";

/** Counters of a group, and its row, as they are stored. */
export interface StoredGroupParts {
  readonly counters: readonly (WireItem | undefined)[];
  readonly row: WireItem | undefined;
}

/**
 * The row that counters and entries make, as a reader should see it; `undefined` where no item is in the group.
 *
 * Of a view whose rows are their counters it is the row itself, without anything that is no part of it.
 */
export async function wantedRow(
  store: Store,
  view: AggregateView,
  text: string,
  { counters, row }: StoredGroupParts,
): Promise<Item | undefined> {
  const group = decodeItem(decodeKey(view.key, text));
  if (isDirect(view)) {
    if (row === undefined || numberOf(row, RESERVED_ATTRIBUTE) === "0") return undefined;
    const measures = Object.keys(view.measures).filter((name) => name in row);
    return {
      ...group,
      ...decodeItem(Object.fromEntries(measures.map((n) => [n, row[n]])) as WireItem),
    };
  }
  const members = counters.reduce(
    (sum, counter) => addExactly(sum, numberOf(counter, membersAttribute(view))),
    "0",
  );
  if (members === "0") return undefined;
  return { ...group, ...(await figuresOf(store, view, text, counters)) };
}

/** The row as its readers see it, as a digest; empty where there is none. */
export function seenRow(row: WireItem | undefined): string {
  if (row === undefined || row[RESERVED_ATTRIBUTE]?.N === "0") return "";
  const { [RESERVED_ATTRIBUTE]: bookkeeping, ...own } = row;
  return bookkeeping === undefined ? "foreign" : digestOf(decodeItem(own));
}

/** As {@link seenRow}, of the row there should be. */
export function rowDigest(row: Item | undefined): string {
  return row === undefined ? "" : digestOf(row);
}

function numberOf(wire: WireItem | undefined, name: string): string {
  return wire?.[name]?.N ?? "0";
}
