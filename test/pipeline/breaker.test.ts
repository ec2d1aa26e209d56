import { describe, expect, test } from "@jest/globals";

import { isMillraceError } from "../../src/errors.js";
import { type BreakerLimits, createBreaker, DEFAULT_BREAKER } from "../../src/pipeline/breaker.js";

const LIMITS: BreakerLimits = { share: 0.5, minimum: 4, window: 20 };

/** Feeds batches `[changes, poison]` of one view to a breaker, and says of each whether it let the batch pass. */
function fed(batches: readonly (readonly [number, number])[], limits = LIMITS): string {
  const breaker = createBreaker(limits);
  return batches
    .map(([changes, poison]) => {
      try {
        breaker([{ view: "board", changes, poison }]);
        return "pass";
      } catch {
        return "stop";
      }
    })
    .join(" ");
}

describe("the breaker", () => {
  test("lets poison below the share pass, and stops what is above it", () => {
    expect(fed([[10, 5]])).toBe("pass");
    expect(fed([[10, 6]])).toBe("stop");
  });

  test("does not judge by fewer than the minimum of poison changes", () => {
    expect(fed([[3, 3]])).toBe("pass");
    expect(fed([[4, 4]])).toBe("stop");
  });

  test("judges across batches, so that bisection cannot cut a bad deploy into pieces too small to judge", () => {
    expect(fed([[1, 1], [1, 1], [1, 1], [1, 1], [1, 1]])).toBe("pass pass pass stop stop"); // prettier-ignore
  });

  test("a good batch passes at any time, and good changes close the breaker again", () => {
    const recovering = [[10, 10], [1, 0], [20, 0], [20, 0], [1, 1]] as const; // prettier-ignore
    expect(fed(recovering)).toBe("stop pass pass pass pass");
  });

  test("remembers no more than its window: a long good past does not hide a bad deploy", () => {
    expect(fed([[100_000, 0], [20, 12]])).toBe("pass pass"); // prettier-ignore
    expect(fed([[100_000, 0], [20, 20], [20, 20]])).toBe("pass pass stop"); // prettier-ignore
  });

  test("judges each view by itself", () => {
    const breaker = createBreaker(LIMITS);
    const good = { view: "good", changes: 100, poison: 0 };
    expect(() => breaker([good, { view: "bad", changes: 10, poison: 9 }])).toThrow(/view "bad"/);
    expect(() => breaker([good])).not.toThrow();
  });

  test("says which view, how much, and what to do", () => {
    try {
      createBreaker(LIMITS)([{ view: "board", changes: 10, poison: 8 }]);
      expect("stopped").toBe("passed");
    } catch (thrown) {
      if (!isMillraceError(thrown)) throw thrown;
      expect(thrown).toMatchObject({ code: "view-failed", retriable: false });
      expect(thrown.context).toEqual({ view: "board" });
      expect(thrown.message).toContain(
        'view "board": 80 % of its recent changes failed (limit 50 %)',
      );
      expect(thrown.message).toContain("Fix or roll back the view");
    }
  });

  test("by default stops above half of the last 200 changes, from 10 on", () => {
    expect(DEFAULT_BREAKER).toEqual({ share: 0.5, minimum: 10, window: 200 });
  });
});
