import { MillraceError } from "../errors.js";

/** When a view's failures are taken for a bad deploy rather than for bad data. */
export interface BreakerLimits {
  /** Share of a view's recent changes that may be poison. */
  readonly share: number;
  /** Below this many poison changes, the share does not matter. */
  readonly minimum: number;
  /** How many recent changes of a view are looked at, across the batches of a container. */
  readonly window: number;
}

/** Half of the last 200 changes, and at least 10. */
export const DEFAULT_BREAKER: BreakerLimits = { share: 0.5, minimum: 10, window: 200 };

/** What a batch asked of one view, and how much of it was poison. */
export interface ViewTally {
  readonly view: string;
  readonly changes: number;
  readonly poison: number;
}

/**
 * Remembers how each view fared lately and stops the batch when too much is poison (rule V8).
 *
 * It looks across batches, because bisection cuts a failing batch into ones too small to judge. A bad deploy then
 * fails loudly and loses nothing: the fixed one resumes where it stopped.
 */
export function createBreaker(limits: BreakerLimits): (tallies: readonly ViewTally[]) => void {
  const recent = new Map<string, { changes: number; poison: number }>();
  return (tallies) => {
    for (const { view, changes, poison } of tallies) {
      const before = recent.get(view) ?? { changes: 0, poison: 0 };
      const now = faded(
        { changes: before.changes + changes, poison: before.poison + poison },
        limits.window,
      );
      recent.set(view, now);
      if (poison > 0 && now.poison >= limits.minimum && now.poison / now.changes > limits.share) {
        throw tooMuchPoison(view, now, limits.share);
      }
    }
  };
}

/** Scales the tally down to the window, so that what is long ago weighs less and less. */
function faded(
  tally: { changes: number; poison: number },
  window: number,
): { changes: number; poison: number } {
  const scale = Math.min(1, window / tally.changes);
  return { changes: tally.changes * scale, poison: tally.poison * scale };
}

function tooMuchPoison(
  view: string,
  tally: { changes: number; poison: number },
  share: number,
): MillraceError {
  const percent = Math.round((100 * tally.poison) / tally.changes);
  return new MillraceError(
    "view-failed",
    `view "${view}": ${percent} % of its recent changes failed (limit ${share * 100} %), which looks like a bad deploy rather ` +
      "than bad data; the batch is failed instead of quarantined. Fix or roll back the view: the stream resumes where it stopped",
    { context: { view } },
  );
}
