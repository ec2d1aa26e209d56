import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import { streamVersion } from "../../src/change/version.js";
import {
  type Loss,
  NO_PROGRESS,
  type ProgressStore,
  type ProgressUpdate,
} from "../../src/state/progress.js";

/** Labels of three streams of one table, each made after the one before it. */
export const STREAMS = [1, 2, 3].map((day) => `2026-01-0${day}T00:00:00.000`) as [
  string,
  string,
  string,
];

const AT = Date.UTC(2026, 0, 5);
let used = 0;

/** A position so many changes into a stream, a second apart. */
export function positionAt(n: number, label = STREAMS[0]) {
  return { version: streamVersion(label, String(n)), changedAtMs: AT + n * 1_000 };
}

/** What a function did with one change of a source nobody has used before, unless told. */
export function updateOf(given: Partial<ProgressUpdate> = {}): ProgressUpdate {
  return {
    source: `source-${process.pid}-${++used}`,
    function: "tables",
    position: positionAt(1),
    batchEndedAtMs: AT + 2_000,
    lagMs: 1_000,
    batches: 1,
    changes: 1,
    views: { totals: { ...NO_PROGRESS, applied: 1, appliedAtMs: AT + 2_000 } },
    ...given,
  };
}

/** Says of a store of progress what every one must do. */
export function describeProgressContract(
  name: string,
  open: () => Promise<{ readonly progress: ProgressStore; readonly close: () => Promise<void> }>,
): void {
  describe(`${name} keeps the contract of a progress store`, () => {
    const opened = {} as { progress: ProgressStore; close: () => Promise<void> };
    beforeAll(async () => {
      Object.assign(opened, await open());
    });
    afterAll(() => opened.close());
    const record = (...updates: ProgressUpdate[]) =>
      updates.reduce(
        (before, update) => before.then(() => opened.progress.record(update)),
        Promise.resolve(),
      );
    const recorded = async (source: string) => (await opened.progress.read(source)).functions;

    test("knows nothing of a source of which nothing was recorded", async () => {
      expect(await opened.progress.read("untouched")).toEqual({ functions: [], mendedAtMs: {} });
    });

    test("gives back what was recorded, apart for each function of a source", async () => {
      const { source, ...tables } = updateOf();
      const cache = { ...tables, function: "cache", views: { cards: NO_PROGRESS } } as const;
      await record({ source, ...tables }, { source, ...cache });
      const more = { sinceMs: tables.batchEndedAtMs, losses: [] };
      expect(await recorded(source)).toMatchObject([
        { ...cache, views: {}, ...more },
        { ...tables, ...more },
      ]);
    });

    test("adds up what was counted, and keeps the time of the last batch and of the first", async () => {
      const first = updateOf();
      const stale = { ...NO_PROGRESS, stale: 2, skipped: 3, unchanged: 4, quarantined: 5 };
      const later = {
        ...first,
        position: positionAt(7),
        batchEndedAtMs: first.batchEndedAtMs + 60_000,
        lagMs: 30,
        batches: 2,
        changes: 14,
        views: { totals: stale, others: { ...NO_PROGRESS, applied: 1, appliedAtMs: AT } },
      };
      await record(first, later);
      const { source: _source, ...rest } = later;
      expect(await recorded(first.source)).toMatchObject([
        {
          ...rest,
          sinceMs: first.batchEndedAtMs,
          batches: 3,
          changes: 15,
          views: { totals: { ...stale, applied: 1, appliedAtMs: AT + 2_000 } },
        },
      ]);
    });

    test("N30: remembers when a change first came to a view, of each by itself", async () => {
      const first = updateOf({ views: { totals: NO_PROGRESS } });
      const batchEndedAtMs = first.batchEndedAtMs + 60_000;
      const many = Array.from({ length: 70 }, (_, n) => [`view-${n}`, NO_PROGRESS] as const);
      const views = { totals: NO_PROGRESS, ...Object.fromEntries(many) };
      await record(first, { ...first, batchEndedAtMs, views });
      const [found] = await recorded(first.source);
      expect(found?.views["totals"]?.sinceMs).toBe(first.batchEndedAtMs);
      for (const [view] of many) expect(found?.views[view]?.sinceMs).toBe(batchEndedAtMs);
    });

    test("never goes back: an older position is counted, and left at that", async () => {
      const first = updateOf({ position: positionAt(9) });
      await record(first, { ...first, position: positionAt(3) });
      const { position: _position, ...unfinished } = first;
      await record(unfinished);
      expect(await recorded(first.source)).toMatchObject([
        { position: positionAt(9), batches: 3, losses: [] },
      ]);
    });

    test("begins with a batch of which nothing was done", async () => {
      const { position, ...unfinished } = updateOf();
      await record(unfinished);
      expect(await recorded(unfinished.source)).not.toMatchObject([{ position }]);
      await record({ ...unfinished, position: positionAt(2) });
      expect(await recorded(unfinished.source)).toMatchObject([{ position: positionAt(2) }]);
    });

    test("G41: remembers that a newer stream took the place of the one followed, with both labels and times", async () => {
      const first = updateOf({ position: positionAt(9) });
      const next = { ...first, position: positionAt(2, STREAMS[1]), batchEndedAtMs: AT + 90_000 };
      const late = { ...first, position: positionAt(10) };
      await record(first, next, late, { ...next, position: positionAt(3, STREAMS[1]) });
      const loss: Loss = {
        from: STREAMS[0],
        to: STREAMS[1],
        lastChangeAtMs: AT + 9_000,
        noticedAtMs: AT + 90_000,
      };
      expect(await recorded(first.source)).toMatchObject([
        { position: positionAt(3, STREAMS[1]), losses: [loss], batches: 4 },
      ]);
      await record({ ...first, position: positionAt(1, STREAMS[2]) });
      expect(await recorded(first.source)).toMatchObject([
        { losses: [loss, { from: STREAMS[1], to: STREAMS[2] }] },
      ]);
    });

    test("G41: of many who record at once, every count is kept, and a loss is noticed once", async () => {
      const first = updateOf({ position: positionAt(1) });
      await record(first);
      const updates = Array.from({ length: 12 }, (_, i) => ({
        ...first,
        position: positionAt(20 - i, STREAMS[i % 3 === 0 ? 0 : 1]),
      }));
      await Promise.all(updates.map((update) => record(update)));
      const [progress] = await recorded(first.source);
      expect(progress).toMatchObject({ position: positionAt(19, STREAMS[1]), batches: 13 });
      expect(progress?.views["totals"]?.applied).toBe(13);
      expect(progress?.losses).toHaveLength(1);
    });

    test("counts a hundred views of a source", async () => {
      const names = Array.from({ length: 100 }, (_, i) => `view-${i}`);
      const all = { ...NO_PROGRESS, applied: 1, stale: 1, unchanged: 1, appliedAtMs: AT };
      const update = updateOf({ views: Object.fromEntries(names.map((view) => [view, all])) });
      await record(update, update);
      const [progress] = await recorded(update.source);
      expect(Object.keys(progress?.views ?? {}).sort()).toEqual([...names].sort());
      expect(progress?.views["view-99"]).toMatchObject({
        ...all,
        applied: 2,
        stale: 2,
        unchanged: 2,
      });
      expect(progress?.batches).toBe(2);
    });

    test("G41: remembers when a view was last mended, and nothing earlier instead", async () => {
      const { source } = updateOf();
      await opened.progress.markMended(source, "totals", AT);
      await opened.progress.markMended(source, "open-orders@2", AT + 1);
      await opened.progress.markMended(source, "totals", AT - 1);
      expect(await opened.progress.read(source)).toEqual({
        functions: [],
        mendedAtMs: { totals: AT, "open-orders@2": AT + 1 },
      });
    });
  });
}
