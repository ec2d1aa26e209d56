import type { MillraceError } from "../errors.js";

/** How one view fared in a batch. Counts are of mutations, except `unchanged` and `quarantined`, which count items. */
export interface ViewReport {
  readonly view: string;
  applied: number;
  stale: number;
  /** Not kept in memory: not hot, or larger than the view allows. */
  skipped: number;
  /** Items whose change left the view as it was, and so cost nothing. */
  unchanged: number;
  quarantined: number;
  /** Mutations left for redelivery. */
  unresolved: number;
  /** From the newest change applied to the end of the batch; DynamoDB gives the time of a change in whole seconds. */
  lagMs: number;
}

/** Something that went wrong in a batch, for the log. */
export interface BatchProblem {
  readonly kind: "quarantined" | "unresolved";
  readonly view: string;
  readonly itemKey: string;
  readonly sequenceNumber: string;
  readonly error: MillraceError;
}

/** What became of a batch. */
export interface BatchReport {
  readonly records: number;
  /** Sequence numbers at which Lambda must resume, one a lane that could not be finished; empty when all is done. */
  readonly unresolved: readonly string[];
  readonly views: readonly ViewReport[];
  readonly problems: readonly BatchProblem[];
  /** Why the pipeline's progress could not be recorded; the batch is none the worse for it. */
  readonly unrecorded?: MillraceError;
}
