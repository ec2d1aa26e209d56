import type { Item } from "../change/attribute-value.js";
import type { StreamRecord } from "../change/decode-record.js";
import { encodeItem } from "../change/encode-item.js";
import type { OwnedItem } from "../view/aggregate/recompute-groups.js";
import { sameValue } from "../view/row.js";
import type { ViewSource } from "../view/view.js";

/** A table in memory, with its stream. */
export interface MemoryTable {
  readonly source: ViewSource;
  /** Puts the item, or deletes the one with this key; a write that changes nothing leaves no record. */
  write(itemKey: string, item: Item | undefined): void;
  get(itemKey: string): Item | undefined;
  /** The items, each with its key text. */
  items(): readonly OwnedItem[];
  /** All records so far, oldest first. */
  readonly records: readonly StreamRecord[];
}

const LABEL = "2026-01-01T00:00:00.000";

/** Makes an empty table; its clock goes on by a second with each record. */
export function createMemoryTable(source: ViewSource, startSeconds: number): MemoryTable {
  const items = new Map<string, Item>();
  const records: StreamRecord[] = [];
  const names = source.key.map(({ name }) => name);
  const eventSourceARN = `arn:aws:dynamodb:us-east-1:000000000000:table/${source.table}/stream/${LABEL}`;

  function recordOf(before: Item | undefined, after: Item | undefined): StreamRecord {
    const some = (after ?? before) as Item;
    return {
      eventName: before ? (after ? "MODIFY" : "REMOVE") : "INSERT",
      eventSourceARN,
      dynamodb: {
        ApproximateCreationDateTime: startSeconds + records.length,
        Keys: encodeItem(Object.fromEntries(names.map((name) => [name, some[name]]))),
        ...(before && { OldImage: encodeItem(before) }),
        ...(after && { NewImage: encodeItem(after) }),
        SequenceNumber: String(10n ** 20n + BigInt(records.length)),
        StreamViewType: "NEW_AND_OLD_IMAGES",
      },
    };
  }

  return {
    source,
    records,
    write(itemKey, item) {
      const before = items.get(itemKey);
      if (item === undefined ? before === undefined : sameValue(before, item)) return;
      records.push(recordOf(before, item));
      if (item) items.set(itemKey, item);
      else items.delete(itemKey);
    },
    get: (itemKey) => items.get(itemKey),
    items: () => [...items].map(([owner, item]) => ({ owner, item })),
  };
}
