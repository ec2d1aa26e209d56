import type { Clock } from "../pipeline/clock.js";

/** Holds work back so that it does not take more than its share of a table. */
export interface Pace {
  /** Resolves when so many read units may be taken, or have been paid for. */
  read(units: number): Promise<void>;
  /** The same for write units. */
  write(units: number): Promise<void>;
}

/** What {@link createPace} takes; what is not given is not limited. */
export interface PaceLimits {
  readonly readUnitsPerSecond?: number;
  readonly writeUnitsPerSecond?: number;
}

/** Keeps to limits by two token buckets, each of which holds a second's worth. */
export function createPace(
  { readUnitsPerSecond, writeUnitsPerSecond }: PaceLimits,
  clock: Pick<Clock, "nowMs" | "sleep">,
): Pace {
  return {
    read: tokenBucket(readUnitsPerSecond, clock),
    write: tokenBucket(writeUnitsPerSecond, clock),
  };
}

/**
 * A bucket that may go into debt: what a page takes is known only when it is read, so whoever comes next waits for it.
 */
function tokenBucket(
  perSecond: number | undefined,
  clock: Pick<Clock, "nowMs" | "sleep">,
): (units: number) => Promise<void> {
  if (perSecond === undefined) return async () => undefined;
  let tokens = perSecond;
  let filledAtMs = clock.nowMs();
  return async (units) => {
    const nowMs = clock.nowMs();
    tokens = Math.min(perSecond, tokens + ((nowMs - filledAtMs) * perSecond) / 1000);
    filledAtMs = nowMs;
    tokens -= units;
    if (tokens < 0) await clock.sleep((-tokens * 1000) / perSecond);
  };
}
