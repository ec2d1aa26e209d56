import type { MillraceError } from "../errors.js";
import type { ApplyResult } from "../sink/sink.js";
import type { ViewTally } from "./breaker.js";
import type { BatchProblem, BatchReport, ViewReport } from "./report.js";
import type { Work } from "./work.js";

/** Counts what happens in one batch. */
export interface Tally {
  /** Counts the changes put to a view, and how many of them did not leave it as it was. */
  derived(view: string, changes: number, open: number): void;
  results(work: Work, results: readonly ApplyResult[]): void;
  quarantined(problem: Omit<BatchProblem, "kind">): void;
  unresolved(work: Work, error: MillraceError): void;
  /** Counts a poison change that is not parked yet. */
  poison(view: string): void;
  byView(): readonly ViewTally[];
  report(nowMs: number): BatchReport;
}

interface Counts extends ViewReport {
  changes: number;
  poison: number;
  newestSeconds: number;
}

/** Starts counting a batch of this many records. */
export function createTally(records: number): Tally {
  const views = new Map<string, Counts>();
  const problems: BatchProblem[] = [];
  const unresolved = new Set<string>();

  function counts(view: string): Counts {
    const known = views.get(view);
    if (known) return known;
    const none = {
      applied: 0,
      stale: 0,
      skipped: 0,
      unchanged: 0,
      quarantined: 0,
      unresolved: 0,
      lagMs: 0,
    };
    const fresh = { view, ...none, changes: 0, poison: 0, newestSeconds: 0 };
    views.set(view, fresh);
    return fresh;
  }

  return {
    derived(view, changes, open) {
      const count = counts(view);
      count.changes += changes;
      count.unchanged += changes - open;
    },
    results(work, results) {
      const count = counts(work.view.name);
      count.newestSeconds = Math.max(count.newestSeconds, work.lane.change.changedAtSeconds);
      for (const { outcome } of results) {
        if (outcome === "applied") count.applied++;
        else if (outcome === "stale") count.stale++;
        else if (outcome === "skipped") count.skipped++;
      }
    },
    quarantined(problem) {
      counts(problem.view).quarantined++;
      problems.push({ kind: "quarantined", ...problem });
    },
    unresolved(work, error) {
      const { view, lane } = work;
      counts(view.name).unresolved++;
      unresolved.add(lane.firstSequenceNumber);
      const { itemKey } = lane.change;
      problems.push({
        kind: "unresolved",
        view: view.name,
        itemKey,
        sequenceNumber: lane.firstSequenceNumber,
        error,
      });
    },
    poison(view) {
      counts(view).poison++;
    },
    byView: () => [...views.values()],
    report: (nowMs) => ({
      records,
      unresolved: [...unresolved],
      views: [...views.values()].map((count) => viewReport(count, nowMs)),
      problems,
    }),
  };
}

function viewReport(count: Counts, nowMs: number): ViewReport {
  const { view, applied, stale, skipped, unchanged, quarantined, unresolved, newestSeconds } =
    count;
  const lagMs = newestSeconds === 0 ? 0 : Math.max(0, nowMs - newestSeconds * 1000);
  return { view, applied, stale, skipped, unchanged, quarantined, unresolved, lagMs };
}
