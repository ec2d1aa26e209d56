import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import type { BackfillParts } from "../../../src/backfill/backfill-parts.js";
import { backfillSource } from "../../../src/backfill/backfill-source.js";
import { folderFiles } from "../../../src/backfill/from-export/export-files.js";
import { readManifest } from "../../../src/backfill/from-export/export-manifest.js";
import { createPace } from "../../../src/backfill/pace.js";
import { readScope } from "../../../src/backfill/scope.js";
import type { Item } from "../../../src/change/attribute-value.js";
import { readVersion, streamVersion } from "../../../src/change/version.js";
import { createMemorySink } from "../../../src/sink/memory-sink.js";
import { createMemoryBackfillState } from "../../../src/state/backfill-state.js";
import { createMemoryQuarantine } from "../../../src/state/memory-quarantine.js";
import { differences, recompute } from "../../../src/testing/recompute.js";
import { createSourceItems } from "../../../src/upkeep/source-items.js";
import { source } from "../../../src/view/source.js";
import { tableView } from "../../../src/view/table-view.js";
import { fakeClock } from "../../pipeline/pipeline-under-test.js";
import { LABEL } from "../../support/records.js";
import { exportFiles, writeFiles } from "../../support/write-export.js";

const root = mkdtempSync(join(tmpdir(), "millrace-export-run-"));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;

interface Thing {
  id: string;
  place: number;
  bad?: boolean;
}
const things = source<Thing>({ table: "things", key: ["id"] });
const view = tableView({
  name: "thing-places",
  source: things,
  key: ["place", "id"].map((name) => ({ name, type: name === "place" ? "N" : "S" })) as never,
  where: ({ place }) => place > 0,
  row: ({ id, place, bad }) => {
    if (bad) throw new Error("bad thing");
    return { id, place };
  },
});

const owner = (id: string) => JSON.stringify([id]);
const mutation = (
  type: "put" | "delete",
  row: { key: string; value: Item },
  id: string,
  n: number,
) => ({
  ...{ type, ...row, view, owner: owner(id), changedAtSeconds: 1 },
  version: streamVersion(LABEL, String(n)),
});

/** Things as they were exported and as they are, in a table that keeps no tombstones, and a backfill of them. */
async function world(exported: readonly Thing[], now: readonly Thing[]) {
  const clock = fakeClock();
  const atMs = clock.nowMs() - 3_600_000;
  const sink = createMemorySink({ forgets: () => true });
  const quarantine = createMemoryQuarantine();
  const half = Math.ceil(exported.length / 2);
  const split = [exported.slice(0, half), exported.slice(half)] as unknown as Item[][];
  const written = exportFiles({ table: "things", atMs, files: split });
  const files = folderFiles(writeFiles(join(root, String(folders++)), written));
  const manifest = await readManifest(files);
  const items = new Map(now.map((thing) => [owner(thing.id), thing as unknown as Item]));
  let reads = 0;
  const parts: BackfillParts = {
    ...{ sinks: { "table-view": sink }, quarantine, state: createMemoryBackfillState(), clock },
    pace: createPace({}, clock),
    items: {
      get: async (_source, owners) => {
        reads += owners.length;
        return new Map(
          owners.flatMap((each) => (items.has(each) ? [[each, items.get(each)!]] : [])),
        );
      },
    },
  };
  const scope = readScope(things, { exported: { files, manifest } });
  const run = (worker = "w-1", stopAfterPages = Infinity) => {
    let pages = 0;
    return backfillSource(
      parts,
      {
        ...{ source: things, views: [view], allViews: [view], worker, runId: worker },
        ...{ scope: scope.text, segments: scope.mostSegments, restart: false },
        pages: scope.pages(
          createSourceItems({ client: undefined as never, tableName: (name) => name }),
        ),
        inspect: async () => ({ label: LABEL, itemsAbout: 0 }),
      },
      { isStopping: () => pages >= stopAfterPages, onPage: () => pages++ },
    );
  };
  const wrong = async () => {
    const rows: [string, Item][] = [];
    for await (const { key, value } of sink.scan(view)) rows.push([key, value!]);
    const owned = [...items].map(([of, item]) => ({ owner: of, item }));
    return differences(view, rows, await recompute(view, owned));
  };
  return { run, sink, quarantine, wrong, atMs, reads: () => reads };
}

