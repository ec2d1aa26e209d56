import { expect, test } from "@jest/globals";
import type { Context, SQSEvent } from "aws-lambda";

import { backfillByQueue } from "../../src/backfill/enqueue-segments.js";
import { scannedPages } from "../../src/backfill/item-pages.js";
import { createPace } from "../../src/backfill/pace.js";
import { openRun } from "../../src/backfill/run-backfill.js";
import { createSegmentHandler } from "../../src/backfill/segment-handler.js";
import type { SegmentMessage } from "../../src/backfill/segment-message.js";
import type { Item } from "../../src/change/attribute-value.js";
import { createMemorySink } from "../../src/sink/memory-sink.js";
import { createMemoryBackfillState } from "../../src/state/backfill-state.js";
import { createMemoryQuarantine } from "../../src/state/memory-quarantine.js";
import type { SourceItems } from "../../src/upkeep/source-items.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import { fakeClock } from "../pipeline/pipeline-under-test.js";
import { LABEL } from "../support/records.js";

const things = source<{ id: string }>({ table: "things", key: ["id"] });
const copies = tableView({ name: "copies", source: things, key: ["id"] });
const PAGE = 10;

/** A table of sixty things, read in pages of ten, and a function of whose time each page takes a third. */
function world() {
  const clock = fakeClock();
  const all = Array.from({ length: 60 }, (_, n): [string, Item] => {
    const id = `t-${String(n).padStart(2, "0")}`;
    return [JSON.stringify([id]), { id }];
  });
  const sent: SegmentMessage[] = [];
  let remainingMs = 0;
  const items: SourceItems = {
    streamLabel: async () => LABEL,
    get: async (_source, owners) => new Map(all.filter(([owner]) => owners.includes(owner))),
    async *scan(_source, { index, total, after = "" }) {
      const own = all.filter(([owner], i) => i % total === index && owner > after);
      for (let from = 0; from < own.length; from += PAGE) {
        remainingMs -= 350;
        const page = own.slice(from, from + PAGE).map(([owner, item]) => ({ owner, item }));
        const next = from + PAGE < own.length ? page[page.length - 1]!.owner : undefined;
        const common = { items: page, scanned: page.length, readUnits: 1 };
        yield { ...common, ...(next !== undefined && { next }) };
      }
    },
  };
  const sink = createMemorySink();
  const state = createMemoryBackfillState();
  const parts = {
    ...{ sinks: { "table-view": sink }, quarantine: createMemoryQuarantine(), state, items, clock },
    pace: createPace({}, clock),
  };
  const failures: object[] = [];
  const noted: unknown[] = [];
  const handler = createSegmentHandler({
    ...{ declarations: collectDeclarations({ copies }), parts, items },
    queue: { send: async (messages) => void sent.push(...messages) },
    noteDone: async (views, startedAtMs) =>
      void noted.push(
        views.map(({ name }) => name),
        startedAtMs,
      ),
    log: { info: () => undefined, error: (_message, details) => failures.push(details) },
  });
  const invoke = (bodies: readonly string[]) => {
    remainingMs = 1_000;
    const Records = bodies.map((body, i) => ({ messageId: `m-${i}`, body }));
    const context = {
      awsRequestId: `r-${Math.random()}`,
      getRemainingTimeInMillis: () => remainingMs,
    };
    return handler({ Records } as SQSEvent, context as Context);
  };
  const open = () =>
    openRun(state, {
      ...{ source: "things", views: ["copies"], scope: "all", segments: 2, label: LABEL },
      ...{ itemsAbout: 60, restart: false, id: "run-1", nowMs: clock.nowMs() },
    });
  const rows = async () => {
    let count = 0;
    for await (const _row of sink.scan(copies)) count++;
    return count;
  };
  return { invoke, open, sent, rows, state, failures, noted, parts, items };
}

const message = (segment: number) =>
  JSON.stringify({ source: "things", run: "run-1", segment, of: 2 });

