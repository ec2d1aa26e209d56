import type { View } from "../view/view.js";

/**
 * What is wrong with a row.
 *
 * `missing`, `extra`, `different`: as against what its item derives. `orphan`: a cache key or member that no item
 * derives. `wrong aggregate`: a contribution, a counter, an entry or a row of a group. `quarantined`: its item waits
 * behind a fence, and redrive puts it right.
 */
export type FindingKind =
  "missing" | "extra" | "different" | "orphan" | "wrong aggregate" | "quarantined";

/** One thing that is not true, after it was looked at again and again. */
export interface Finding {
  readonly view: string;
  /** Key text of the row, entry, member, item or group. */
  readonly key: string;
  readonly kind: FindingKind;
  readonly reason: string;
}

/** How one view compares with what its source says. */
export interface ViewReport {
  readonly view: string;
  readonly sink: "dynamodb" | "redis";
  /** Rows that should be there. */
  rows: number;
  missing: number;
  extra: number;
  different: number;
  orphans: number;
  /** Parts of aggregates that do not add up. */
  wrongAggregates: number;
  /** What waits in quarantine. */
  quarantined: number;
  /** What changed each time it was looked at, so that nothing is said of it. */
  busy: number;
  repaired: number;
  seconds: number;
}

/** What a verification found. */
export interface Verification {
  /** Whether everything is as the sources say, or was put right. */
  readonly ok: boolean;
  readonly views: readonly ViewReport[];
  /** What is wrong now. */
  readonly findings: readonly Finding[];
  /** What was wrong and was put right. */
  readonly repaired: readonly Finding[];
}

/** A report with nothing in it yet. */
export function emptyReport(view: View): ViewReport {
  const sink = view.kind === "cache-view" ? "redis" : "dynamodb";
  const counts = { missing: 0, extra: 0, different: 0, orphans: 0, wrongAggregates: 0 };
  return {
    view: view.name,
    sink,
    rows: 0,
    ...counts,
    quarantined: 0,
    busy: 0,
    repaired: 0,
    seconds: 0,
  };
}

/** Counts a finding in the report of its view. */
export function countFinding(report: ViewReport, kind: FindingKind): void {
  const counter = {
    missing: "missing",
    extra: "extra",
    different: "different",
    orphan: "orphans",
    "wrong aggregate": "wrongAggregates",
    quarantined: "quarantined",
  } as const;
  report[counter[kind]]++;
}
