import { scanWhole, type SourceItems } from "../upkeep/source-items.js";
import type { CacheView } from "../view/cache-view.js";
import { type Expectation, expectationsOf } from "./expectation.js";

/** Of whom a row is, among the items of the source: an item of this view, or another view's affair. */
export type Ownership = { readonly owner: string; readonly expected: Expectation } | "another-view";

/** A view, and those it shares its source and its kind of entries with: a key does not tell which of them it is of. */
export interface Family {
  readonly view: CacheView;
  readonly siblings: readonly CacheView[];
}

/** Goes once over the whole source, and says which of these rows some item derives. */
export async function findOwners(
  items: SourceItems,
  { view, siblings }: Family,
  keys: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Ownership>> {
  const found = new Map<string, Ownership>();
  const { source } = view;
  for await (const page of scanWhole(items, source)) {
    for (const { owner, item } of page.items) {
      for (const [key, expected] of expectationsOf(view, owner, item) ?? [])
        if (keys.has(key)) found.set(key, { owner, expected });
      for (const sibling of siblings)
        for (const key of expectationsOf(sibling, owner, item)?.keys() ?? [])
          if (keys.has(key) && !found.has(key)) found.set(key, "another-view");
    }
    if (found.size === keys.size) break;
  }
  return found;
}
