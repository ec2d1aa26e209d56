import type { DynamoDBRecord } from "aws-lambda";

import { encodeItem } from "../../src/change/encode-item.js";
import { flightChanges } from "./flights.js";

/** An item of the benchmark's source: one attribute for each view, and text that gives it its size. */
export interface BenchItem {
  readonly id: string;
  readonly owner: string;
  readonly payload: string;
  /** No view has it. */
  readonly touched: number;
  readonly [attribute: `value${number}`]: number;
}

/** A named stream of changes. */
export interface Workload {
  readonly name: string;
  /** Table views that follow the source; view `k` has the attribute `value<k>`, the first the payload too. */
  readonly views: number;
  /** Instead of rows, the one table view counts items and sums their values by owner; so many owners there are. */
  readonly groups?: number;
  /** Bytes of payload an item carries. */
  readonly payloadBytes: number;
  /** What the next change does; called once a change. */
  readonly next: (history: History) => readonly [BenchItem | undefined, BenchItem | undefined];
}

/** Owners there are where a workload does not say. */
const OWNERS = 500;

/** Items written so far, and chance. */
export interface History {
  readonly random: () => number;
  readonly items: Map<string, BenchItem>;
  readonly ids: string[];
  fresh(): BenchItem;
}

const ZIPF_ITEMS = 1_000;

const insert: Workload["next"] = (history) => [undefined, history.fresh()];

function modify(
  pick: (history: History) => string,
  change: (item: BenchItem, random: () => number) => BenchItem,
): Workload["next"] {
  return (history) => {
    const before = history.items.get(pick(history));
    return before === undefined ? insert(history) : [before, change(before, history.random)];
  };
}

/** Anything among the items there are, each as likely as another. */
const anyItem = ({ ids, random }: History) => ids[Math.floor(random() * ids.length)] ?? "";

/** The n-th item n^-1.2 times as likely as the first: a few items take most of the changes. */
function hotItem({ random }: History): string {
  const rank = Math.floor(ZIPF_ITEMS ** (random() ** 2.2)) - 1;
  return idOf(Math.min(rank, ZIPF_ITEMS - 1));
}

const bump = (item: BenchItem): BenchItem => ({ ...item, value0: item.value0! + 1 });

const mixed: Workload["next"] = (history) => {
  const dice = history.random();
  if (dice < 0.2 || history.items.size < 100) return insert(history);
  const before = history.items.get(anyItem(history));
  if (before === undefined) return insert(history);
  if (dice < 0.35) return [before, undefined];
  if (dice < 0.5)
    return [before, { ...before, owner: `o${Math.floor(history.random() * OWNERS)}` }];
  return [before, bump(before)];
};

const workload = (
  name: string,
  next: Workload["next"],
  views = 1,
  payloadBytes = 200,
): Workload => ({
  name,
  views,
  payloadBytes,
  next,
});

/** All workloads, by name. */
export const WORKLOADS: readonly Workload[] = [
  workload("uniform", insert),
  workload("zipf", modify(hotItem, bump)),
  workload("mixed", mixed),
  workload(
    "untouched",
    modify(hotItem, (item) => ({ ...item, touched: item.touched + 1 })),
  ),
  workload("views-1", modify(anyItem, bump), 1),
  workload("views-5", modify(anyItem, bump), 5),
  workload("views-20", modify(anyItem, bump), 20),
  workload("size-2kb", insert, 1, 2_000),
  workload("size-20kb", insert, 1, 20_000),
  { ...workload("groups-10", insert), groups: 10 },
  { ...workload("groups-5000", insert), groups: 5_000 },
  workload("flights-200k", flightChanges()),
];

/** Finds a workload. */
export function workloadNamed(name: string): Workload {
  const found = WORKLOADS.find((each) => each.name === name);
  if (found) return found;
  throw new Error(
    `there is no workload "${name}"; there are ${WORKLOADS.map((each) => each.name).join(", ")}`,
  );
}

function idOf(n: number): string {
  return `i${String(n).padStart(9, "0")}`;
}

/** Deterministic chance (mulberry32), so that every subject gets the same changes. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const STREAM_ARN =
  "arn:aws:dynamodb:us-east-1:000000000000:table/bench-source/stream/2026-01-01T00:00:00.000";

/**
 * The changes of a workload as Lambda would deliver them, batch by batch, the same each time.
 *
 * Items that the changes modify are there before the first of them (`seedItems`), in no batch.
 */
export function* batchesOf(
  workload: Workload,
  changes: number,
  batchSize: number,
): Generator<DynamoDBRecord[]> {
  const random = createRandom(20_260_101);
  const items = new Map<string, BenchItem>();
  const ids: string[] = [];
  let made = 0;
  const fresh = (): BenchItem => {
    const n = made++;
    const values = Object.fromEntries(
      Array.from({ length: workload.views }, (_, k) => [`value${k}`, n % 1_000]),
    );
    return {
      id: idOf(n),
      owner: `o${n % (workload.groups ?? OWNERS)}`,
      payload: "p".repeat(workload.payloadBytes),
      touched: 0,
      ...values,
    };
  };
  const history: History = { random, items, ids, fresh };
  const isKept = workload.next !== insert && workload.name !== "flights-200k";
  for (let i = 0; isKept && i < ZIPF_ITEMS; i++) keep(fresh());
  function keep(item: BenchItem): void {
    if (!items.has(item.id)) ids.push(item.id);
    items.set(item.id, item);
  }
  let sequence = 0n;
  for (let sent = 0; sent < changes; sent += batchSize) {
    const batch: DynamoDBRecord[] = [];
    for (let i = 0; i < Math.min(batchSize, changes - sent); i++) {
      const [before, after] = workload.next(history);
      if (after && isKept) keep(after);
      else if (before) items.delete(before.id);
      batch.push(recordOf(before, after, ++sequence));
    }
    yield batch;
  }
}

function recordOf(
  before: BenchItem | undefined,
  after: BenchItem | undefined,
  sequence: bigint,
): DynamoDBRecord {
  const id = (after ?? before)!.id;
  return {
    eventID: sequence.toString(16).padStart(32, "0"),
    eventName: before ? (after ? "MODIFY" : "REMOVE") : "INSERT",
    eventVersion: "1.1",
    eventSource: "aws:dynamodb",
    awsRegion: "us-east-1",
    dynamodb: {
      ApproximateCreationDateTime: 1_790_000_000,
      Keys: { id: { S: id } },
      ...(after && { NewImage: encodeItem({ ...after }) }),
      ...(before && { OldImage: encodeItem({ ...before }) }),
      SequenceNumber: String(100_000_000_000_000_000_000n + sequence),
      SizeBytes: 100,
      StreamViewType: "NEW_AND_OLD_IMAGES",
    },
    eventSourceARN: STREAM_ARN,
  } as DynamoDBRecord;
}
