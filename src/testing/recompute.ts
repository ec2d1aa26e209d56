import type { Item } from "../change/attribute-value.js";
import { type OwnedItem, recomputeGroups } from "../view/aggregate/recompute-groups.js";
import { canonicalText } from "../view/canonical-text.js";
import type { View } from "../view/view.js";

/** What a view must hold, by key, going by nothing but its declaration and its source's items. */
export async function recompute(
  view: View,
  items: readonly OwnedItem[],
): Promise<ReadonlyMap<string, Item>> {
  const rows =
    view.kind === "aggregate-view"
      ? await recomputeGroups(view, items)
      : items.flatMap(({ item }) => view.rowsOf(item));
  return new Map(rows.map(({ key, value }) => [key, value]));
}

/** Where rows differ from what they must be, one sentence a row; empty where they do not. */
export function differences(
  view: View,
  rows: Iterable<readonly [string, Item]>,
  expected: ReadonlyMap<string, Item>,
): readonly string[] {
  const stored = new Map(rows);
  return [...new Set([...expected.keys(), ...stored.keys()])].flatMap((key) => {
    const is = textOf(stored.get(key));
    const should = textOf(expected.get(key));
    return is === should ? [] : [`view "${view.name}", row ${key}: is ${is}, should be ${should}`];
  });
}

function textOf(value: Item | undefined): string {
  return value === undefined ? "absent" : canonicalText(value);
}
