import type { Item } from "../change/attribute-value.js";
import { decodeRecord } from "../change/decode-record.js";
import { parseVersion, type Version } from "../change/version.js";
import { isMillraceError, messageOf, MillraceError } from "../errors.js";
import type { HeldEntry } from "../state/quarantine.js";
import { CONTRIBUTION_KEY } from "../view/aggregate/compile-contribution.js";
import type { Mutation, Row } from "../view/row.js";
import type { View } from "../view/view.js";

/** An item behind a fence, with all that is parked of it and the item as it is now. */
export interface FencedItem {
  readonly view: View;
  readonly itemKey: string;
  /** At least one, oldest first. */
  readonly entries: readonly HeldEntry[];
  /** The item as it was read before, in earlier rounds. */
  readonly seen: readonly (Item | undefined)[];
  /** Read after the entries; absent where it is gone. */
  readonly item: Item | undefined;
}

/**
 * Says what must become of an item's rows so that its fence can be lifted: what it derives now is put, and every row that
 * any parked image may have derived besides is deleted, all at the version of the newest parked change.
 *
 * Parked images count as derived, because a change may have been applied in part before it was parked, or whole before
 * an older delivery of it was. A contribution is one row whatever its item looks like, so no image is asked about it.
 *
 * @throws what the view's functions throw of the item as it is now or as it was, and `malformed-record` for an entry that
 *   cannot be read.
 */
export function planItem(fenced: FencedItem): readonly Mutation<View>[] {
  const { view, itemKey, entries, item } = fenced;
  const target = { view, owner: itemKey, ...newestOf(entries) };
  const wanted = rowsOf(view, item, `item ${itemKey} as it is now`);
  const touched = view.kind === "aggregate-view" ? CONTRIBUTION : rowsTouched(fenced);
  const kept = new Set(wanted.map(({ key }) => key));
  return [
    ...[...touched.values()]
      .filter(({ key }) => !kept.has(key))
      .map((row) => ({ type: "delete" as const, ...row, ...target })),
    ...wanted.map((row) => ({ type: "put" as const, ...row, ...target })),
  ];
}

const CONTRIBUTION: ReadonlyMap<string, Row> = new Map([
  [CONTRIBUTION_KEY, { key: CONTRIBUTION_KEY, value: {} }],
]);

/** Version and time of the newest entry; one without records has the version of a read, and the time it was parked. */
function newestOf(entries: readonly HeldEntry[]): {
  readonly version: Version;
  readonly changedAtSeconds: number;
} {
  const newest = entries.reduce((a, b) => (a.entry.position > b.entry.position ? a : b)).entry;
  const time = newest.records[newest.records.length - 1]?.dynamodb?.ApproximateCreationDateTime;
  const seconds = time instanceof Date ? time.getTime() / 1000 : time;
  return {
    version: parseVersion(newest.position),
    changedAtSeconds: Math.floor(seconds ?? newest.parkedAtMs / 1000),
  };
}

function rowsTouched({ view, itemKey, entries, seen }: FencedItem): ReadonlyMap<string, Row> {
  const names = view.source.key.map(({ name }) => name);
  const rows = new Map<string, Row>();
  for (const image of seen)
    for (const row of rowsOf(view, image, `item ${itemKey}`)) rows.set(row.key, row);
  for (const { entry } of entries)
    for (const record of entry.records) {
      const { oldImage, newImage, sequenceNumber } = decodeRecord(record, () => names);
      const told = `item ${itemKey} as it was at ${sequenceNumber}`;
      for (const image of [oldImage, newImage])
        for (const row of rowsOf(view, image, told)) rows.set(row.key, row);
    }
  return rows;
}

/** What an image derives; where the view throws, the error says of which image. */
function rowsOf(view: View, image: Item | undefined, told: string): readonly Row[] {
  try {
    return image === undefined ? [] : view.rowsOf(image);
  } catch (thrown) {
    const code = isMillraceError(thrown) ? thrown.code : "view-failed";
    throw new MillraceError(code, `${told}: ${messageOf(thrown)}`, {
      cause: thrown,
      context: { view: view.name },
    });
  }
}