const noThing = fc.constant(undefined);
const place = fc.integer({ min: 0, max: 3 });
/** A thing as it was exported and as it is; and whether the stream has told what is between. */
const story = fc.record({
  before: fc.oneof(noThing, place),
  after: fc.oneof(noThing, place),
  isTold: fc.boolean(),
});

describe("a backfill from an export", () => {
  test("G70: whatever was changed, deleted or made since, told before or after it, each view is right in the end", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(story, { minLength: 1, maxLength: 8 }), async (stories) => {
        const at = (what: "before" | "after") =>
          stories.flatMap((each, n) => {
            const where = each[what];
            return where === undefined ? [] : [{ id: `t-${n}`, place: where }];
          });
        const { run, sink, wrong } = await world(at("before"), at("after"));
        const tell = async (isTold: boolean) => {
          for (const [n, { before, after, ...each }] of stories.entries()) {
            if (each.isTold !== isTold || before === after) continue;
            const rows = (to?: number) =>
              to === undefined ? [] : view.rowsOf({ id: `t-${n}`, place: to });
            const gone = rows(before).map((row) => mutation("delete", row, `t-${n}`, n + 1));
            const come = rows(after).map((row) => mutation("put", row, `t-${n}`, n + 1));
            await sink.apply([...gone, ...come]);
          }
        };
        await tell(true);
        expect(await run()).toMatchObject({ finished: true });
        await tell(false);
        expect(await wrong()).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test("G70: what it puts has the version of the export, and loses against every later read", async () => {
    const same = [{ id: "t-1", place: 1 }];
    const { run, sink, atMs } = await world(same, same);
    const report = await run();
    expect(report).toMatchObject({ scanned: 1, views: [{ applied: 1, parked: 0 }] });
    expect((await sink.get(view, '[1,"t-1"]'))?.version).toBe(readVersion(LABEL, atMs));
    const [row] = view.rowsOf({ id: "t-1", place: 1 });
    const later = { ...mutation("put", row!, "t-1", 1), version: readVersion(LABEL, atMs + 1) };
    expect(await sink.apply([later])).toEqual([{ outcome: "applied" }]);
    expect(await (await world(same, same)).run()).toMatchObject({ finished: true });
  });

  test("reads each item once that derives a row, and none that derives none", async () => {
    const same = [0, 1, 2, 3].map((n) => ({ id: `t-${n}`, place: n }));
    const { run, reads } = await world(same, same);
    await run();
    expect(reads()).toBe(3);
  });

  test("an item that was poison when it was exported, and is none now, is not parked", async () => {
    const { run, quarantine, wrong } = await world(
      Array.from({ length: 4 }, (_, n) => ({ id: `t-${n}`, place: 1, bad: n === 2 })),
      Array.from({ length: 4 }, (_, n) => ({ id: `t-${n}`, place: 1, bad: n === 9 })),
    );
    expect(await run()).toMatchObject({ finished: true, views: [{ parked: 0 }] });
    for await (const entry of quarantine.list()) expect(entry).toBeUndefined();
    expect(await wrong()).toEqual([]);
  });

  test("G52: stopped, it goes on with the next page of each file", async () => {
    const same = Array.from({ length: 600 }, (_, n) => ({ id: `t-${n}`, place: 1 }));
    const { run, wrong, reads } = await world(same, same);
    const stopped = await run("w-1", 1);
    expect(stopped.finished).toBe(false);
    const before = reads();
    const report = await run("w-2");
    expect(report).toMatchObject({ run: "w-1", finished: true, scanned: 600 });
    expect(reads() - before).toBe(600 - stopped.scanned);
    expect(await wrong()).toEqual([]);
  });
});
