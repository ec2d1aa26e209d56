import { describe, expect, test } from "@jest/globals";

import type { BackfillParts } from "../../src/backfill/backfill-parts.js";
import { backfillSource, type SourceBackfill } from "../../src/backfill/backfill-source.js";
import { listedPages } from "../../src/backfill/item-pages.js";
import { createPace } from "../../src/backfill/pace.js";
import type { Item } from "../../src/change/attribute-value.js";
import { MillraceError } from "../../src/errors.js";
import { createMemorySink } from "../../src/sink/memory-sink.js";
import { createMemoryBackfillState } from "../../src/state/backfill-state.js";
import { createMemoryQuarantine } from "../../src/state/memory-quarantine.js";
import type { QuarantineEntry } from "../../src/state/quarantine.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import { fakeClock } from "../pipeline/pipeline-under-test.js";
import { LABEL } from "../support/records.js";

const things = source<{ id: string; rows: number; bad?: boolean }>({
  table: "things",
  key: ["id"],
});
const view = tableView({
  name: "thing-rows",
  source: things,
  key: ["id", "row"],
  rows: ({ id, rows, bad }) => {
    if (bad) throw new Error("bad thing");
    return Array.from({ length: rows }, (_, row) => ({ id, row: `row ${row}` }));
  },
});

/** A backfill of things in memory. */
function world(count: number, item: (n: number) => Item = () => ({ rows: 1 })) {
  const clock = fakeClock();
  const items = new Map<string, Item>(
    Array.from({ length: count }, (_, n): [string, Item] => {
      const id = `t-${String(n).padStart(3, "0")}`;
      return [JSON.stringify([id]), { id, ...item(n) }];
    }),
  );
  const sink = createMemorySink();
  const quarantine = createMemoryQuarantine();
  const reads: string[] = [];
  const parts: BackfillParts = {
    sinks: { "table-view": sink },
    quarantine,
    state: createMemoryBackfillState(),
    items: {
      get: async (_source, owners) => {
        reads.push(...owners);
        return new Map(
          owners.flatMap((owner) => (items.has(owner) ? [[owner, items.get(owner)!]] : [])),
        );
      },
    },
    clock,
    pace: createPace({}, clock),
  };
  const backfill: SourceBackfill = {
    ...{ source: things, views: [view], allViews: [view] },
    pages: listedPages([...items.keys()], 10),
    ...{ scope: "all", segments: 1, restart: false, worker: "w-1", runId: "r-1" },
    inspect: async () => ({ label: LABEL, itemsAbout: count }),
  };
  const parked = async () => {
    const entries: QuarantineEntry[] = [];
    for await (const entry of quarantine.list()) entries.push(entry);
    return entries;
  };
  return { parts, backfill, items, sink, reads, parked, clock };
}

const goOn = { isStopping: () => false };

