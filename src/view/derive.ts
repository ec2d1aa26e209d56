import type { Item } from "../change/attribute-value.js";
import type { NetChange } from "../change/change.js";
import type { Mutation, Row } from "./row.js";
import { sameValue } from "./row.js";

/** What derivation needs to know of a view. */
export interface Derivable {
  readonly rowsOf: (item: Item) => readonly Row[];
}

/**
 * Says what must become of a view's rows after a change: the one place that decides it (rules V3 and V4).
 *
 * - enter: a row the item derives now and did not before is put;
 * - stay: a row derived before and now is put if its value changed at any point, and costs nothing if it never did;
 * - leave: a row derived by any image before the last, and not by the last, is deleted;
 * - move: a row whose key changed leaves under the old key and enters under the new.
 *
 * Rows of images in between count as derived before, because an earlier attempt at the batch may have written them.
 * Pure. Throws what the view's functions throw, as `view-failed` or `invalid-row`.
 */
export function derive<V extends Derivable>(view: V, change: NetChange): readonly Mutation<V>[] {
  const last = change.images.length - 1;
  const wanted = rowsByKey(view, change.images[last]);
  const settled = new Set(wanted.keys());
  const leaving = new Map<string, Row>();
  const met = new Set<string>();
  for (let i = 0; i < last; i++) {
    const rows = rowsByKey(view, change.images[i]);
    for (const [key, row] of rows) {
      if (wanted.has(key)) met.add(key);
      else leaving.set(key, row);
    }
    for (const key of settled) if (!isSame(rows.get(key), wanted.get(key))) settled.delete(key);
  }
  const mutations: Mutation<V>[] = [];
  for (const row of leaving.values())
    mutations.push({ type: "delete", ...target(view, change, row) });
  for (const row of wanted.values()) {
    if (settled.has(row.key)) continue;
    const enters = !met.has(row.key) && { enters: true as const };
    mutations.push({ type: "put", ...target(view, change, row), ...enters });
  }
  return mutations;
}

function rowsByKey(view: Derivable, image: Item | undefined): ReadonlyMap<string, Row> {
  return new Map(image === undefined ? [] : view.rowsOf(image).map((row) => [row.key, row]));
}

function isSame(row: Row | undefined, other: Row | undefined): boolean {
  return row !== undefined && other !== undefined && sameValue(row.value, other.value);
}

function target<V>(view: V, change: NetChange, { key, value }: Row) {
  const { version, itemKey: owner, changedAtSeconds } = change;
  return { view, key, value, version, owner, changedAtSeconds };
}
