import { createHash } from "node:crypto";

import type { Item } from "../../change/attribute-value.js";
import { keyText } from "../../change/item-key.js";
import { type OwnedItem, recomputeGroups } from "../../view/aggregate/recompute-groups.js";
import { canonicalText } from "../../view/canonical-text.js";
import type { Row } from "../../view/row.js";
import type { View } from "../../view/view.js";

/** How a view's rows compare with a recomputation from its source. */
export interface Comparison {
  readonly view: string;
  readonly sink: "dynamodb" | "redis";
  /** Rows that should be there. */
  readonly rows: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
}

/** A row under its key. */
export interface KeyedValue {
  readonly key: string;
  readonly value: Item;
}

/** Where a comparison reads from. */
export interface ComparisonReads {
  /** All items of a view's source, strongly consistent. */
  readonly sourceItems: (view: View) => AsyncIterable<Item>;
  /** All rows that are there, by key. */
  readonly storedRows: (view: View) => AsyncIterable<KeyedValue>;
  /** What a derived value looks like when it is read back from the view's sink. */
  readonly asRead: (view: View, value: Item) => Item;
}

/**
 * Recomputes a view from its source and compares it with what its sink holds, row by row.
 *
 * Knows nothing of streams, versions or batches: it only asks the declaration what each item derives. Holds one
 * digest a row in memory.
 */
export async function compareView(view: View, reads: ComparisonReads): Promise<Comparison> {
  const expected = new Map<string, string>();
  for await (const { key, value } of recomputed(view, reads.sourceItems(view)))
    expected.set(key, digest(reads.asRead(view, value)));
  const rows = expected.size;
  let extra = 0;
  let different = 0;
  for await (const { key, value } of reads.storedRows(view)) {
    const wanted = expected.get(key);
    if (wanted === undefined) extra++;
    else if (wanted !== digest(value)) different++;
    expected.delete(key);
  }
  const sink = view.kind === "cache-view" ? "redis" : "dynamodb";
  return { view: view.name, sink, rows, missing: expected.size, extra, different };
}

/** The rows a view should have; those of groups need all items at once, and no other item's. */
async function* recomputed(view: View, items: AsyncIterable<Item>): AsyncGenerator<Row> {
  if (view.kind === "aggregate-view") yield* await recomputeGroups(view, owned(view, items));
  else for await (const item of items) yield* view.rowsOf(item);
}

async function* owned(view: View, items: AsyncIterable<Item>): AsyncGenerator<OwnedItem> {
  const names = view.source.key.map(({ name }) => name);
  for await (const item of items) yield { owner: keyText(names, item), item };
}

/** Whether nothing is missing, extra or different. */
export function isTrue({ missing, extra, different }: Comparison): boolean {
  return missing + extra + different === 0;
}

function digest(value: Item): string {
  return createHash("sha1").update(canonicalText(value)).digest("base64").slice(0, 16);
}
