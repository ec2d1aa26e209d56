import { describe, expect, jest, test } from "@jest/globals";

import type { StreamRecord } from "../../src/change/decode-record.js";
import { MillraceError } from "../../src/errors.js";
import { createMemoryQuarantine } from "../../src/state/memory-quarantine.js";
import {
  lambdaItem,
  type RecordOptions,
  sequenceNumber,
  streamRecord,
} from "../support/records.js";
import {
  byCustomer,
  cards,
  onePerCustomer,
  type Order,
  pipelineUnderTest,
  reportOf,
  throttled,
  totals,
} from "./pipeline-under-test.js";

function insert(id: string, order: Partial<Order> = {}, options: RecordOptions = {}) {
  return streamRecord({ new: { id, customer: "c", ...order }, ...options });
}

function modify(id: string, old: Partial<Order>, after: Partial<Order>) {
  const common = { id, customer: "c" };
  return streamRecord({ old: { ...common, ...old }, new: { ...common, ...after } });
}

function sequenceOf(record: StreamRecord | undefined): string {
  return record?.dynamodb?.SequenceNumber ?? "";
}

describe("poison", () => {
  test("G6: goes to quarantine whole; other items and other views go on, and the batch is acknowledged", async () => {
    const { process, rows, parked } = pipelineUnderTest();
    const batch = [insert("1"), insert("2", { poison: true }), insert("3")];
    const report = await process(batch);
    expect(report.unresolved).toEqual([]);
    expect(Object.keys(await rows(totals))).toEqual(['["1"]', '["3"]']);
    expect(Object.keys(await rows(byCustomer))).toHaveLength(3);
    expect(Object.keys(await rows(cards))).toHaveLength(3);
    expect(await parked()).toMatchObject([
      {
        view: "totals",
        source: "orders",
        itemKey: '["2"]',
        records: [batch[1]],
        error: {
          code: "view-failed",
          message: expect.stringContaining("total.toFixed is not a function") as unknown as string,
          stack: expect.stringContaining("pipeline-under-test") as unknown as string,
        },
      },
    ]);
    expect(reportOf(report, "totals")).toMatchObject({ applied: 2, quarantined: 1 });
    expect(report.problems).toMatchObject([
      {
        kind: "quarantined",
        view: "totals",
        itemKey: '["2"]',
        sequenceNumber: sequenceOf(batch[1]),
      },
    ]);
  });

  test("N4: is in quarantine before the batch is acknowledged", async () => {
    const quarantine = createMemoryQuarantine();
    let release = () => {};
    const parked = new Promise<void>((resolve) => (release = resolve));
    const slow = { ...quarantine, park: async (...args: Parameters<typeof quarantine.park>) => (await parked, quarantine.park(...args)) }; // prettier-ignore
    const { process } = pipelineUnderTest({ quarantine: slow });
    let acknowledged = false;
    const processed = process([insert("1", { poison: true })]).then(() => (acknowledged = true));
    await new Promise(setImmediate);
    expect(acknowledged).toBe(false);
    release();
    await processed;
    expect(acknowledged).toBe(true);
  });

  test("N4: fails the batch where quarantine cannot be written", async () => {
    const quarantine = { ...createMemoryQuarantine(), park: () => Promise.reject(throttled()) };
    const { process } = pipelineUnderTest({ quarantine });
    await expect(process([insert("1", { poison: true })], 3_000)).rejects.toThrow("throttled");
  });

  test("N2: two items that derive one row: the later is quarantined with both named, and the row is left", async () => {
    const { process, rows, parked } = pipelineUnderTest({ views: [onePerCustomer] });
    await process([insert("1"), insert("2")]);
    expect(await rows(onePerCustomer)).toEqual({ '["c"]': { id: "1", customer: "c" } });
    const [entry] = await parked();
    expect(entry).toMatchObject({ itemKey: '["2"]', error: { code: "collision" } });
    expect(entry?.error.message).toMatch(/\["1"\].*\["2"\]/);
  });

  test("G6: a row that its sink refuses is quarantined as what a view threw is", async () => {
    const refused = new MillraceError("invalid-row", "the row weighs 500000 bytes");
    const { process, rows, parked } = pipelineUnderTest({
      failing: ({ view, owner }) => (view === cards && owner === '["1"]' ? refused : undefined),
    });
    await process([insert("1"), insert("2")]);
    expect(await parked()).toMatchObject([{ view: "cards", itemKey: '["1"]' }]);
    expect(Object.keys(await rows(cards))).toEqual(["order:2"]);
    expect(Object.keys(await rows(totals))).toHaveLength(2);
  });

  test("G6: of one view and what is retriable of another do not hinder each other", async () => {
    const { process, parked } = pipelineUnderTest({
      failing: ({ view }) => (view === cards ? throttled() : undefined),
    });
    const batch = [insert("1", { poison: true })];
    const report = await process(batch, 1_000);
    expect(report.unresolved).toEqual([sequenceOf(batch[0])]);
    expect(await parked("totals")).toHaveLength(1);
  });
});

