import type { Item } from "../../src/change/attribute-value.js";
import { decodeRecord, type StreamRecord } from "../../src/change/decode-record.js";
import type { Quarantine, QuarantineEntry, StandingFence } from "../../src/state/quarantine.js";
import type { SourceItems } from "../../src/upkeep/source-items.js";
import { mended, type SourceTable } from "./source-table.js";

/** A fence with what is behind it. */
export interface FencedItem extends StandingFence {
  readonly entries: readonly QuarantineEntry[];
}

/** All fences that stand for items of these tables, each with what is behind it. */
export async function fencedItems(
  quarantine: Quarantine,
  sources: readonly SourceTable[],
): Promise<readonly FencedItem[]> {
  const items: FencedItem[] = [];
  for (const { table } of sources)
    for await (const fence of quarantine.standing(table)) {
      const held = await quarantine.entriesOf(fence);
      items.push({ ...fence, entries: held.map(({ entry }) => entry) });
    }
  return items;
}

/** A quarantine as a later version reads it, whose decoder takes what was malformed. */
export function mendedQuarantine(quarantine: Quarantine): Quarantine {
  return {
    ...quarantine,
    async entriesOf(item) {
      const held = await quarantine.entriesOf(item);
      return held.map(({ entry, handle }) => ({
        entry: { ...entry, records: entry.records.map(mended) },
        handle,
      }));
    },
  };
}

/** Reads the items of a simulated source, as the operations read those of a real one. */
export function itemsOf(sources: readonly SourceTable[]): Pick<SourceItems, "get"> {
  return {
    async get({ table }, owners) {
      const source = sources.find((each) => each.table === table)!;
      const items = new Map<string, Item>();
      for (const owner of owners) {
        const item = currentItem(source, owner);
        if (item) items.set(owner, item);
      }
      return items;
    },
  };
}

/** The item as its declaration knows it: a view's row without the bookkeeping; a tombstone or empty group as nothing. */
export function currentItem(source: SourceTable, itemKey: string): Item | undefined {
  const { _millrace: bookkeeping, ...item } = source.get(itemKey) ?? {};
  if (bookkeeping === undefined) return source.get(itemKey);
  return bookkeeping === 0 || (bookkeeping as { d?: boolean }).d ? undefined : item;
}

/** The item a record is about, also where it arrived broken. */
export function itemKeyOf(record: StreamRecord, keys: readonly string[]): string {
  return decodeRecord(mended(record), () => keys).itemKey;
}
