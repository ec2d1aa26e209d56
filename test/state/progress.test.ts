import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import {
  addUpdates,
  lossesWith,
  lostAtMs,
  NO_PROGRESS,
  type ProgressUpdate,
  stepTo,
} from "../../src/state/progress.js";
import { positionAt, STREAMS, updateOf } from "./progress-contract.js";

describe("a position", () => {
  test.each([
    ["on", undefined, positionAt(1)],
    ["on", positionAt(1), positionAt(2)],
    ["behind", positionAt(2), positionAt(2)],
    ["behind", positionAt(2), positionAt(1)],
    ["behind", positionAt(1, STREAMS[1]), positionAt(9, STREAMS[0])],
    ["anew", positionAt(9, STREAMS[0]), positionAt(1, STREAMS[1])],
  ])("goes %s from %o to %o", (step, recorded, next) => {
    expect(stepTo(recorded, next)).toBe(step);
  });
});

describe("a loss", () => {
  test("of a stream re-created again and again keeps the last ten", () => {
    const one = lossesWith([], positionAt(1), positionAt(2, STREAMS[1]), 5);
    const many = Array.from({ length: 12 }, (_, i) => ({ ...one[0]!, noticedAtMs: i }));
    const losses = lossesWith(many, positionAt(1), positionAt(2, STREAMS[1]), 99);
    expect(losses.map(({ noticedAtMs }) => noticedAtMs)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 99]);
  });

  test("is mended by what began after the new stream did, or after it was noticed where clocks differ", () => {
    const beganAtMs = Date.parse(`${STREAMS[1]}Z`);
    expect(lostAtMs({ to: STREAMS[1], noticedAtMs: beganAtMs + 60_000 })).toBe(beganAtMs);
    expect(lostAtMs({ to: STREAMS[1], noticedAtMs: beganAtMs - 60_000 })).toBe(beganAtMs - 60_000);
  });
});

describe("updates not yet recorded", () => {
  const counts = fc.record({
    applied: fc.nat(9),
    stale: fc.nat(9),
    skipped: fc.nat(9),
    unchanged: fc.nat(9),
    quarantined: fc.nat(9),
  });
  const updates = fc.array(
    fc.record({ n: fc.nat(50), view: fc.constantFrom("a", "b"), counts, done: fc.boolean() }),
    { minLength: 1, maxLength: 8 },
  );

  test("add up, however many go together, to all that was counted and the newest position", () => {
    fc.assert(
      fc.property(updates, (given) => {
        const each = given.map(({ n, view, counts, done }): ProgressUpdate => {
          const { position: _position, ...update } = updateOf({ views: { [view]: counts } });
          return done ? { ...update, position: positionAt(n) } : update;
        });
        const sum = each.reduce(addUpdates);
        for (const view of ["a", "b"]) {
          const own = given.filter((update) => update.view === view);
          const applied = own.reduce((total, update) => total + update.counts.applied, 0);
          expect((sum.views[view] ?? NO_PROGRESS).applied).toBe(applied);
        }
        const done = given.filter((update) => update.done).map(({ n }) => n);
        expect(sum.position).toEqual(done.length ? positionAt(Math.max(...done)) : undefined);
        expect(sum.batches).toBe(given.length);
      }),
    );
  });
});
