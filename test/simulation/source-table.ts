import type { Item } from "../../src/change/attribute-value.js";
import type { StreamRecord } from "../../src/change/decode-record.js";
import { keyText } from "../../src/change/item-key.js";
import { sameValue } from "../../src/view/row.js";
import { streamRecord } from "../support/records.js";
import type { Random } from "./random.js";

/** A shard: an append-only list of the records of the items whose hash lies in its range. */
export interface Shard {
  readonly shardId: string;
  readonly parentShardId?: string;
  readonly from: number;
  readonly to: number;
  readonly records: StreamRecord[];
  /** Where its sequence numbers are: they mean nothing beside those of another shard, but for its parent's. */
  position: bigint;
  closed: boolean;
}

/** A stream as it was enabled once; a re-created stream has a newer label, and other shards. */
export interface Stream {
  readonly label: string;
  readonly shards: Shard[];
  /** Whether nothing will ever be written to it again. */
  closed: boolean;
}

/** A table with its stream. */
export interface SourceTable {
  readonly table: string;
  /** Names of the key attributes. */
  readonly keys: readonly string[];
  readonly streams: readonly Stream[];
  /** The item as it is, read strongly. */
  get(itemKey: string): Item | undefined;
  items(): readonly Item[];
  /** Puts or, without an item, deletes; a write that changes nothing leaves no record. */
  write(key: Item, item: Item | undefined, malformed?: boolean): void;
  /** Puts an item that was there before there was a stream. */
  hold(item: Item): void;
  /** Closes an open shard for one or two children. */
  split(children: 1 | 2): void;
  /** Disables the stream and enables it again, losing nothing in between. */
  recreate(): void;
  /** Resolves when something was written or closed, or somebody nudges. */
  changed(): Promise<void>;
  nudge(): void;
}

/** Where the texts of sequence numbers grow longer by a digit: somewhere in the midst of a history. */
const LONGER_AT = 10n ** 21n;
/** No two shards ever give out the same number. */
const MOST_SHARDS = 64n;

/** Makes a table whose stream has this many shards. */
export function createSourceTable(
  options: { readonly table: string; readonly keys: readonly string[]; readonly shards: number },
  nowMs: () => number,
  random: Random,
): SourceTable {
  const { table, keys } = options;
  const items = new Map<string, Item>();
  const streams: Stream[] = [];
  let waiting: (() => void)[] = [];
  let shardsMade = 0;

  function wake(): void {
    const woken = waiting;
    waiting = [];
    for (const each of woken) each();
  }

  function shard(from: number, to: number, parent?: Shard): Shard {
    const shardId = `shardId-${String(++shardsMade).padStart(4, "0")}`;
    const position = parent?.position ?? -BigInt(random.below(60));
    const parentOf = parent && { parentShardId: parent.shardId };
    return { shardId, ...parentOf, from, to, records: [], position, closed: false };
  }

  function nextSequenceNumber(own: Shard): string {
    own.position += BigInt(1 + random.below(9));
    const ordinal = BigInt(own.shardId.slice(-4)) % MOST_SHARDS;
    return String(LONGER_AT + own.position * MOST_SHARDS + ordinal);
  }

  function enable(): void {
    const label = `2026-01-0${streams.length + 1}T00:00:00.000`;
    const shards = Array.from({ length: options.shards }, (_, i) =>
      shard(i / options.shards, (i + 1) / options.shards),
    );
    streams.push({ label, shards, closed: false });
  }

  function shardOf(stream: Stream, key: string): Shard {
    const at = placeOf(key);
    return stream.shards.find((each) => !each.closed && each.from <= at && at < each.to)!;
  }

  enable();
  return {
    table,
    keys,
    streams,
    get: (itemKey) => items.get(itemKey),
    items: () => [...items.values()],
    write(key, item, malformed = false) {
      const itemKey = keyText(keys, key);
      const old = items.get(itemKey);
      if (item === undefined ? old === undefined : sameValue(old, item)) return;
      if (item) items.set(itemKey, item);
      else items.delete(itemKey);
      const stream = streams[streams.length - 1]!;
      const own = shardOf(stream, itemKey);
      const record = streamRecord({
        ...(old && { old }),
        ...(item && { new: item }),
        ...{ keys, table, label: stream.label, at: Math.floor(nowMs() / 1000) },
        sequenceNumber: nextSequenceNumber(own),
      });
      own.records.push(malformed ? { ...record, eventName: `broken ${record.eventName}` } : record);
      wake();
    },
    hold(item) {
      items.set(keyText(keys, item), item);
    },
    split(children) {
      const stream = streams[streams.length - 1]!;
      const parent = random.pick(stream.shards.filter(({ closed }) => !closed));
      parent.closed = true;
      const middle = (parent.from + parent.to) / 2;
      const ranges =
        children === 1
          ? [[parent.from, parent.to]]
          : [
              [parent.from, middle],
              [middle, parent.to],
            ];
      for (const [from, to] of ranges) stream.shards.push(shard(from!, to!, parent));
      wake();
    },
    recreate() {
      const stream = streams[streams.length - 1]!;
      stream.closed = true;
      for (const each of stream.shards) each.closed = true;
      enable();
      wake();
    },
    nudge: wake,
    changed: () => new Promise((resolve) => waiting.push(resolve)),
  };
}

/** Where an item lies among the shards, from 0 to below 1. */
function placeOf(key: string): number {
  let value = 7;
  for (let i = 0; i < key.length; i++)
    value = Math.imul(value ^ key.charCodeAt(i), 0x85ebca6b) ^ (value >>> 13);
  return ((value ^ (value >>> 16)) >>> 0) / 2 ** 32;
}

/** What a malformed record was before it was broken, as a fixed decoder would read it. */
export function mended(record: StreamRecord): StreamRecord {
  return { ...record, eventName: record.eventName?.replace("broken ", "") };
}
