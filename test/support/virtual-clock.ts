import type { Clock } from "../../src/local/event-source-mapping/clock.js";

/** A clock that stands still while anything is under way, and jumps to the next moment that somebody waits for. */
export interface VirtualClock extends Clock {
  /** How long each wait was that has begun so far. */
  readonly sleptMs: readonly number[];
}

/** @param nowMs Unix time at which it begins. */
export function createVirtualClock(nowMs = 1_800_000_000_000): VirtualClock {
  const sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];
  const sleptMs: number[] = [];
  let isJumping = false;
  const jump = () => {
    isJumping = false;
    sleepers.sort((a, b) => a.atMs - b.atMs);
    const next = sleepers.shift();
    if (!next) return;
    nowMs = Math.max(nowMs, next.atMs);
    next.wake();
    schedule();
  };
  // By the turn after the next all that can go on without the time has gone on.
  const schedule = () => {
    if (isJumping || sleepers.length === 0) return;
    isJumping = true;
    setImmediate(() => setImmediate(jump));
  };
  return {
    sleptMs,
    nowMs: () => nowMs,
    sleep(ms, signal) {
      if (signal.aborted) return Promise.resolve();
      sleptMs.push(ms);
      return new Promise((resolve) => {
        const sleeper = { atMs: nowMs + ms, wake: () => wake() };
        const wake = () => {
          const at = sleepers.indexOf(sleeper);
          if (at >= 0) sleepers.splice(at, 1);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        signal.addEventListener("abort", wake);
        sleepers.push(sleeper);
        schedule();
      });
    },
  };
}
