/** What a history is mostly about: mistakes show where trouble of one kind comes thick, and other trouble beside it. */
export interface Theme {
  /** Which views there may be. */
  readonly views: readonly (readonly string[])[];
  readonly shards: number;
  readonly mostIds: number;
  /** How many groups there are: few meet again and again, many leave traces that nothing else covers. */
  readonly homes: number;
  readonly mostWrites: number;
  /** Share of the writes that delete. */
  readonly deletions: number;
  readonly largestBatch: number;
  readonly batchWindowsMs: readonly number[];
  readonly poison: number;
  readonly malformed: number;
  /** Share of the histories whose tables keep tombstones. */
  readonly tombstones: number;
  /** Share of the others in which rows pass from item to item. */
  readonly sharedKeys: number;
  /** How many faults of each kind there are at most. */
  readonly steps: number;
  readonly deliveries: number;
  readonly spells: number;
  readonly spellsMs: readonly number[];
  readonly events: number;
  /** Of these kinds more than of others. */
  readonly often: readonly string[];
  /** Share of step faults that meet quarantine rather than a sink. */
  readonly ofQuarantine: number;
  /** Share of the others that meet the store of aggregates. */
  readonly ofStore: number;
  /** Share of all step faults that meet the state of a backfill. */
  readonly ofState: number;
  /** How many backfills there are at most; where there are any, items exist before the stream. */
  readonly backfills: number;
  /** How many things are made wrong at most, and how often at most somebody has all put right. */
  readonly corruptions: number;
  readonly repairs: number;
  /** By which share of the history poison is fixed at the latest; it may be long after. */
  readonly fixedBy: readonly number[];
  /** Longest pause between two writes, milliseconds. */
  readonly pausesMs: readonly number[];
}
