/** One backfill of some views of one source, from its beginning to its end, however often it was broken off. */
export interface BackfillRun {
  /** Sorts runs by when they began. */
  readonly id: string;
  /** Declared name of the source's table. */
  readonly source: string;
  readonly views: readonly string[];
  /** Which items it is about, as text: two runs of one scope do the same. */
  readonly scope: string;
  /** How many independent parts it has. */
  readonly segments: number;
  /** The label of the source's stream when it began. */
  readonly label: string;
  readonly startedAtMs: number;
  /** Items there are to go over, about. */
  readonly itemsAbout: number;
  readonly finishedAtMs?: number;
}

/** A row that may have been written and is not known to be right: what has to be looked at again after a crash. */
export interface RowInWork {
  readonly view: string;
  /** Key text of the source item it comes from. */
  readonly owner: string;
  readonly key: string;
}

/** What became of a view's rows, and of items it could not take. */
export interface ViewCounts {
  readonly applied: number;
  /** Something at least as new was there. */
  readonly stale: number;
  /** A cache view does not keep such a row. */
  readonly skipped: number;
  /** Written, and deleted again, because the item had changed. */
  readonly undone: number;
  /** Items in quarantine. */
  readonly parked: number;
}

/**
 * How far one worker came in one segment.
 *
 * No worker ever writes another's: whoever finds it reads it, brings the rows in it up to date, and goes on from there in
 * a state of its own.
 */
export interface SegmentState {
  /** Id of the run. */
  readonly run: string;
  readonly segment: number;
  /** Tells workers apart, processes or invocations. */
  readonly worker: string;
  /** Where the page in work begins; absent at the beginning. */
  readonly after?: string;
  readonly done: boolean;
  /** Items gone over so far. */
  readonly scanned: number;
  /** Those of them that were brought up to date. */
  readonly items: number;
  readonly views: Readonly<Record<string, ViewCounts>>;
  /** Rows being written, which may be wrong if the worker died. */
  readonly rows: readonly RowInWork[];
  /** Highest time in the versions of those rows, Unix milliseconds. */
  readonly atMs: number;
  readonly savedAtMs: number;
}

/** The durable state of backfills. Methods reject as other state does. */
export interface BackfillState {
  /** The runs of a source, oldest first, strongly consistent. */
  runs(source: string): Promise<readonly BackfillRun[]>;
  /** Makes the run known, or replaces what is known of it. */
  saveRun(run: BackfillRun): Promise<void>;
  /** The states of all workers in all runs of a source, or in one. */
  segments(source: string, run?: string): Promise<readonly SegmentState[]>;
  /**
   * Keeps a worker's state in place of its former one.
   *
   * Rejects with `refused` where the rows' keys are too large to be kept together; with fewer items at once they are not.
   */
  saveSegment(source: string, state: SegmentState): Promise<void>;
}

/** The furthest state of each segment: where whoever goes on begins. */
export function furthest(states: readonly SegmentState[]): ReadonlyMap<number, SegmentState> {
  const best = new Map<number, SegmentState>();
  for (const state of states) {
    const known = best.get(state.segment);
    const isFurther =
      !known ||
      (state.done && !known.done) ||
      (state.done === known.done && state.scanned > known.scanned);
    if (isFurther) best.set(state.segment, state);
  }
  return best;
}

/** A state in memory, for tests and simulation; keeps the same contract as the durable one. */
export function createMemoryBackfillState(): BackfillState {
  const runs = new Map<string, BackfillRun>();
  const segments = new Map<string, { readonly source: string; readonly state: SegmentState }>();
  return {
    async runs(source) {
      return [...runs.values()].filter((run) => run.source === source);
    },
    async saveRun(run) {
      runs.set(run.id, run);
    },
    async segments(source, run) {
      return [...segments.values()]
        .filter((each) => each.source === source && (run === undefined || each.state.run === run))
        .map(({ state }) => state);
    },
    async saveSegment(source, state) {
      segments.set(JSON.stringify([state.run, state.segment, state.worker]), { source, state });
    },
  };
}
