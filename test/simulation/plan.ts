/** What an item of a simulated history holds. */
export interface SubjectItem {
  readonly id: string;
  /** The group it counts in; none where it is not given. */
  readonly home?: string;
  /** Groups it has a row in. */
  readonly groups: readonly string[];
  /** A place that only one item has at a time. */
  readonly seat?: string;
  readonly amount: number;
  /** Views that throw on it until they are fixed. */
  readonly poison: readonly string[];
}

/** A write somebody makes to the source. */
export interface PlannedWrite {
  readonly atMs: number;
  readonly id: string;
  /** The item as written; absent for a deletion. */
  readonly item?: SubjectItem;
  /** Whether its stream record arrives broken. */
  readonly malformed?: boolean;
}

/**
 * What a step is of: a write to a sink, a write or look into the store of aggregates, a look at fences, a change parked, a
 * fence lifted, or a look at or write of a backfill's state.
 */
export type StepOf = "sink" | "store" | "look" | "fences" | "park" | "lift" | "state";

/** What goes wrong at the n-th step of a kind. */
export const STEP_FAULTS = [
  "throttled",
  "transaction conflict",
  "timed out but landed",
  "lands late",
  "crash before",
  "crash after",
  "abandoned",
] as const;

/** What goes wrong for a time. */
export const SPELL_FAULTS = [
  "outage of tables",
  "outage of the cache",
  "outage of quarantine",
  "bad deploy",
  "missing table",
] as const;

/** What happens once, at some time. */
export const EVENT_FAULTS = [
  "restart",
  "from the beginning",
  "shard split",
  "shard rolled",
  "stream re-created",
  "redrive",
] as const;

/** What happens where a history is about it. */
type OperationFault = "backfill" | "corruption" | "repair";

/** What goes wrong with the delivery of the n-th batch. */
export const DELIVERY_FAULTS = ["delivered twice", "delivered from earlier on"] as const;

/** One thing that goes wrong. */
export type Fault =
  | {
      readonly kind: (typeof STEP_FAULTS)[number];
      readonly of: StepOf;
      readonly step: number;
      readonly delayMs: number;
    }
  | {
      readonly kind: (typeof SPELL_FAULTS)[number];
      readonly atMs: number;
      readonly forMs: number;
      readonly view: string;
    }
  | { readonly kind: (typeof EVENT_FAULTS)[number] | OperationFault; readonly atMs: number }
  | {
      readonly kind: (typeof DELIVERY_FAULTS)[number];
      readonly batch: number;
      readonly back: number;
    };

/** Every kind of fault there is; `poison` and `malformed` are carried by the writes. */
export const FAULT_KINDS = [
  ...STEP_FAULTS,
  ...SPELL_FAULTS,
  ...EVENT_FAULTS,
  ...DELIVERY_FAULTS,
  "poison",
  "malformed",
  "backfill",
  "corruption",
  "repair",
] as const;

/** What a run is like as a whole. */
export interface Settings {
  /** The views that read the source; those that follow them come with them. */
  readonly views: readonly string[];
  readonly shards: number;
  readonly largestBatch: number;
  /** How long records are gathered, at most, before a batch is delivered. */
  readonly batchWindowMs: number;
  readonly bisect: boolean;
  /**
   * Whether tables keep tombstones. Without them a write may not land after the next batch of its shard, nor may an old
   * stream be read beside a new one: SPEC, limits of G2.
   */
  readonly tombstones: boolean;
  /** Whether a row passes from item to item; then a late write of a former owner could outlive its successors. */
  readonly sharedKeys: boolean;
  /** Over how many counters a group is spread. */
  readonly spread: number;
  /** When the views that throw on poison are fixed. */
  readonly fixedAtMs: number;
}

/** A whole history, and everything that goes wrong in it: with the seed, all that decides a run. */
export interface Plan {
  readonly seed: number;
  readonly settings: Settings;
  /** Items that were there before there was a stream: only a backfill can bring them. */
  readonly existing: readonly SubjectItem[];
  readonly writes: readonly PlannedWrite[];
  readonly faults: readonly Fault[];
}
