import type { ApplyResult } from "../sink/sink.js";
import type { Clock, Deadline } from "./clock.js";

/** How patiently to retry. */
export interface RetryPolicy {
  /** Upper bound of the first pause; doubles with each try. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** Time left untouched at the end of an invocation, for quarantine and the response. */
  readonly reserveMs: number;
}

/** Pauses from 50 ms to 2 s, and two seconds kept for the end. */
export const DEFAULT_RETRY: RetryPolicy = { baseDelayMs: 50, maxDelayMs: 2_000, reserveMs: 2_000 };

/**
 * Applies mutations, and those that failed retriably again, until none does or the time is used up.
 *
 * Pauses have full jitter, so that many functions meeting one busy table do not return together.
 * Source: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
 *
 * @returns the last answer to each mutation, in order; what still failed retriably is for Lambda to redeliver.
 */
export async function applyWithRetry<M>(
  mutations: readonly M[],
  apply: (mutations: readonly M[]) => Promise<readonly ApplyResult[]>,
  time: { readonly clock: Clock; readonly deadline: Deadline; readonly policy: RetryPolicy },
): Promise<readonly ApplyResult[]> {
  const { clock, deadline, policy } = time;
  const results: ApplyResult[] = [];
  let pending = mutations.map((_, i) => i);
  let onlyCollisions = false;
  for (let attempt = 0; pending.length > 0; attempt++) {
    const answers = await apply(pending.map((i) => mutations[i] as M));
    pending.forEach((i, n) => (results[i] = answers[n] as ApplyResult));
    const retriable = pending.filter((i) => isRetriable(results[i]));
    // The item that owns a row may be about to leave it, in this very batch: a collision is final only once it
    // was met with everything else done.
    const collisions = onlyCollisions ? [] : pending.filter((i) => isCollision(results[i]));
    onlyCollisions = retriable.length === 0;
    pending = [...retriable, ...collisions];
    const delayMs = clock.random() * Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** attempt);
    if (pending.length === 0 || deadline.remainingMs() - delayMs < policy.reserveMs) break;
    await clock.sleep(delayMs);
  }
  return results;
}

function isRetriable(result: ApplyResult | undefined): boolean {
  return result?.outcome === "failed" && result.error.retriable;
}

function isCollision(result: ApplyResult | undefined): boolean {
  return result?.outcome === "failed" && result.error.code === "collision";
}
