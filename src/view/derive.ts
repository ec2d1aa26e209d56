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
  const wanted = rowsOf(view, change.images[last]);
  const before: (readonly Row[])[] = [];
  for (let i = 0; i < last; i++) before.push(rowsOf(view, change.images[i]));
  const isOneByOne = wanted.length <= 1 && before.every(({ length }) => length <= 1);
  return isOneByOne
    ? deriveOne(view, change, before, wanted[0])
    : deriveMany(view, change, before.map(byKey), byKey(wanted));
}

/** Where no image derives more than one row, as most do: what {@link deriveMany} says, without its sets and maps. */
function deriveOne<V>(
  view: V,
  change: NetChange,
  before: readonly (readonly Row[])[],
  wanted: Row | undefined,
): readonly Mutation<V>[] {
  let enters = true;
  let isSettled = true;
  let leaving: Map<string, Row> | undefined;
  for (const rows of before) {
    const row = rows[0];
    const isWanted = row !== undefined && row.key === wanted?.key;
    if (isWanted) enters = false;
    else if (row !== undefined) (leaving ??= new Map<string, Row>()).set(row.key, row);
    isSettled &&= isWanted && isSame(row, wanted);
  }
  if (leaving === undefined) return isSettled || !wanted ? [] : [put(view, change, wanted, enters)];
  const left = [...leaving.values()].map((row) => leave(view, change, row));
  return wanted ? [...left, put(view, change, wanted, enters)] : left;
}

type RowsByKey = ReadonlyMap<string, Row>;

function deriveMany<V>(
  view: V,
  change: NetChange,
  before: readonly RowsByKey[],
  wanted: RowsByKey,
): readonly Mutation<V>[] {
  const settled = new Set(wanted.keys());
  const leaving = new Map<string, Row>();
  const met = new Set<string>();
  for (const rows of before) {
    for (const [key, row] of rows) {
      if (wanted.has(key)) met.add(key);
      else leaving.set(key, row);
    }
    for (const key of settled) if (!isSame(rows.get(key), wanted.get(key))) settled.delete(key);
  }
  const mutations: Mutation<V>[] = [...leaving.values()].map((row) => leave(view, change, row));
  for (const row of wanted.values())
    if (!settled.has(row.key)) mutations.push(put(view, change, row, !met.has(row.key)));
  return mutations;
}

const NONE: readonly Row[] = [];

function rowsOf(view: Derivable, image: Item | undefined): readonly Row[] {
  return image === undefined ? NONE : view.rowsOf(image);
}

function byKey(rows: readonly Row[]): RowsByKey {
  return new Map(rows.map((row) => [row.key, row]));
}

function leave<V>(view: V, change: NetChange, row: Row): Mutation<V> {
  return { type: "delete", ...target(view, change, row) };
}

function put<V>(view: V, change: NetChange, row: Row, enters: boolean): Mutation<V> {
  return { type: "put", ...target(view, change, row), ...(enters && { enters }) };
}

function isSame(row: Row | undefined, other: Row | undefined): boolean {
  return row !== undefined && other !== undefined && sameValue(row.value, other.value);
}

function target<V>(view: V, change: NetChange, { key, value }: Row) {
  const { version, itemKey: owner, changedAtSeconds } = change;
  return { view, key, value, version, owner, changedAtSeconds };
}