describe("a malformed record", () => {
  const malformed = (n: number): StreamRecord => ({
    ...streamRecord({ sequenceNumber: n }),
    eventName: "UPSERT",
  });

  test("G6: is quarantined for all views, whole; the rest of the batch goes on", async () => {
    const { process, rows, parked } = pipelineUnderTest();
    const record = malformed(800);
    const report = await process([insert("1"), record, insert("2")]);
    expect(report.unresolved).toEqual([]);
    expect(Object.keys(await rows(totals))).toHaveLength(2);
    expect(await parked()).toMatchObject([
      { view: "*", source: "orders", itemKey: sequenceNumber(800), records: [record], error: { code: "malformed-record" } }, // prettier-ignore
    ]);
    expect(reportOf(report, "*")).toMatchObject({ quarantined: 1 });
  });

  test("alone in a batch needs no table to be known", async () => {
    const { process, parked } = pipelineUnderTest();
    const report = await process([{ eventID: "e-1" }]);
    expect(report).toMatchObject({ records: 1, unresolved: [] });
    expect(await parked("*")).toMatchObject([{ source: "unknown", itemKey: "e-1" }]);
  });
});

describe("a fence", () => {
  test("G7: later changes of a quarantined item join it in that view, in order; other views take them", async () => {
    const { process, rows, parked } = pipelineUnderTest();
    const first = insert("1", { total: 1, poison: true });
    await process([first]);
    const [second, third, other] = [
      modify("1", { total: 1, poison: true }, { total: 2 }),
      modify("1", { total: 2 }, { total: 3 }),
      insert("2", { total: 9 }),
    ];
    await process([second]);
    const report = await process([third, other]);
    expect((await parked()).map(({ view, records }) => [view, records])).toEqual([
      ["totals", [first]],
      ["totals", [second]],
      ["totals", [third]],
    ]);
    expect(await rows(totals)).toEqual({ '["2"]': { id: "2", total: 9 } });
    expect(await rows(cards)).toMatchObject({ "order:1": { total: 3 } });
    expect(reportOf(report, "totals")).toMatchObject({ applied: 1, quarantined: 1 });
    const [, , last] = await parked();
    expect(last?.error.message).toContain('an earlier change of item ["1"] is in quarantine');
  });

  test("G7: a later change that is poison itself joins with its own error", async () => {
    const { process, parked } = pipelineUnderTest({ views: [totals] });
    await process([insert("1", { poison: true })]);
    await process([modify("1", { poison: true }, { poison: true, total: 1 })]);
    expect((await parked()).map(({ error }) => error.code)).toEqual(["view-failed", "view-failed"]);
  });

  test("G7: a change that finds the fence gone is processed like any other", async () => {
    const quarantine = createMemoryQuarantine();
    const stale = {
      size: 1,
      of: (view: string, itemKey: string) => ({ view, itemKey, parked: 1 }),
    };
    const { process, rows, parked } = pipelineUnderTest({
      views: [totals],
      quarantine: { ...quarantine, fences: async () => stale },
    });
    const report = await process([insert("1", { total: 4 }), insert("2", { poison: true })]);
    expect(await rows(totals)).toEqual({ '["1"]': { id: "1", total: 4 } });
    expect(await parked()).toMatchObject([{ itemKey: '["2"]' }]);
    expect(reportOf(report, "totals")).toMatchObject({ applied: 1, quarantined: 1 });
  });

  test("is read once a batch, strongly, and not at all where no view has anything to do", async () => {
    const quarantine = createMemoryQuarantine();
    const fences = jest.spyOn(quarantine, "fences");
    const { process } = pipelineUnderTest({ views: [totals], quarantine });
    await process([]);
    await process([modify("1", { customer: "a" }, { customer: "b" })]);
    expect(fences).not.toHaveBeenCalled();
    await process([insert("1"), insert("2"), insert("3")]);
    expect(fences.mock.calls).toEqual([["orders"]]);
  });

  test("N4: that cannot be read fails the batch, before anything is written", async () => {
    const quarantine = { ...createMemoryQuarantine(), fences: () => Promise.reject(throttled()) };
    const { process, rows } = pipelineUnderTest({ quarantine });
    await expect(process([insert("1")], 3_000)).rejects.toThrow("throttled");
    expect(await rows(totals)).toEqual({});
  });
});

test("a record keeps whatever its images hold on the way into quarantine", async () => {
  const { process, parked } = pipelineUnderTest({ views: [totals] });
  const item = { id: "1", customer: "c", poison: true, tags: new Set(["a"]), bytes: Uint8Array.of(1, 2) }; // prettier-ignore
  const record = streamRecord({ new: item });
  await process([record]);
  expect((await parked())[0]?.records[0]?.dynamodb?.NewImage).toEqual(lambdaItem(item));
});
