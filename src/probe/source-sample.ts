import type { SourceItem, SourceItems } from "../upkeep/source-items.js";
import type { ViewSource } from "../view/view.js";

/** What {@link sampleSource} takes. */
export interface SourceSample {
  readonly source: ViewSource;
  readonly size: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Parts into which a table is cut at first, and at most: the finer, the less the places of a sample have to do with each other. */
const SEGMENTS = 16;
const MOST_SEGMENTS = 65_536;
/** Parts that are looked into; in a table that is not smaller than the sample, most of them have something. */
const MOST_READS = 64;
/** Places a sample comes from, at least. */
const PLACES = 16;

/** Chooses items of a source by chance: all of a small one, else those at the beginnings of parts of a scan. */
export async function sampleSource(
  items: SourceItems,
  { source, size, random }: SourceSample,
): Promise<readonly SourceItem[]> {
  const whole = await firstPage(items, source, { index: 0, total: 1, pageItems: size });
  if (whole.next === undefined) return whole.items;
  const found = new Map<string, SourceItem>();
  const pageItems = Math.max(1, Math.ceil(size / PLACES));
  let total = SEGMENTS;
  for (let read = 0; read < MOST_READS && found.size < size; read++) {
    const index = Math.floor(random() * total);
    const page = await firstPage(items, source, { index, total, pageItems });
    for (const each of page.items) if (found.size < size) found.set(each.owner, each);
    if (page.next !== undefined) total = Math.min(MOST_SEGMENTS, total * 2);
  }
  return found.size > 0 ? [...found.values()] : whole.items;
}

async function firstPage(
  items: SourceItems,
  source: ViewSource,
  segment: Parameters<SourceItems["scan"]>[1],
) {
  for await (const page of items.scan(source, segment)) return page;
  return { items: [], scanned: 0, readUnits: 0 };
}
