import { type BackfillState, furthest } from "../state/backfill-state.js";

/** How far the last backfill of a view is. */
export interface BackfillProgress {
  readonly state: "running" | "done";
  /** Items of the source that were looked at. */
  readonly items: number;
  /** About how many there are. */
  readonly ofItems: number;
  readonly startedAtMs: number;
  /** When it last told of itself, Unix milliseconds. */
  readonly updatedAtMs: number;
}

/** Reads how far the last backfill of each view of a source is; of a view that never had one, nothing. */
export type BackfillReader = (source: string) => Promise<ReadonlyMap<string, BackfillProgress>>;

/** Reads what backfills keep of themselves. */
export function createBackfillReader(
  state: Pick<BackfillState, "runs" | "segments">,
): BackfillReader {
  return async (source) => {
    const found = new Map<string, BackfillProgress>();
    const latest = new Map(
      (await state.runs(source)).flatMap((run) => run.views.map((view) => [view, run] as const)),
    );
    for (const run of new Set(latest.values())) {
      const states = [...furthest(await state.segments(source, run.id)).values()];
      const progress = {
        state: run.finishedAtMs === undefined ? ("running" as const) : ("done" as const),
        items: states.reduce((sum, { scanned }) => sum + scanned, 0),
        ofItems: run.itemsAbout,
        startedAtMs: run.startedAtMs,
        updatedAtMs: Math.max(
          run.finishedAtMs ?? run.startedAtMs,
          ...states.map(({ savedAtMs }) => savedAtMs),
        ),
      };
      for (const view of run.views) if (latest.get(view) === run) found.set(view, progress);
    }
    return found;
  };
}
