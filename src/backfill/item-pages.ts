import type { Item } from "../change/attribute-value.js";
import type { SourceItems } from "../upkeep/source-items.js";
import type { ViewSource } from "../view/view.js";

/** Some items to be brought up to date, and where to go on. */
export interface ItemPage {
  readonly owners: readonly string[];
  /** The items as they were read; absent where only their keys are known. */
  readonly items?: ReadonlyMap<string, Item>;
  /** The moment they are as of, Unix milliseconds, where that is not when the page was read. */
  readonly atMs?: number;
  /** Items the page went over. */
  readonly scanned: number;
  readonly readUnits: number;
  /** Where the next page begins; absent after the last one. */
  readonly next?: string;
}

/** Where the items of a backfill come from, in segments that are independent of each other. */
export interface ItemPages {
  pages(segment: number, segments: number, after?: string): AsyncIterable<ItemPage>;
}

/** What {@link scannedPages} takes besides the items. */
export interface ScanOptions {
  readonly source: ViewSource;
  /** Which items are meant; all where it is not given. */
  readonly matches?: (item: Item) => boolean;
  /** Most items of a page. */
  readonly pageItems: number;
}

/** The items of a source, by a parallel scan. */
export function scannedPages(items: SourceItems, options: ScanOptions): ItemPages {
  const { source, matches = () => true, pageItems } = options;
  return {
    async *pages(index, total, after) {
      const segment = { index, total, pageItems, ...(after !== undefined && { after }) };
      for await (const { items: found, scanned, readUnits, next } of items.scan(source, segment)) {
        const wanted = new Map(
          found.filter(({ item }) => matches(item)).map(({ owner, item }) => [owner, item]),
        );
        const owners = [...wanted.keys()];
        yield { owners, items: wanted, scanned, readUnits, ...(next !== undefined && { next }) };
      }
    },
  };
}

/** The items that have these keys; the position is how many of them are done. */
export function listedPages(owners: readonly string[], pageItems: number): ItemPages {
  return {
    async *pages(segment, segments, after = "0") {
      const own = owners.filter((_, i) => i % segments === segment);
      for (let from = Number(after); from < own.length; from += pageItems) {
        const page = own.slice(from, from + pageItems);
        const next = from + page.length;
        yield {
          owners: page,
          scanned: page.length,
          readUnits: 0,
          ...(next < own.length && { next: String(next) }),
        };
      }
    },
  };
}
