import { type Change, foldChanges, type NetChange } from "../change/change.js";
import type { StreamRecord } from "../change/decode-record.js";

/** A change with the record it was decoded from; quarantine keeps the record. */
export interface DecodedRecord {
  readonly change: Change;
  readonly record: StreamRecord;
}

/** The ordered work of one source item inside a batch (rule V3). */
export interface Lane {
  readonly change: NetChange;
  /** The records folded into the change, oldest first. */
  readonly records: readonly StreamRecord[];
  /** Where Lambda must resume if this lane could not be finished. */
  readonly firstSequenceNumber: string;
}

/**
 * Sorts a batch into lanes, one an item, each folded into one net change.
 *
 * Requires the batch in stream order. Records delivered twice within a batch count once.
 */
export function formLanes(decoded: readonly DecodedRecord[]): readonly Lane[] {
  const byItem = new Map<string, DecodedRecord[]>();
  for (const entry of decoded) {
    const item = `${entry.change.table} ${entry.change.itemKey}`;
    const lane = byItem.get(item);
    if (lane === undefined) byItem.set(item, [entry]);
    else if (isLater(lane, entry)) lane.push(entry);
  }
  return [...byItem.values()].map(laneOf);
}

function isLater(lane: readonly DecodedRecord[], entry: DecodedRecord): boolean {
  const last = lane[lane.length - 1];
  return last === undefined || entry.change.version > last.change.version;
}

function laneOf(entries: readonly DecodedRecord[]): Lane {
  const [first, ...rest] = entries as readonly [DecodedRecord, ...DecodedRecord[]];
  return {
    change: foldChanges([first.change, ...rest.map(({ change }) => change)]),
    records: entries.map(({ record }) => record),
    firstSequenceNumber: first.change.sequenceNumber,
  };
}
