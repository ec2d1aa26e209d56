/** Time and chance, passed in so that a simulation can decide both. */
export interface Clock {
  /** Unix time in milliseconds. */
  nowMs(): number;
  sleep(ms: number): Promise<void>;
  /** Uniform in [0, 1). */
  random(): number;
}

/** Says how long the invocation may still take. */
export interface Deadline {
  /** Milliseconds until the work is cut off. */
  remainingMs(): number;
}

/** A deadline so many milliseconds from now, by this clock. */
export function deadlineIn(clock: Clock, ms: number): Deadline {
  const endsAtMs = clock.nowMs() + ms;
  return { remainingMs: () => endsAtMs - clock.nowMs() };
}
