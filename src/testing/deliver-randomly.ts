import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

import type { Item } from "../change/attribute-value.js";
import type { MemoryTable } from "./memory-table.js";
import type { Rehearsal } from "./rehearsal.js";

/** A write somebody made to a source. */
export interface RecordedWrite {
  readonly table: string;
  readonly itemKey: string;
  /** The item as written; absent for a deletion. */
  readonly item?: Item;
}

const LARGEST_BATCH = 10;

/**
 * Makes the writes anew, in an order that differs across items but not within one, and delivers them in batches cut
 * anywhere, many of them again from any earlier position on: all that a stream may do (SPEC A1).
 */
export async function deliverRandomly(
  rehearsal: Rehearsal,
  writes: readonly RecordedWrite[],
  seed: number,
): Promise<void> {
  const generator = xoroshiro128plus(seed);
  const below = (n: number) => Math.floor(uniformFloat64(generator) * n);
  const lanes = lanesOf(writes);
  const positions = new Map<MemoryTable, number>();

  async function deliverSome(): Promise<void> {
    const tables = [...rehearsal.tables.values()];
    const table = tables[below(tables.length)];
    if (!table) return;
    const reached = positions.get(table) ?? 0;
    const from = below(3) === 0 ? below(reached + 1) : reached;
    const count = 1 + below(LARGEST_BATCH);
    await rehearsal.deliver(table, from, count);
    // Going on from there, and not from where it was: what is delivered again comes again to its end, in order.
    positions.set(table, Math.min(from + count, table.records.length));
  }

  while (lanes.length > 0) {
    const lane = lanes[below(lanes.length)] as RecordedWrite[];
    const { table, itemKey, item } = lane.shift() as RecordedWrite;
    rehearsal.tables.get(table)?.write(itemKey, item);
    if (lane.length === 0) lanes.splice(lanes.indexOf(lane), 1);
    if (below(2) === 0) await deliverSome();
  }
  await deliverRest(rehearsal, positions);
}

/** Delivers to the end, and what follows from it. */
async function deliverRest(
  rehearsal: Rehearsal,
  positions: ReadonlyMap<MemoryTable, number>,
): Promise<void> {
  for (const table of rehearsal.tables.values()) {
    const from = positions.get(table) ?? 0;
    await rehearsal.deliver(table, from, table.records.length - from);
  }
}

/** The writes of each item, in order. */
function lanesOf(writes: readonly RecordedWrite[]): RecordedWrite[][] {
  const lanes = new Map<string, RecordedWrite[]>();
  for (const write of writes) {
    const item = `${write.table} ${write.itemKey}`;
    const lane = lanes.get(item);
    if (lane) lane.push(write);
    else lanes.set(item, [write]);
  }
  return [...lanes.values()];
}
