import type { Clock } from "../../src/pipeline/clock.js";
import type { Random } from "./random.js";

/** Time that passes only from one appointment to the next; everything due at one moment happens in a fixed order. */
export interface VirtualClock extends Clock {
  /** Milliseconds since the simulation began. */
  elapsedMs(): number;
  /** Does something at a time, milliseconds since the beginning; at once where that has passed. */
  at(ms: number, act: () => void): void;
  /** Lets time pass until nothing is due any more, or `isOver` says so. Rejects after too many steps. */
  run(isOver: () => boolean): Promise<void>;
}

interface Appointment {
  readonly atMs: number;
  readonly n: number;
  readonly act: () => void;
}

const MOST_STEPS = 15_000;

/** Starts a clock at this Unix time. */
export function createVirtualClock(startMs: number, random: Random): VirtualClock {
  const due: Appointment[] = [];
  let nowMs = 0;
  let made = 0;

  function at(ms: number, act: () => void): void {
    const appointment = { atMs: Math.max(ms, nowMs), n: made++, act };
    let i = due.length;
    due.push(appointment);
    while (i > 0 && isLater(due[i - 1]!, appointment)) {
      due[i] = due[i - 1]!;
      i--;
    }
    due[i] = appointment;
  }

  return {
    nowMs: () => startMs + nowMs,
    elapsedMs: () => nowMs,
    random: () => random.next(),
    sleep: (ms) => new Promise((resolve) => at(nowMs + ms, resolve)),
    at,
    async run(isOver) {
      await settle();
      for (let step = 0; !isOver(); step++) {
        if (step > MOST_STEPS) throw new Error(`no end after ${MOST_STEPS} steps`);
        const next = due.pop();
        if (!next) return;
        nowMs = next.atMs;
        next.act();
        await settle();
      }
    },
  };
}

/** The list is kept with the next appointment last. */
function isLater(a: Appointment, b: Appointment): boolean {
  return a.atMs === b.atMs ? b.n > a.n : b.atMs > a.atMs;
}

/** Waits until everybody is waiting for an appointment: immediates come after all promises that can go on. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
