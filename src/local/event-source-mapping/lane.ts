import { batchingWindowEnd, MAX_BATCH_BYTES, nextBatch } from "./batch-buffer.js";
import { createNotice } from "./clock.js";
import { type Batch, deliver, type Delivery, type OnSettled } from "./deliver.js";
import type { MappedRecord } from "./stream-event.js";
import { idleCloseAtMs, isAfter, type OpenWindow, openWindow } from "./tumbling-window.js";

/** Delivers records one batch after the other, in the order they come. */
export interface Lane {
  add(records: readonly MappedRecord[]): void;
  /** No more records will come. */
  end(): void;
  /** Whether more than enough is waiting to fill the next batch. */
  isFull(): boolean;
  /** Resolves once all records until the end are settled, with `true`; with `false` when the mapping stops before. */
  run(): Promise<boolean>;
}

/** What a lane needs beside what delivering needs. */
export interface LaneWork extends Delivery {
  readonly onSettled: OnSettled;
  /** Told whenever there is room for more records. */
  readonly onRoom: () => void;
  /** The tumbling window that was open when the mapping stopped. */
  readonly window?: OpenWindow | undefined;
}

/** A lane that nothing was added to yet. */
export function createLane(work: LaneWork): Lane {
  const { settings, clock, signal } = work;
  const { batchSize, maximumBatchingWindowInSeconds, tumblingWindowInSeconds } = settings;
  const news = createNotice(clock, signal);
  let buffer: MappedRecord[] = [];
  let bytes = 0;
  let hasEnded = false;
  let batchDueAtMs = 0;
  let window = tumblingWindowInSeconds > 0 ? work.window : undefined;

  function take(count: number): MappedRecord[] {
    const taken = buffer.slice(0, count);
    buffer = buffer.slice(count);
    bytes -= taken.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0);
    return taken;
  }

  /** The open window's last call, once no record of it can come any more. */
  function lastCall(): Batch | undefined {
    if (!window) return undefined;
    const [first] = buffer;
    const isOver = first
      ? isAfter(window, first.createdAtSeconds)
      : hasEnded || clock.nowMs() >= idleCloseAtMs(window);
    const call = { window, isFinal: true, isTerminatedEarly: false };
    return isOver ? { records: [], call } : undefined;
  }

  function next(): Batch | undefined {
    const last = lastCall();
    if (last) return last;
    const [first] = buffer;
    if (!first) return undefined;
    const open =
      tumblingWindowInSeconds > 0
        ? (window ?? openWindow(first.createdAtSeconds, tumblingWindowInSeconds))
        : undefined;
    const limits = { batchSize, ...(open && { windowEndMs: open.endMs }) };
    const { count, isFull } = nextBatch(buffer, limits);
    if (!isFull && !hasEnded && clock.nowMs() < batchDueAtMs) return undefined;
    window = open;
    const call = open && { window: open, isFinal: false, isTerminatedEarly: false };
    return { records: take(count), ...(call && { call }) };
  }

  /** Delivers a batch; `false` when the mapping stopped before it was settled. */
  async function deliverNext(batch: Batch): Promise<boolean> {
    const delivered = await deliver(work, batch, work.onSettled);
    if (!delivered.finished) return false;
    const isClosed = batch.call?.isFinal === true;
    window = isClosed ? undefined : delivered.window;
    if (isClosed) await work.onSettled([], undefined);
    batchDueAtMs = clock.nowMs() + maximumBatchingWindowInSeconds * 1000;
    work.onRoom();
    return true;
  }

  /** How long nothing can become due by itself; `undefined` where only news can change that. */
  function idleMs(): number | undefined {
    if (buffer.length > 0) return Math.max(0, batchDueAtMs - clock.nowMs());
    return window && Math.max(0, idleCloseAtMs(window) - clock.nowMs());
  }

  return {
    add(records) {
      if (records.length === 0) return;
      if (buffer.length === 0) {
        const nowMs = clock.nowMs();
        batchDueAtMs = batchingWindowEnd(batchDueAtMs, nowMs, maximumBatchingWindowInSeconds);
      }
      buffer.push(...records);
      bytes += records.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0);
      news.notify();
    },
    end() {
      hasEnded = true;
      news.notify();
    },
    isFull: () => buffer.length >= 2 * batchSize || bytes >= 2 * MAX_BATCH_BYTES,
    async run() {
      while (!signal.aborted) {
        const batch = next();
        if (batch) {
          if (!(await deliverNext(batch))) return false;
        } else if (hasEnded) {
          return true;
        } else {
          await news.wait(idleMs());
        }
      }
      return false;
    },
  };
}

/** The lane of an item among so many: always the same one (FNV-1a). */
export function laneOf(itemKey: string, lanes: number): number {
  if (lanes === 1) return 0;
  let hash = 0x811c9dc5;
  for (let i = 0; i < itemKey.length; i++)
    hash = Math.imul(hash ^ itemKey.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % lanes;
}
