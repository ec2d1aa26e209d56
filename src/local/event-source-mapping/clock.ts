/** Time, as a mapping sees it; another one can stand in for the system's in tests and simulations. */
export interface Clock {
  /** Unix time in milliseconds. */
  nowMs(): number;
  /** Waits, or returns early once the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The system's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep(ms, signal) {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", finish);
        resolve();
      };
      const timer = setTimeout(finish, ms);
      signal.addEventListener("abort", finish);
    });
  },
};

/** Lets loops wait for each other's news. */
export interface Notice {
  /** Wakes whoever waits. */
  notify(): void;
  /** Waits for a notification, at most `ms` where it is given, and not beyond the abortion of the signal. */
  wait(ms?: number): Promise<void>;
}

/** Longest wait a timer can hold. */
const MAX_TIMER_MS = 2_147_483_647;

/** A notice for loops that end with `signal`. */
export function createNotice(clock: Clock, signal: AbortSignal): Notice {
  let waiting = new AbortController();
  signal.addEventListener("abort", () => waiting.abort(), { once: true });
  return {
    notify() {
      waiting.abort();
      if (!signal.aborted) waiting = new AbortController();
    },
    wait: (ms = MAX_TIMER_MS) => clock.sleep(ms, waiting.signal),
  };
}