describe("a backfill of one source", () => {
  test("G52: stopped after a page, it goes on with the next one", async () => {
    const { parts, backfill, reads } = world(35);
    let pages = 0;
    const stopped = await backfillSource(parts, backfill, {
      isStopping: () => pages >= 2,
      onPage: () => pages++,
    });
    expect(stopped).toMatchObject({ finished: false, scanned: 20 });
    reads.length = 0;
    const again = { ...backfill, worker: "w-2", runId: "r-2" };
    const report = await backfillSource(parts, again, goOn);
    expect(report).toMatchObject({ run: "r-1", finished: true, scanned: 35 });
    expect([...reads].sort()[0]).toBe('["t-020"]');
    expect(report.views).toEqual([
      { view: "thing-rows", applied: 35, stale: 0, skipped: 0, undone: 0, parked: 0 },
    ]);
  });

  test("begins anew once it was finished, when told to, and for other items", async () => {
    const { parts, backfill } = world(5);
    const run = async (changes: Partial<SourceBackfill>) =>
      (await backfillSource(parts, { ...backfill, ...changes }, goOn)).run;
    expect(await run({ runId: "r-1" })).toBe("r-1");
    expect(await run({ runId: "r-2" })).toBe("r-2");
    await backfillSource(parts, { ...backfill, runId: "r-3" }, { isStopping: () => true });
    expect(await run({ runId: "r-4", scope: "others" })).toBe("r-4");
    expect(await run({ runId: "r-5", restart: true })).toBe("r-5");
    expect(await run({ runId: "r-6" })).toBe("r-3");
  });

  test("stores of an inspection only what a run is", async () => {
    const { parts, backfill } = world(5);
    const inspected = { label: LABEL, itemsAbout: 5, table: "things", streamArn: "arn" };
    await backfillSource(parts, { ...backfill, inspect: async () => inspected }, goOn);
    const [run] = await parts.state.runs("things");
    expect(Object.keys(run ?? {}).sort()).toEqual(
      ["finishedAtMs", "id", "itemsAbout", "label", "scope", "segments", "source", "startedAtMs", "views"], // prettier-ignore
    );
  });

  test("N23: is not finished when the stream is another in the end, and is begun anew then", async () => {
    const { parts, backfill } = world(15);
    let label = LABEL;
    const inspect = async () => ({ label, itemsAbout: 15 });
    const onPage = () => (label = "2026-03-01T00:00:00.000");
    const changed = await backfillSource(parts, { ...backfill, inspect }, { ...goOn, onPage });
    expect(changed).toMatchObject({ finished: false, streamChanged: true });
    const again = await backfillSource(parts, { ...backfill, inspect, runId: "r-2" }, goOn);
    expect(again).toMatchObject({ run: "r-2", finished: true, streamChanged: false });
  });

  test("G54: parks what a view cannot take, without records, and goes on", async () => {
    const { parts, backfill, parked, clock } = world(40, (n) => ({ rows: 1, bad: n % 10 === 3 }));
    const report = await backfillSource(parts, backfill, goOn);
    expect(report).toMatchObject({ finished: true, views: [{ applied: 36, parked: 4 }] });
    const entries = await parked();
    expect(entries).toMatchObject([
      { view: "thing-rows", source: "things", itemKey: '["t-003"]', records: [] },
      {},
      {},
      {},
    ]);
    expect(entries[0]?.error).toMatchObject({ code: "view-failed" });
    expect(entries[0]?.error.message).toContain("bad thing");
    expect(entries[0]?.position.startsWith(`${LABEL}0`)).toBe(true);
    expect(entries[0]?.parkedAtMs).toBeLessThanOrEqual(clock.nowMs());
  });

  test("G54: stops when most of what it met was poison, parks none of it, and goes on when that is mended", async () => {
    const { parts, backfill, items, parked } = world(40, (n) => ({ rows: 1, bad: n >= 10 }));
    await expect(backfillSource(parts, backfill, goOn)).rejects.toThrow(
      /"thing-rows": more than 50 % .* bad thing\. Fix it and start the backfill again/,
    );
    expect((await parked()).length).toBeLessThan(20);
    for (const [owner, item] of items) items.set(owner, { ...item, bad: false });
    const report = await backfillSource(parts, { ...backfill, worker: "w-2" }, goOn);
    expect(report).toMatchObject({ run: "r-1", finished: true, scanned: 40 });
  });

  test("G52: what an earlier run of the source left in work is brought up to date first", async () => {
    const { parts, backfill, sink } = world(1, () => ({ rows: 0 }));
    const row = { view: "thing-rows", owner: '["t-000"]', key: '["t-000","row 9"]' };
    const value = { id: "t-000", row: "row 9" };
    const version = `${LABEL}0${"5".padStart(40, "0")}` as never;
    await sink.apply([{ type: "put", ...row, view, value, version, changedAtSeconds: 1 }]);
    await parts.state.saveSegment("things", {
      ...{ run: "r-0", segment: 0, worker: "dead", done: false, scanned: 0, items: 0, views: {} },
      ...{ rows: [row], atMs: 5, savedAtMs: 5 },
    });
    await backfillSource(parts, backfill, goOn);
    expect((await sink.get(view, row.key))?.value).toBeUndefined();
  });

  test("pages whose keys do not fit together are halved; an item that alone does not fit is parked", async () => {
    const { parts, backfill, parked } = world(10, (n) => ({ rows: n === 4 ? 30 : 3 }));
    const largest: number[] = [];
    const state = {
      ...parts.state,
      saveSegment: async (...[source, each]: Parameters<typeof parts.state.saveSegment>) => {
        if (each.rows.length > 10) throw new MillraceError("refused", "too many keys");
        largest.push(each.rows.length);
        await parts.state.saveSegment(source, each);
      },
    };
    const report = await backfillSource({ ...parts, state }, backfill, goOn);
    expect(report).toMatchObject({ finished: true, views: [{ applied: 27 }] });
    expect(await parked()).toMatchObject([{ itemKey: '["t-004"]', error: { code: "refused" } }]);
    expect(Math.max(...largest)).toBeLessThanOrEqual(10);
  });
});
