import type { Version } from "../change/version.js";

/** The functions that may follow a source: two, one for each kind of sink, or one for both. */
export type FunctionKind = "tables" | "cache" | "combined";

/** What of a view is counted, mutations but for the last two, which count items. */
export const VIEW_COUNTS = ["applied", "stale", "skipped", "unchanged", "quarantined"] as const;

/** How a view fared, in all that a function did or since it last recorded. */
export interface ViewProgress extends Readonly<Record<(typeof VIEW_COUNTS)[number], number>> {
  /** When something of it was last applied, Unix milliseconds; absent where nothing was. */
  readonly appliedAtMs?: number;
  /** In what is recorded: when a change first came to it, Unix milliseconds. */
  readonly sinceMs?: number;
}

/** How far a function came in a stream. */
export interface Position {
  /** Version of the newest change that is done with all before it in its batch; its label names the stream. */
  readonly version: Version;
  /** When that change was made, Unix milliseconds; DynamoDB tells whole seconds. */
  readonly changedAtMs: number;
}

/** What a function did with a source's changes since it last recorded. */
export interface ProgressUpdate {
  /** Declared name of the source's table. */
  readonly source: string;
  readonly function: FunctionKind;
  /** Absent where no change is done for good. */
  readonly position?: Position;
  readonly batchEndedAtMs: number;
  /** From the newest change done to the end of its batch. */
  readonly lagMs: number;
  readonly batches: number;
  /** Stream records delivered, with those delivered again. */
  readonly changes: number;
  readonly views: Readonly<Record<string, ViewProgress>>;
}

/** A stream took the place of the one that was followed: what changed in between may be in no view. */
export interface Loss {
  /** Label of the stream that was followed. */
  readonly from: string;
  /** Label of the one that took its place. */
  readonly to: string;
  /** When the last change known of the old stream was made, Unix milliseconds. */
  readonly lastChangeAtMs: number;
  readonly noticedAtMs: number;
}

/** All that a function recorded of a source. */
export interface FunctionProgress extends Omit<ProgressUpdate, "source"> {
  /** When it first recorded anything, Unix milliseconds. */
  readonly sinceMs: number;
  /** The streams that were re-created, oldest first; the last ten. */
  readonly losses: readonly Loss[];
}

/** All that is recorded of a source. */
export interface SourceProgress {
  readonly functions: readonly FunctionProgress[];
  /** When what mended a view began, Unix milliseconds, by view. */
  readonly mendedAtMs: Readonly<Record<string, number>>;
}

/** Remembers how far functions came in the streams they follow (rule V12). */
export interface ProgressStore {
  /**
   * Adds to what is recorded. A position never goes back; a newer stream in place of an older one is remembered as a
   * suspected loss, in the same write. Where an answer is lost, counts may be added twice.
   */
  record(update: ProgressUpdate): Promise<void>;
  read(source: string): Promise<SourceProgress>;
  /**
   * Notes that a view is whole again: a backfill, or a verify with repair, of all its items is complete.
   *
   * @param atMs when that operation began, Unix milliseconds: it mends losses from before.
   */
  markMended(source: string, view: string, atMs: number): Promise<void>;
}

/** The label of the stream that a version is from. */
export function labelOf(version: Version): string {
  return version.slice(0, LABEL_LENGTH);
}

const LABEL_LENGTH = 23;
const MOST_LOSSES = 10;

/** What a new position is to the one recorded. */
export function stepTo(recorded: Position | undefined, next: Position): "on" | "behind" | "anew" {
  if (recorded === undefined) return "on";
  if (next.version <= recorded.version) return "behind";
  return labelOf(next.version) === labelOf(recorded.version) ? "on" : "anew";
}

/** The losses remembered once a stream takes the place of another. */
export function lossesWith(
  losses: readonly Loss[],
  recorded: Position,
  next: Position,
  noticedAtMs: number,
): readonly Loss[] {
  const loss: Loss = {
    from: labelOf(recorded.version),
    to: labelOf(next.version),
    lastChangeAtMs: recorded.changedAtMs,
    noticedAtMs,
  };
  return [...losses, loss].slice(-MOST_LOSSES);
}

/** The moment a view has to be mended after: when the new stream began, or was noticed, whichever came first. */
export function lostAtMs({ to, noticedAtMs }: Pick<Loss, "to" | "noticedAtMs">): number {
  return Math.min(noticedAtMs, Date.parse(`${to}Z`));
}

/** Nothing counted. */
export const NO_PROGRESS: ViewProgress = {
  applied: 0,
  stale: 0,
  skipped: 0,
  unchanged: 0,
  quarantined: 0,
};

/** Two counts of a view as one, the second being the later. */
export function addProgress(first: ViewProgress, second: ViewProgress): ViewProgress {
  const appliedAtMs = second.appliedAtMs ?? first.appliedAtMs;
  const sinceMs = first.sinceMs ?? second.sinceMs;
  const sums = VIEW_COUNTS.map((count) => [count, first[count] + second[count]] as const);
  return {
    ...(Object.fromEntries(sums) as unknown as ViewProgress),
    ...(appliedAtMs !== undefined && { appliedAtMs }),
    ...(sinceMs !== undefined && { sinceMs }),
  };
}

/** Two updates of one source and function as one, the second being the later. */
export function addUpdates(first: ProgressUpdate, second: ProgressUpdate): ProgressUpdate {
  const views = { ...first.views };
  for (const [view, counts] of Object.entries(second.views))
    views[view] = addProgress(views[view] ?? NO_PROGRESS, counts);
  const position = newest(first.position, second.position);
  return {
    ...second,
    ...(position && { position }),
    batches: first.batches + second.batches,
    changes: first.changes + second.changes,
    views,
  };
}

function newest(one: Position | undefined, other: Position | undefined): Position | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.version > one.version ? other : one;
}
