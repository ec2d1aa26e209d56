import type { InvocationOutcome } from "./response.js";
import type { MappingSettings } from "./settings.js";

/** A batch on its way through the handler, with the budget it has used. */
export interface Attempt<R> {
  readonly records: readonly R[];
  /** Invocations of exactly this batch so far. */
  readonly invocations: number;
  /** Tells batches apart: a retry keeps its request id, a suffix or a half gets a new one. */
  readonly requestId: string;
}

/** Why records are given up. */
export type DiscardCondition = "RetryAttemptsExhausted" | "RecordAgeExceeded";

/** What comes after an invocation. Records named nowhere are done. */
export type Decision<R> =
  | { readonly type: "done" }
  /** Deliver these batches, one after the other, at once. */
  | { readonly type: "deliver"; readonly attempts: readonly Attempt<R>[] }
  /** Deliver the same batch again after a pause. */
  | { readonly type: "retry"; readonly attempt: Attempt<R>; readonly delayMs: number }
  | {
      readonly type: "discard";
      readonly records: readonly R[];
      readonly condition: DiscardCondition;
      readonly invocations: number;
    };

type RetrySettings = Pick<MappingSettings, "bisectBatchOnFunctionError" | "maximumRetryAttempts">;

/** Pause before the first retry; doubles with each. Fits what was recorded on AWS, which documents no figure. */
const FIRST_RETRY_DELAY_MS = 200;
const MAX_RETRY_DELAY_MS = 60_000;

/** Starts the way of a batch. */
export function firstAttempt<R>(records: readonly R[], newRequestId: () => string): Attempt<R> {
  return { records, invocations: 0, requestId: newRequestId() };
}

/**
 * Decides what follows an invocation: pure, and the same for the real mapping and for a simulated one.
 *
 * - success: done;
 * - partial with progress: what remains is a new batch with a new budget, at once;
 * - no progress, bisect on, more than one record: two halves, floor(n/2) first, each with a new budget, at once;
 * - no progress otherwise: a retry, until the budget is used up; then the whole batch is discarded.
 *
 * Source: recorded on AWS, docs/event-source-mapping.md.
 */
export function decide<R>(
  attempt: Attempt<R>,
  outcome: InvocationOutcome,
  settings: RetrySettings,
  newRequestId: () => string,
): Decision<R> {
  const { records } = attempt;
  if (outcome.type === "success") return { type: "done" };
  if (outcome.type === "partial" && outcome.index > 0) {
    return {
      type: "deliver",
      attempts: [firstAttempt(records.slice(outcome.index), newRequestId)],
    };
  }
  if (settings.bisectBatchOnFunctionError && records.length > 1) {
    const half = Math.floor(records.length / 2);
    const halves = [records.slice(0, half), records.slice(half)];
    return { type: "deliver", attempts: halves.map((each) => firstAttempt(each, newRequestId)) };
  }
  const invocations = attempt.invocations + 1;
  if (settings.maximumRetryAttempts >= 0 && invocations > settings.maximumRetryAttempts) {
    return { type: "discard", records, condition: "RetryAttemptsExhausted", invocations };
  }
  const delayMs = Math.min(MAX_RETRY_DELAY_MS, FIRST_RETRY_DELAY_MS * 2 ** (invocations - 1));
  return { type: "retry", attempt: { ...attempt, invocations }, delayMs };
}

/**
 * Takes the records off the head of a batch that are too old to be delivered; looked at before every delivery.
 *
 * What is left keeps its budget if nothing was taken, and is a new batch otherwise.
 */
export function dropExpired<R extends { readonly createdAtSeconds: number }>(
  attempt: Attempt<R>,
  maximumRecordAgeInSeconds: number,
  nowMs: number,
  newRequestId: () => string,
): { readonly expired: readonly R[]; readonly rest: Attempt<R> | undefined } {
  // A window's last call has no records, and no age.
  if (maximumRecordAgeInSeconds < 0 || attempt.records.length === 0)
    return { expired: [], rest: attempt };
  const oldestMs = nowMs - maximumRecordAgeInSeconds * 1000;
  const firstFresh = attempt.records.findIndex(
    ({ createdAtSeconds }) => createdAtSeconds * 1000 >= oldestMs,
  );
  if (firstFresh === 0) return { expired: [], rest: attempt };
  if (firstFresh < 0) return { expired: attempt.records, rest: undefined };
  return {
    expired: attempt.records.slice(0, firstFresh),
    rest: firstAttempt(attempt.records.slice(firstFresh), newRequestId),
  };
}
