import { furthest, type SegmentState } from "../state/backfill-state.js";
import type { BackfillParts } from "./backfill-parts.js";
import {
  type BackfillControl,
  type SourceBackfill,
  type SourceReport,
  sumOf,
} from "./backfill-source.js";
import { openRun } from "./run-backfill.js";
import type { SegmentQueue } from "./segment-message.js";

/** Longest that a segment's worker is silent, pages and redelivery of its message included. */
export const SILENT_MS = 15 * 60_000;
const POLL_MS = 2_000;

/**
 * Gives the segments of a backfill to a queue, and watches until others have worked on all of them.
 *
 * It writes to no view, and so needs no way to where views are kept: what earlier runs left is brought up to date by
 * whoever takes the first segment.
 *
 * Stopped, it only stops watching. Run again, it goes on watching, and sends again what nobody has worked on for a quarter
 * of an hour.
 */
export async function backfillByQueue(
  parts: BackfillParts,
  backfill: SourceBackfill & { readonly where?: string },
  queue: SegmentQueue,
  control: BackfillControl,
): Promise<SourceReport> {
  const { source, views, inspect, where } = backfill;
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
  const begun = furthest(opened.states);
  const isSilent = (state: SegmentState | undefined) =>
    parts.clock.nowMs() - Math.max(run.startedAtMs, state?.savedAtMs ?? 0) > SILENT_MS;
  const segments = Array.from({ length: run.segments }, (_, segment) => segment);
  const waiting = segments.filter((segment) => {
    const state = begun.get(segment);
    return !state?.done && (opened.begun !== "before" || isSilent(state));
  });
  await queue.send(
    waiting.map((segment) => ({
      source: source.table,
      run: run.id,
      startedAtMs: run.startedAtMs,
      segment,
      of: run.segments,
      ...(where !== undefined && { where }),
    })),
  );
  const states = await watch(parts, run, control, sumOf(opened.states, []).scanned);
  const isDone = segments.every((segment) => furthest(states).get(segment)?.done);
  const streamChanged = (await inspect()).label !== run.label;
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

/** Tells how far all are, until all are done or somebody says stop. */
async function watch(
  { state, clock }: BackfillParts,
  run: { readonly source: string; readonly id: string; readonly segments: number },
  { isStopping, onPage = () => undefined }: BackfillControl,
  scannedBefore: number,
): Promise<readonly SegmentState[]> {
  for (let seen = scannedBefore; ;) {
    const states = await state.segments(run.source, run.id);
    const best = furthest(states);
    const { scanned } = sumOf(states, []);
    onPage({ scanned: scanned - seen });
    seen = scanned;
    const done = [...best.values()].filter((each) => each.done && each.segment < run.segments);
    if (done.length === run.segments || isStopping()) return states;
    await clock.sleep(POLL_MS);
  }
}
