import { DEFAULT_RETRY } from "../pipeline/apply-with-retry.js";
import { type Clock, type Deadline, deadlineIn } from "../pipeline/clock.js";
import { insist } from "../pipeline/park.js";

/** How long one batch of items may be tried, where trouble does not pass. */
const BATCH_MS = 30_000;

/** Time, and how long to insist on something. */
export interface Patience {
  readonly clock: Clock;
  readonly deadline: Deadline;
  /** Calls again as long as it fails retriably and time is left; rejects with the last error. */
  readonly insist: <T>(call: () => Promise<T>) => Promise<T>;
}

/** Begins the time of one batch. */
export function beginBatch(clock: Clock): Patience {
  const deadline = deadlineIn(clock, BATCH_MS);
  return {
    clock,
    deadline,
    insist: (call) => insist({ clock, deadline, retry: DEFAULT_RETRY }, call),
  };
}
