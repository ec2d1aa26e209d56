import type { BackfillParts } from "../../src/backfill/backfill-parts.js";
import type { Item } from "../../src/change/attribute-value.js";
import type { StreamRecord } from "../../src/change/decode-record.js";
import type { PipelineParts } from "../../src/pipeline/pipeline.js";
import type { BatchReport } from "../../src/pipeline/report.js";
import type { AggregateSink } from "../../src/sink/aggregate/aggregate-sink.js";
import type { Store } from "../../src/sink/aggregate/store.js";
import type { Sink } from "../../src/sink/sink.js";
import type { Quarantine } from "../../src/state/quarantine.js";
import type { VerifyPorts } from "../../src/verify/ports.js";
import type { Shard } from "./source-table.js";
import type { ThemeName } from "./themes.js";

/** Parts that a test may put in place of the real ones, to plant a bug. */
export interface Plants {
  /** Around the store, below all faults. */
  readonly sink?: (sink: Sink) => Sink;
  /** Around the store of aggregates, below all faults. */
  readonly store?: (store: Store) => Store;
  /** What writes aggregates through a process's store, above all faults. */
  readonly aggregates?: (store: Store) => AggregateSink;
  /** What a pipeline is made of, above all faults. */
  readonly parts?: (parts: PipelineParts) => PipelineParts;
  /** What the pipeline is given of a batch. */
  readonly records?: (records: readonly StreamRecord[]) => readonly StreamRecord[];
  readonly response?: (report: BatchReport) => unknown;
  /** What redrive takes for quarantine. */
  readonly redriven?: (quarantine: Quarantine) => Quarantine;
  /** What a backfill is made of, above all faults; `seen` holds items as its scan read them. */
  readonly backfill?: (parts: BackfillParts, seen: ReadonlyMap<string, Item>) => BackfillParts;
  /** What a repair works with, above all faults. */
  readonly repair?: (ports: VerifyPorts) => VerifyPorts;
  /** What the event source mapping takes a stream's shards for. */
  readonly shards?: (shards: readonly Shard[]) => readonly Shard[];
}

/** A mistake, and the theme of the histories in which it soon shows. */
export interface PlantedBug {
  readonly theme: ThemeName;
  readonly plants: Plants;
}

/** A mistake that shows in histories about this. */
export function about(theme: ThemeName, plants: Plants): PlantedBug {
  return { theme, plants };
}

/** What stands where nothing is planted. */
export function same<T>(value: T): T {
  return value;
}
