import { batchingWindowEnd, MAX_BATCH_BYTES, nextBatch } from "./batch-buffer.js";
import { createNotice, type Notice } from "./clock.js";
import { type Batch, deliver, type Delivery, type OnSettled } from "./deliver.js";
import type { MappedRecord } from "./stream-event.js";
import { idleCloseAtMs, isAfter, type OpenWindow, openWindow } from "./tumbling-window.js";

/** What a lane needs beside what delivering needs. */
export interface LaneWork extends Delivery {
  readonly onSettled: OnSettled;
  /** Told whenever there is room for more records. */
  readonly onRoom: () => void;
  /** The tumbling window that was open when the mapping stopped. */
  readonly window?: OpenWindow | undefined;
}

/** Delivers records one batch after the other, in the order they come. */
export class Lane {
  readonly #news: Notice;
  #buffer: MappedRecord[] = [];
  #bytes = 0;
  #hasEnded = false;
  #batchDueAtMs = 0;
  #window: OpenWindow | undefined;

  constructor(readonly work: LaneWork) {
    this.#news = createNotice(work.clock, work.signal);
    if (this.#windowSeconds > 0) this.#window = work.window;
  }

  /** Takes records to deliver after all that were added before. */
  add(records: readonly MappedRecord[]): void {
    if (records.length === 0) return;
    const { clock, settings } = this.work;
    if (this.#buffer.length === 0) {
      const seconds = settings.maximumBatchingWindowInSeconds;
      this.#batchDueAtMs = batchingWindowEnd(this.#batchDueAtMs, clock.nowMs(), seconds);
    }
    this.#buffer.push(...records);
    this.#bytes += bytesOf(records);
    this.#news.notify();
  }

  /** No more records will come. */
  end(): void {
    this.#hasEnded = true;
    this.#news.notify();
  }

  /** Whether more than enough is waiting to fill the next batch. */
  isFull(): boolean {
    const { batchSize } = this.work.settings;
    return this.#buffer.length >= 2 * batchSize || this.#bytes >= 2 * MAX_BATCH_BYTES;
  }

  /** Resolves once all records until the end are settled, with `true`; with `false` when the mapping stops before. */
  async run(): Promise<boolean> {
    const { signal } = this.work;
    while (!signal.aborted) {
      const batch = this.#lastCall() ?? this.#nextBatch();
      if (batch) {
        if (!(await this.#deliver(batch))) return false;
      } else if (this.#hasEnded) {
        return true;
      } else {
        await this.#news.wait(this.#idleMs());
      }
    }
    return false;
  }

  get #windowSeconds(): number {
    return this.work.settings.tumblingWindowInSeconds;
  }

  /** The open window's last call, once no record of it can come any more. */
  #lastCall(): Batch | undefined {
    const window = this.#window;
    if (!window) return undefined;
    const [first] = this.#buffer;
    const isOver = first
      ? isAfter(window, first.createdAtSeconds)
      : this.#hasEnded || this.work.clock.nowMs() >= idleCloseAtMs(window);
    const call = { window, isFinal: true, isTerminatedEarly: false };
    return isOver ? { records: [], call } : undefined;
  }

  /** The next records, once there are enough of them or their time has come. */
  #nextBatch(): Batch | undefined {
    const [first] = this.#buffer;
    if (!first) return undefined;
    const window =
      this.#windowSeconds > 0
        ? (this.#window ?? openWindow(first.createdAtSeconds, this.#windowSeconds))
        : undefined;
    const { batchSize } = this.work.settings;
    const limits = { batchSize, ...(window && { windowEndMs: window.endMs }) };
    const { count, isFull } = nextBatch(this.#buffer, limits);
    const isDue = this.#hasEnded || this.work.clock.nowMs() >= this.#batchDueAtMs;
    if (!isFull && !isDue) return undefined;
    const records = this.#buffer.slice(0, count);
    this.#buffer = this.#buffer.slice(count);
    this.#bytes -= bytesOf(records);
    this.#window = window;
    if (!window) return { records };
    return { records, call: { window, isFinal: false, isTerminatedEarly: false } };
  }

  /** Delivers a batch; `false` when the mapping stopped before it was settled. */
  async #deliver(batch: Batch): Promise<boolean> {
    const { onSettled, onRoom, clock, settings } = this.work;
    const { finished, window } = await deliver(this.work, batch, onSettled);
    if (!finished) return false;
    const isClosed = batch.call?.isFinal === true;
    this.#window = isClosed ? undefined : window;
    if (isClosed) await onSettled([], undefined);
    this.#batchDueAtMs = clock.nowMs() + settings.maximumBatchingWindowInSeconds * 1000;
    onRoom();
    return true;
  }

  /** How long nothing becomes due by itself; `undefined` where only news can change that. */
  #idleMs(): number | undefined {
    const nowMs = this.work.clock.nowMs();
    if (this.#buffer.length > 0) return Math.max(0, this.#batchDueAtMs - nowMs);
    return this.#window && Math.max(0, idleCloseAtMs(this.#window) - nowMs);
  }
}

function bytesOf(records: readonly MappedRecord[]): number {
  return records.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0);
}

/** The lane of an item among so many: always the same one (FNV-1a). */
export function laneOf(itemKey: string, lanes: number): number {
  if (lanes === 1) return 0;
  let hash = 0x811c9dc5;
  for (let i = 0; i < itemKey.length; i++)
    hash = Math.imul(hash ^ itemKey.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % lanes;
}