test("G55: a function works until a tenth of its time is left, sends on what remains, and the last one ends the run and notes it", async () => {
  const { invoke, open, sent, rows, state, noted } = world();
  const { run } = await open();
  expect(await invoke([message(0)])).toEqual({ batchItemFailures: [] });
  expect(sent).toHaveLength(1);
  expect(await rows()).toBeLessThan(60);
  const waiting = [JSON.stringify(sent.pop()), message(1)];
  for (let calls = 0; waiting.length > 0; calls++) {
    expect(calls).toBeLessThan(10);
    expect(noted).toEqual([]);
    expect(await invoke([waiting.shift() ?? ""])).toEqual({ batchItemFailures: [] });
    waiting.push(...sent.splice(0).map((each) => JSON.stringify(each)));
  }
  expect(await rows()).toBe(60);
  expect((await state.runs("things"))[0]?.finishedAtMs).toBeDefined();
  expect(noted).toEqual([["copies"], run.startedAtMs]);
});

test("G55: a message delivered twice does the same twice, and one that is no segment fails alone", async () => {
  const { invoke, open, rows, failures } = world();
  await open();
  const [first, second] = await Promise.all([invoke([message(1)]), invoke([message(1)])]);
  expect([first, second]).toEqual([{ batchItemFailures: [] }, { batchItemFailures: [] }]);
  const answer = await invoke(["{}", '{"source":"things","run":"no-such","segment":0}']);
  expect(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual([
    "m-0",
    "m-1",
  ]);
  expect(failures).toHaveLength(2);
  expect(await rows()).toBeGreaterThan(0);
});

test("G55: whoever gave the segments to the queue sees how far they are, and sends none again that is under way", async () => {
  const { invoke, sent, rows, parts, items } = world();
  let scanned = 0;
  let polls = 0;
  const working = {
    ...parts,
    clock: {
      ...parts.clock,
      sleep: async () => {
        polls++;
        await invoke(sent.splice(0, 1).map((each) => JSON.stringify(each)));
      },
    },
  };
  const backfill = {
    ...{ source: things, views: [copies], allViews: [copies], segments: 2, scope: "all" },
    ...{ restart: false, worker: "watcher", runId: "run-1" },
    pages: scannedPages(items, { source: things, pageItems: PAGE }),
    inspect: async () => ({ label: LABEL, itemsAbout: 60 }),
  };
  const queue = { send: async (some: readonly SegmentMessage[]) => void sent.push(...some) };
  const onPage = (page: { scanned: number }) => (scanned += page.scanned);
  const left = await backfillByQueue(working, backfill, queue, { isStopping: () => true, onPage });
  expect([left.finished, sent.length]).toEqual([false, 2]);
  const report = await backfillByQueue(working, backfill, queue, {
    isStopping: () => false,
    onPage,
  });
  expect(report).toMatchObject({ run: "run-1", finished: true, scanned: 60, streamChanged: false });
  expect([scanned, await rows(), polls]).toEqual([60, 60, 4]);
});

test("G68: whoever takes the first segment brings up to date what an earlier run left in work, and the command does not", async () => {
  const { invoke, open, rows, parts, state, items } = world();
  const left = { view: "copies", owner: '["t-07"]', key: '["t-07"]' };
  await state.saveSegment("things", {
    ...{ run: "run-0", segment: 3, worker: "dead", done: false, scanned: 0, items: 0, views: {} },
    ...{ rows: [left], atMs: 0, savedAtMs: 0 },
  });
  const backfill = {
    ...{ source: things, views: [copies], allViews: [copies], segments: 2, scope: "all" },
    ...{ restart: false, worker: "watcher", runId: "run-1" },
    pages: scannedPages(items, { source: things, pageItems: PAGE }),
    inspect: async () => ({ label: LABEL, itemsAbout: 60 }),
  };
  const bare = { ...parts, sinks: {} };
  await backfillByQueue(
    bare,
    backfill,
    { send: async () => undefined },
    { isStopping: () => true },
  );
  await open();
  expect(await rows()).toBe(0);

  // The item is in the other segment, which nobody has taken.
  await invoke([message(0)]);
  const ids = [];
  for await (const { value } of parts.sinks["table-view"].scan(copies)) ids.push(value?.["id"]);
  expect(ids).toContain("t-07");
});
