import type { EventEmitter } from "node:events";

import { messageOf } from "../../errors.js";
import { deliver, type Delivery } from "./deliver.js";
import type { MappingEvents } from "./mapping-events.js";
import type { MappingSettings } from "./settings.js";
import type { ShardPosition } from "./shard-graph.js";
import { type MappedRecord, toMappedRecord } from "./stream-event.js";
import { errorName, type Page, type ShardReader } from "./stream-reader.js";

/** What a worker needs to know of its shard and mapping. */
export interface ShardWork extends Delivery {
  readonly streamArn: string;
  readonly reader: ShardReader;
  readonly accepts: (record: MappedRecord) => boolean;
  readonly saveProgress: (position: ShardPosition) => Promise<void>;
  /** Told when nothing is left to deliver of what was there at that time. */
  readonly onCaughtUp: (atMs: number | undefined) => void;
}

/** Bytes of records in one invocation; Lambda takes 6 MB with everything around them. */
const MAX_PAYLOAD_BYTES = 5_900_000;
/** How long a stream counts as active after its last record. */
const ACTIVE_MS = 2_000;
const TROUBLE_DELAY_MS = 250;

/**
 * Reads a shard to its end, delivering its records batch by batch, in order.
 *
 * The next page is read while a batch is under way. Progress is saved before the next batch is delivered.
 *
 * @returns whether the shard's end was reached; `false` when the mapping stopped before.
 */
export async function workShard(work: ShardWork): Promise<boolean> {
  const { settings, signal } = work;
  let buffer: MappedRecord[] = [];
  let windowEndsAtMs = 0;
  let lastRecordAtMs = Date.now();
  let ahead = readPage(work);
  while (!signal.aborted) {
    const page = await ahead;
    if (page === undefined) return false;
    if (!page.isLast) ahead = pause(work, page, lastRecordAtMs).then(() => readPage(work));
    const mapped = page.records.map((record) => toMappedRecord(record, work.streamArn));
    const accepted = mapped.filter(work.accepts);
    if (mapped.length > 0) {
      lastRecordAtMs = Date.now();
      work.onCaughtUp(undefined);
    }
    if (buffer.length === 0)
      windowEndsAtMs = Date.now() + settings.maximumBatchingWindowInSeconds * 1000;
    buffer.push(...accepted);
    const isDue = page.isLast || Date.now() >= windowEndsAtMs;
    for (
      let batch = takeBatch(buffer, settings, isDue);
      batch.length > 0;
      batch = takeBatch(buffer, settings, isDue)
    ) {
      buffer = buffer.slice(batch.length);
      if (!(await deliverInLanes(work, batch))) return false;
      windowEndsAtMs = Date.now() + settings.maximumBatchingWindowInSeconds * 1000;
    }
    await saveFiltered(work, mapped, buffer);
    if (page.isLast) return true;
    if (mapped.length === 0 && buffer.length === 0) work.onCaughtUp(page.askedAtMs);
  }
  return false;
}

/** The next batch, if one is full or what there is is due. */
function takeBatch(
  buffer: readonly MappedRecord[],
  settings: MappingSettings,
  isDue: boolean,
): MappedRecord[] {
  const most = settings.batchSize * settings.parallelizationFactor;
  let bytes = 0;
  let count = 0;
  while (count < Math.min(most, buffer.length)) {
    bytes += buffer[count]?.payloadBytes ?? 0;
    if (bytes > MAX_PAYLOAD_BYTES * settings.parallelizationFactor && count > 0)
      return buffer.slice(0, count);
    count++;
  }
  return isDue || count === most ? buffer.slice(0, count) : [];
}

/** Delivers up to `parallelizationFactor` batches at once; all records of one item are in the same one, in order. */
async function deliverInLanes(work: ShardWork, records: readonly MappedRecord[]): Promise<boolean> {
  const { parallelizationFactor } = work.settings;
  const save = ({ sequenceNumber }: MappedRecord) =>
    work.saveProgress({ type: "AFTER", sequenceNumber });
  if (parallelizationFactor === 1) return deliver(work, records, save);
  const lanes = Array.from({ length: parallelizationFactor }, (): MappedRecord[] => []);
  for (const record of records) lanes[laneOf(record.itemKey, parallelizationFactor)]?.push(record);
  const finished = await Promise.all(
    lanes
      .filter((lane) => lane.length > 0)
      .map((lane) => deliver(work, lane, async () => undefined)),
  );
  if (finished.includes(false)) return false;
  const last = records[records.length - 1];
  if (last) await save(last);
  return true;
}

/** A lane for an item: always the same one (FNV-1a). */
function laneOf(itemKey: string, lanes: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < itemKey.length; i++)
    hash = Math.imul(hash ^ itemKey.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % lanes;
}

/** Records that no filter let through move the position too, once nothing before them is waiting. */
async function saveFiltered(
  work: ShardWork,
  mapped: readonly MappedRecord[],
  buffer: readonly MappedRecord[],
): Promise<void> {
  const last = mapped[mapped.length - 1];
  if (last && buffer.length === 0 && !work.accepts(last)) {
    await work.saveProgress({ type: "AFTER", sequenceNumber: last.sequenceNumber });
  }
}

/**
 * Waits before the next read: not at all while there is more, shortly while records keep coming, longer the longer none
 * does; and never less than a multiple of what a read takes, so that watching a busy server does not make it busier.
 */
async function pause({ sleep }: ShardWork, page: Page, lastRecordAtMs: number): Promise<void> {
  if (page.isFull) return;
  const isActive = Date.now() - lastRecordAtMs < ACTIVE_MS;
  if (page.records.length > 0) await sleep(Math.max(10, 2 * page.durationMs));
  else if (isActive) await sleep(Math.max(5, 2 * page.durationMs));
  else await sleep(Math.max(50, 8 * page.durationMs));
}

/** Reads until there is an answer; `undefined` when the mapping stops first. */
async function readPage({
  reader,
  events,
  signal,
  sleep,
  shardId,
}: ShardWork): Promise<Page | undefined> {
  let told = false;
  while (!signal.aborted) {
    try {
      return await reader.next();
    } catch (cause) {
      if (!told) warn(events, shardId, cause);
      told = true;
      await sleep(TROUBLE_DELAY_MS);
    }
  }
  return undefined;
}

function warn(events: EventEmitter<MappingEvents>, shardId: string, cause: unknown): void {
  if (errorName(cause) === "ExpiredIteratorException") return;
  events.emit("warning", {
    message: `reading shard ${shardId}: ${messageOf(cause)}; trying again`,
    cause,
  });
}
