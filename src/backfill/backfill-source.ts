import type { SegmentState, ViewCounts } from "../state/backfill-state.js";
import { furthest } from "../state/backfill-state.js";
import type { View, ViewSource } from "../view/view.js";
import type { BackfillParts } from "./backfill-parts.js";
import type { SourceInspection } from "./inspect-tables.js";
import type { ItemPages } from "./item-pages.js";
import { type OpenedRun, openRun, settleEarlierRuns, workAllSegments } from "./run-backfill.js";

/** Views of one source to be backfilled, and how. */
export interface SourceBackfill {
  readonly source: ViewSource;
  readonly views: readonly View[];
  /** All views of the source: what an earlier run left may be of others. */
  readonly allViews: readonly View[];
  /** Where the items come from; of the run, since one that is gone on with has its segments already. */
  readonly pages: ItemPages;
  /** Which items are meant, as text. */
  readonly scope: string;
  readonly segments: number;
  /** Begin anew, also where an unfinished run is there. */
  readonly restart: boolean;
  readonly worker: string;
  /** Tells a new run from all others, and sorts after those before. */
  readonly runId: string;
  /** Looks at the source's stream and the tables: before anything is done, and in the end. */
  readonly inspect: () => Promise<SourceInspection>;
}

/** Tells how a backfill goes, and is asked whether it should stop. */
export interface BackfillControl {
  readonly isStopping: () => boolean;
  /** The run is known: how many items are already gone over, and of how many. */
  readonly onOpened?: (opened: OpenedRun) => void;
  readonly onPage?: (page: { readonly scanned: number }) => void;
}

/** What a backfill came to. */
export interface SourceReport {
  readonly source: string;
  readonly run: string;
  readonly startedAtMs: number;
  readonly segments: number;
  /** Whether all of it is done; where it was stopped, the same command goes on. */
  readonly finished: boolean;
  /** Whether the stream in the end is another than in the beginning: records may be lost, and it has to be run again. */
  readonly streamChanged: boolean;
  readonly scanned: number;
  readonly items: number;
  readonly views: readonly ({ readonly view: string } & ViewCounts)[];
}

/**
 * Backfills views of one source, from where an earlier run of the same stopped, while the stream keeps flowing.
 *
 * Finished only if every segment is done and the stream is still the one it began with (SPEC N23): the protocol leans on the
 * stream to tell whatever changes after an item was read.
 *
 * Rejects as {@link SegmentWorker.work} does; started again, it goes on.
 */
export async function backfillSource(
  parts: BackfillParts,
  backfill: SourceBackfill,
  control: BackfillControl,
): Promise<SourceReport> {
  const { source, views, allViews, pages, worker, inspect } = backfill;
  const before = await inspect();
  const opened = await openRun(parts.state, {
    source: source.table,
    views: views.map(({ name }) => name),
    scope: backfill.scope,
    segments: backfill.segments,
    restart: backfill.restart,
    id: backfill.runId,
    nowMs: parts.clock.nowMs(),
    ...before,
  });
  control.onOpened?.(opened);
  const { run } = opened;
  const job = { run, source, views, pages, worker };
  await settleEarlierRuns(parts, job, allViews);
  const states = await workAllSegments(parts, job, { ...control, atOnce: backfill.segments });
  const isDone = states.length === run.segments && states.every(({ done }) => done);
  const after = await inspect();
  const streamChanged = after.label !== run.label;
  if (isDone) await parts.state.saveRun({ ...run, finishedAtMs: parts.clock.nowMs() });
  return {
    source: source.table,
    run: run.id,
    startedAtMs: run.startedAtMs,
    segments: run.segments,
    finished: isDone && !streamChanged,
    streamChanged,
    ...sumOf(states, views),
  };
}

/** What all segments of a run come to, each counted as far as the furthest worker came. */
export function sumOf(
  states: readonly SegmentState[],
  views: readonly Pick<View, "name">[],
): Pick<SourceReport, "scanned" | "items" | "views"> {
  const best = [...furthest(states).values()];
  const total = (count: (state: SegmentState) => number) =>
    best.reduce((sum, state) => sum + count(state), 0);
  return {
    scanned: total(({ scanned }) => scanned),
    items: total(({ items }) => items),
    views: views.map(({ name: view }) => ({
      view,
      applied: total((state) => state.views[view]?.applied ?? 0),
      stale: total((state) => state.views[view]?.stale ?? 0),
      skipped: total((state) => state.views[view]?.skipped ?? 0),
      undone: total((state) => state.views[view]?.undone ?? 0),
      parked: total((state) => state.views[view]?.parked ?? 0),
    })),
  };
}
