import type { FunctionProgress } from "../state/progress.js";
import type { View } from "../view/view.js";
import type { Rates } from "./cost.js";

/** What somebody says of a source's changes; what is not said is measured, or else taken for granted. */
export interface DeclaredRates {
  readonly changesPerSecond?: number;
  readonly itemBytes?: number;
  readonly groupsPerChange?: number;
  /** Rows written for each change, by view. */
  readonly writesPerChange?: Readonly<Record<string, number>>;
}

const DEFAULT_ITEM_BYTES = 512;
/** Four shards, read four times a second. */
const READS_PER_SECOND = 16;
const MOST_PER_BATCH = 500;
/** Fewer changes than these are no measure of anything. */
const LEAST_MEASURED = 100;

/** The rates to reckon by: those declared, else those measured, else one change a second in every view. */
export function ratesOf(
  views: readonly View[],
  functions: readonly FunctionProgress[],
  declared: DeclaredRates,
  nowMs: number,
): Rates {
  const measured = functions.filter(({ changes }) => changes >= LEAST_MEASURED);
  const [busiest] = [...measured].sort((one, other) => other.changes - one.changes);
  const isMeasured = busiest !== undefined && declared.changesPerSecond === undefined;
  const changesPerSecond =
    declared.changesPerSecond ?? (busiest ? changesPerSecondOf(busiest, nowMs) : 1);
  return {
    basis: isMeasured ? "measured" : "assumed",
    changesPerSecond,
    changesPerBatch: isMeasured
      ? busiest.changes / Math.max(1, busiest.batches)
      : Math.min(MOST_PER_BATCH, Math.max(1, changesPerSecond / READS_PER_SECOND)),
    itemBytes: declared.itemBytes ?? DEFAULT_ITEM_BYTES,
    groupsPerChange: declared.groupsPerChange ?? 1,
    writesPerChange: Object.fromEntries(
      views.map(({ name }) => [
        name,
        declared.writesPerChange?.[name] ?? writesPerChange(name, measured) ?? 1,
      ]),
    ),
  };
}

/** Over the time from the first record until now: a burst long ago is no rate of a month. */
function changesPerSecondOf({ changes, sinceMs }: FunctionProgress, nowMs: number): number {
  return changes / Math.max(1, (nowMs - sinceMs) / 1000);
}

function writesPerChange(view: string, functions: readonly FunctionProgress[]): number | undefined {
  const of = functions.find(({ views }) => views[view] !== undefined);
  const counts = of?.views[view];
  return of && counts && (counts.applied + counts.stale) / of.changes;
}
