import type { Item } from "../change/attribute-value.js";
import { isMillraceError, messageOf } from "../errors.js";
import type { View } from "../view/view.js";
import type { ViewSource } from "../view/view.js";
import type { BackfillParts } from "./backfill-parts.js";
import type { BackfillControl } from "./backfill-source.js";
import type { ItemPage, ItemPages } from "./item-pages.js";
import { writeUnits } from "./write-units.js";

/** What a backfill would do to one view. */
export interface ViewEstimate {
  readonly view: string;
  readonly rows: number;
  /** About; rows that are there already cost the same, since a condition that does not hold is paid for. */
  readonly writeUnits: number;
  /** Items the view cannot take. */
  readonly poison: number;
  /** What it says of the first of them. */
  readonly firstError?: string;
}

/** What a backfill would do, and take. */
export interface BackfillEstimate {
  readonly source: string;
  readonly scanned: number;
  readonly items: number;
  /** Those of the scan, and of reading each item once more. */
  readonly readUnits: number;
  readonly views: readonly ViewEstimate[];
}

/** What {@link estimateBackfill} takes. */
export interface EstimateOptions {
  readonly source: ViewSource;
  readonly views: readonly View[];
  readonly pages: ItemPages;
  readonly segments: number;
}

/** Goes over all items and derives their rows, and writes nothing. */
export async function estimateBackfill(
  parts: Pick<BackfillParts, "items" | "pace">,
  { source, views, pages, segments }: EstimateOptions,
  control: BackfillControl,
): Promise<BackfillEstimate> {
  const total = { scanned: 0, items: 0, readUnits: 0 };
  const counts = views.map((view) => ({ view: view.name, rows: 0, writeUnits: 0, poison: 0 }));
  const errors = new Map<string, string>();

  function count(items: Iterable<Item>): void {
    for (const item of items)
      views.forEach((view, i) => {
        const so = counts[i] as (typeof counts)[number];
        try {
          for (const row of view.rowsOf(item)) {
            so.rows++;
            so.writeUnits += writeUnits(view, row);
          }
        } catch (thrown) {
          so.poison++;
          if (!errors.has(view.name))
            errors.set(view.name, isMillraceError(thrown) ? thrown.message : messageOf(thrown));
        }
      });
  }

  async function goOver(segment: number): Promise<void> {
    for await (const page of pages.pages(segment, segments)) {
      await parts.pace.read(page.readUnits);
      const items = page.items ?? (await parts.items.get(source, page.owners));
      count(items.values());
      total.scanned += page.scanned;
      total.items += items.size;
      total.readUnits += page.readUnits + readUnitsAgain(page);
      control.onPage?.(page);
      if (control.isStopping()) return;
    }
  }

  await Promise.all(Array.from({ length: segments }, (_, segment) => goOver(segment)));
  const estimates = counts.map((each) => {
    const firstError = errors.get(each.view);
    return { ...each, ...(firstError !== undefined && { firstError }) };
  });
  return { source: source.table, ...total, views: estimates };
}

/** Each item is read by itself, and takes a unit at least. */
function readUnitsAgain({ owners, scanned, readUnits }: ItemPage): number {
  const each = scanned === 0 ? 1 : Math.max(1, Math.ceil(readUnits / scanned));
  return owners.length * each;
}
