import { messageOf } from "../../errors.js";
import { createNotice, type Notice } from "./clock.js";
import type { Delivery } from "./deliver.js";
import { Lane, laneOf } from "./lane.js";
import { createPositionTracker } from "./position-tracker.js";
import type { ShardPosition } from "./shard-graph.js";
import { type MappedRecord, toMappedRecord } from "./stream-event.js";
import { errorName, type Page, type ShardReader } from "./stream-reader.js";
import type { OpenWindow } from "./tumbling-window.js";

/** What a worker needs to know of its shard and mapping. */
export interface ShardWork extends Delivery {
  readonly region: string;
  readonly start: ShardPosition;
  readonly reader: ShardReader;
  readonly accepts: (record: MappedRecord) => boolean;
  readonly saveProgress: (position: ShardPosition) => Promise<void>;
  /** Told when nothing is left to deliver of what was there at that time. */
  readonly onCaughtUp: (atMs: number | undefined) => void;
  /** Told of what kept a read from succeeding, and with `undefined` of the next that does. */
  readonly onReadTrouble: (cause: unknown) => void;
}

/** How long a stream counts as active after its last record, and how long as quiet before it counts as idle. */
const ACTIVE_MS = 2_000;
const QUIET_MS = 10_000;
const FIRST_TROUBLE_DELAY_MS = 100;
const MAX_TROUBLE_DELAY_MS = 5_000;
/**
 * Reads a shard to its end, delivering its records batch by batch, in order, in as many lanes as run in parallel.
 *
 * Reading goes on while batches are under way, but not far ahead. Progress is saved before the next batch is delivered.
 *
 * @returns whether the shard's end was reached; `false` when the mapping stopped before.
 */
export async function workShard(work: ShardWork): Promise<boolean> {
  const failing = new AbortController();
  const signal = AbortSignal.any([work.signal, failing.signal]);
  const flow = createFlow({ ...work, signal });
  const failed = (thrown: unknown): never => {
    failing.abort();
    throw thrown;
  };
  const results = await Promise.allSettled([
    ...flow.lanes.map((lane) => lane.run().catch(failed)),
    readInto({ ...work, signal }, flow).catch(failed),
  ]);
  const rejected = results.find((result) => result.status === "rejected");
  if (rejected) throw rejected.reason;
  return results.every((result) => result.status === "fulfilled" && result.value);
}

/** Where records go on their way from the stream to the function. */
interface Flow {
  readonly lanes: readonly Lane[];
  readonly room: Notice;
  /** Saves the position if it moved. */
  readonly save: () => Promise<void>;
  /** Whether all records that were read are settled. */
  readonly isSettled: () => boolean;
  /** Hands records to the lanes: all records of one item to the same one, in order. */
  readonly add: (records: readonly MappedRecord[]) => void;
}

function createFlow(work: ShardWork): Flow {
  const { settings, start } = work;
  const { parallelizationFactor } = settings;
  const tracker = createPositionTracker();
  const room = createNotice(work.clock, work.signal);
  let saved: string | undefined;
  let window = start.type === "AFTER" ? start.window : undefined;

  /** Saves the position if it moved, or if the window's state did. */
  async function save(windowMoved = false): Promise<void> {
    const sequenceNumber = tracker.position() ?? (start.type === "AFTER" && start.sequenceNumber);
    if (!sequenceNumber || (sequenceNumber === saved && !windowMoved)) return;
    saved = sequenceNumber;
    await work.saveProgress({ type: "AFTER", sequenceNumber, ...(window && { window }) });
  }

  async function onSettled(
    records: readonly MappedRecord[],
    now: OpenWindow | undefined,
  ): Promise<void> {
    for (const { sequenceNumber } of records) tracker.settle(sequenceNumber);
    const moved = now !== window;
    window = now;
    await save(moved);
  }

  const lanes = Array.from(
    { length: parallelizationFactor },
    () => new Lane({ ...work, onSettled, onRoom: () => room.notify(), window }),
  );

  return {
    lanes,
    room,
    save: () => save(),
    isSettled: () => tracker.isSettled(),
    add(records) {
      const byLane = lanes.map((): MappedRecord[] => []);
      for (const record of records) {
        const accepted = work.accepts(record);
        tracker.add(record.sequenceNumber, !accepted);
        if (accepted) byLane[laneOf(record.itemKey, lanes.length)]?.push(record);
      }
      lanes.forEach((lane, i) => lane.add(byLane[i] ?? []));
    },
  };
}

/** Reads page after page; `false` when the mapping stops before the shard's end. */
async function readInto(work: ShardWork, { lanes, room, save, isSettled, add }: Flow) {
  const { clock, signal } = work;
  let lastRecordAtMs = clock.nowMs();
  while (!signal.aborted) {
    const page = await readPage(work);
    if (page === undefined) return false;
    if (page.records.length > 0) {
      lastRecordAtMs = clock.nowMs();
      work.onCaughtUp(undefined);
      add(page.records.map((record) => toMappedRecord(record, work.streamArn, work.region)));
      await save();
    } else if (isSettled() && !page.isFull && !page.isLast) {
      work.onCaughtUp(page.askedAtMs);
    }
    if (page.isLast) {
      for (const lane of lanes) lane.end();
      return true;
    }
    await pause(work, page, lastRecordAtMs);
    while (!signal.aborted && lanes.some((lane) => lane.isFull())) await room.wait();
  }
  return false;
}

/**
 * Waits before the next read: not at all while there is more, shortly while records keep coming, longer the longer none
 * does; and never less than a multiple of what a read takes, so that watching a busy server does not make it busier.
 */
async function pause(
  { clock, signal }: ShardWork,
  page: Page,
  lastRecordAtMs: number,
): Promise<void> {
  if (page.isFull) return;
  const silentMs = clock.nowMs() - lastRecordAtMs;
  const [least, multiple] =
    page.records.length > 0
      ? [10, 2]
      : silentMs < ACTIVE_MS
        ? [5, 2]
        : [silentMs < QUIET_MS ? 80 : 250, 8];
  await clock.sleep(Math.max(least, multiple * page.durationMs), signal);
}

/** Reads until there is an answer; `undefined` when the mapping stops first. */
async function readPage(work: ShardWork): Promise<Page | undefined> {
  const { reader, events, signal, clock, shardId } = work;
  let delayMs = 0;
  while (!signal.aborted) {
    try {
      const page = await reader.next();
      work.onReadTrouble(undefined);
      return page;
    } catch (cause) {
      // An iterator lives for 15 minutes; the first time, the next one is taken without ado.
      const isExpired = delayMs === 0 && errorName(cause) === "ExpiredIteratorException";
      if (delayMs === 0 && !isExpired) {
        work.onReadTrouble(cause);
        const message = `reading shard ${shardId}: ${messageOf(cause)}; trying again`;
        events.emit("warning", { message, cause });
      }
      if (!isExpired) await clock.sleep(Math.max(FIRST_TROUBLE_DELAY_MS, delayMs), signal);
      delayMs = Math.min(MAX_TROUBLE_DELAY_MS, Math.max(FIRST_TROUBLE_DELAY_MS, 2 * delayMs));
    }
  }
  return undefined;
}
