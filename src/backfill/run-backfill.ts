import type { BackfillRun, BackfillState, SegmentState } from "../state/backfill-state.js";
import type { UpkeepPorts } from "../upkeep/bring-up-to-date.js";
import type { View } from "../view/view.js";
import { type BackfillJob, type BackfillParts, patiently } from "./backfill-parts.js";
import { settleLeft } from "./settle-left.js";
import { createSegmentWorker, nothingDone, type SegmentControl } from "./work-segment.js";

/** Which backfill is meant. */
export interface BackfillRequest {
  /** Declared name of the source's table. */
  readonly source: string;
  readonly views: readonly string[];
  /** Which items, as text; see {@link BackfillRun.scope}. */
  readonly scope: string;
  /** Independent parts, where a new one is begun. */
  readonly segments: number;
  /** The label of the source's stream, as of now. */
  readonly label: string;
  readonly itemsAbout: number;
  /** Whether to begin anew where one could be gone on with. */
  readonly restart: boolean;
  /** Tells a new run from all others. */
  readonly id: string;
  readonly nowMs: number;
}

/** A backfill to work on. */
export interface OpenedRun {
  readonly run: BackfillRun;
  /** Why it is not, or that it is, one begun before. */
  readonly begun: "anew" | "before" | "anew, for the stream has been created again";
  /** What workers said of it so far. */
  readonly states: readonly SegmentState[];
}

/** Finds the unfinished backfill of the same views and items, or begins one. */
export async function openRun(state: BackfillState, request: BackfillRequest): Promise<OpenedRun> {
  const { restart, id, nowMs: startedAtMs } = request;
  const asked = runIdentity(request);
  const unfinished = (await state.runs(request.source)).filter(
    (run) => run.finishedAtMs === undefined && runIdentity(run) === asked,
  );
  const latest = restart ? undefined : unfinished[unfinished.length - 1];
  if (latest?.label === request.label) {
    const states = await state.segments(request.source, latest.id);
    return { run: latest, begun: "before", states };
  }
  const { source, views, scope, segments, label, itemsAbout } = request;
  // Named one by one: what else somebody's request holds is not to be stored.
  const run = { id, startedAtMs, source, views, scope, segments, label, itemsAbout };
  await state.saveRun(run);
  const begun = latest ? "anew, for the stream has been created again" : "anew";
  return { run, begun, states: [] };
}

function runIdentity({ views, scope }: Pick<BackfillRun, "views" | "scope">): string {
  return JSON.stringify([[...views].sort(), scope]);
}

/**
 * Brings up to date what earlier runs of the source left in work, whatever views they were about.
 *
 * @param views all views of the source.
 */
export async function settleEarlierRuns(
  parts: BackfillParts,
  job: BackfillJob,
  views: readonly View[],
): Promise<void> {
  const { run, source } = job;
  const states = await patiently(parts, () => parts.state.segments(source.table));
  // What is brought up to date here is written down beside the run's own segments.
  const place = run.segments;
  const left = states.filter(
    (each) => (each.run !== run.id || each.segment === place) && each.rows.length > 0,
  );
  if (left.length === 0) return;
  const own = nothingDone(job, place);
  const writeDown: UpkeepPorts["writeDown"] = (rows, atMs) =>
    patiently(parts, () =>
      parts.state.saveSegment(source.table, { ...own, rows, atMs, savedAtMs: parts.clock.nowMs() }),
    );
  await settleLeft(parts, job, views, left, writeDown);
  await writeDown([], 0);
}

/** Works on all segments of a run, so many at once; what one rejects with stops the others after their page. */
export async function workAllSegments(
  parts: BackfillParts,
  job: BackfillJob,
  control: SegmentControl & { readonly atOnce: number },
): Promise<readonly SegmentState[]> {
  const worker = createSegmentWorker(parts, job);
  const segments = Array.from({ length: job.run.segments }, (_, i) => i);
  const states: SegmentState[] = [];
  let failure: { readonly thrown: unknown } | undefined;
  const isStopping = () => failure !== undefined || control.isStopping();
  const workSome = async () => {
    for (let segment = segments.shift(); segment !== undefined; segment = segments.shift()) {
      if (isStopping()) return;
      states.push(await worker.work(segment, { ...control, isStopping }));
    }
  };
  await Promise.all(
    Array.from({ length: control.atOnce }, () =>
      workSome().catch((thrown: unknown) => {
        failure ??= { thrown };
      }),
    ),
  );
  if (failure) throw failure.thrown;
  return states;
}
