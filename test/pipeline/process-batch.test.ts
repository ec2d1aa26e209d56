import { describe, expect, test } from "@jest/globals";

import type { StreamRecord } from "../../src/change/decode-record.js";
import { MillraceError } from "../../src/errors.js";
import { batchResponse } from "../../src/lambda/batch-response.js";
import { type RecordOptions, streamRecord } from "../support/records.js";
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

function remove(id: string, order: Partial<Order> = {}) {
  return streamRecord({ old: { id, customer: "c", ...order } });
}

function sequenceOf(record: StreamRecord | undefined): string {
  return record?.dynamodb?.SequenceNumber ?? "";
}

describe("a batch", () => {
  test("brings every view of the table up to date, each through its own sink", async () => {
    const { process, rows } = pipelineUnderTest();
    const report = await process([
      insert("1", { total: 5 }),
      insert("2"),
      modify("1", { total: 5 }, { total: 6, customer: "d" }),
      remove("2"),
    ]);
    expect(await rows(byCustomer)).toEqual({ '["d","1"]': { id: "1", customer: "d", total: 6 } });
    expect(await rows(totals)).toEqual({ '["1"]': { id: "1", total: 6 } });
    expect(await rows(cards)).toEqual({ "order:1": { total: 6 } });
    expect(report).toMatchObject({ records: 4, unresolved: [], problems: [] });
  });

  test("counts what each view got, and what cost it nothing", async () => {
    const { process } = pipelineUnderTest();
    const first = insert("1", { total: 1 });
    await process([first]);
    const report = await process([first, modify("2", { customer: "a" }, { customer: "b" })]);
    expect(reportOf(report, "totals")).toEqual({ view: "totals", applied: 0, stale: 1, skipped: 0, unchanged: 1, quarantined: 0, unresolved: 0 }); // prettier-ignore
    expect(reportOf(report, "by-customer")).toMatchObject({ applied: 2, stale: 1 });
  });

  test("leaves views without a sink to whoever has one", async () => {
    const { process, rows } = pipelineUnderTest({ sinks: {} });
    const report = await process([insert("1")]);
    expect([report.views, await rows(totals)]).toEqual([[], {}]);
  });

  test("a row passes from one item to another within a batch, whichever comes first", async () => {
    const { process, rows, parked } = pipelineUnderTest({ views: [onePerCustomer] });
    await process([insert("1", { customer: "a" }), insert("2", { customer: "b" })]);
    await process([
      modify("2", { customer: "b" }, { customer: "x" }),
      modify("1", { customer: "a" }, { customer: "b" }),
      modify("2", { customer: "x" }, { customer: "a" }),
    ]);
    expect(await rows(onePerCustomer)).toEqual({
      '["a"]': { id: "2", customer: "a" },
      '["b"]': { id: "1", customer: "b" },
    });
    expect(await parked()).toEqual([]);
  });
});

describe("what is retriable", () => {
  test("G8: is retried with pauses while there is time, and then applied", async () => {
    const failing = (_mutation: unknown, attempt: number) =>
      attempt < 4 ? throttled() : undefined;
    const { process, rows, clock } = pipelineUnderTest({ views: [totals], failing });
    const report = await process([insert("1")]);
    expect(reportOf(report, "totals")).toMatchObject({ applied: 1, unresolved: 0 });
    expect(clock.slept).toEqual([50, 100, 200]);
    expect(await rows(totals)).toHaveProperty(['["1"]']);
  });

  test("G8: when time runs out, is left for redelivery at the first change of its item; the rest is done", async () => {
    const { process, rows } = pipelineUnderTest({
      views: [totals, byCustomer],
      failing: ({ view, owner }) =>
        view === totals && (owner === '["2"]' || owner === '["3"]') ? throttled() : undefined,
    });
    const batch = [insert("1"), insert("3"), insert("2"), modify("3", {}, { total: 1 })];
    const report = await process(batch, 3_000);
    expect(new Set(report.unresolved)).toEqual(
      new Set([sequenceOf(batch[1]), sequenceOf(batch[2])]),
    );
    expect(batchResponse(report).batchItemFailures).toEqual([
      { itemIdentifier: sequenceOf(batch[1]) },
    ]);
    expect(Object.keys(await rows(totals))).toEqual(['["1"]']);
    expect(Object.keys(await rows(byCustomer))).toHaveLength(3);
    expect(report.problems.map(({ kind }) => kind)).toEqual(["unresolved", "unresolved"]);
  });

  test("is never taken for poison", async () => {
    const { process, parked } = pipelineUnderTest({ failing: throttled });
    await process([insert("1")], 1_000);
    expect(await parked()).toEqual([]);
  });
});

describe("a bad deploy", () => {
  const breaker = { share: 0.5, minimum: 4, window: 20 };
  const bad = (n: number) => insert(`bad-${n}`, { poison: true });

  test("G6: fails the batch instead of quarantining all of it", async () => {
    const { process, parked } = pipelineUnderTest({ breaker });
    await expect(process([1, 2, 3, 4, 5].map(bad))).rejects.toThrow(/looks like a bad deploy/);
    expect(await parked()).toEqual([]);
  });

  test("G6: fails also the batches that bisection makes of it, down to single records", async () => {
    const { process, parked } = pipelineUnderTest({ breaker });
    const batch = [1, 2, 3, 4, 5, 6, 7, 8].map(bad);
    for (const half of [batch, batch.slice(0, 4), batch.slice(0, 2), batch.slice(0, 1)])
      await expect(process(half)).rejects.toThrow(/bad deploy/);
    expect(await parked()).toEqual([]);
  });

  test("goes by itself once the view is mended: the same batch is processed", async () => {
    const batch = [1, 2, 3, 4, 5].map(bad);
    await expect(pipelineUnderTest({ breaker }).process(batch)).rejects.toThrow();
    const mended = { ...totals, rowsOf: byCustomer.rowsOf };
    const { process, parked } = pipelineUnderTest({ breaker, views: [mended] });
    expect((await process(batch)).unresolved).toEqual([]);
    expect(await parked()).toEqual([]);
  });

  test("is not what a few poison changes among good ones are", async () => {
    const { process, parked } = pipelineUnderTest({ breaker });
    const good = Array.from({ length: 10 }, (_, i) => insert(`good-${i}`));
    await process([...good, ...[1, 2, 3, 4].map(bad)]);
    expect(await parked()).toHaveLength(4);
  });
});

describe("a mistake of the configuration fails the batch, so that nothing is lost while it is mended:", () => {
  test("a view's table that does not exist", async () => {
    const missing = new MillraceError("configuration", 'table "totals" does not exist');
    const { process, parked } = pipelineUnderTest({
      failing: ({ view }) => (view === totals ? missing : undefined),
    });
    await expect(process([insert("1")])).rejects.toThrow(missing);
    expect(await parked()).toEqual([]);
  });

  test("a table that no view follows", async () => {
    const { process, parked } = pipelineUnderTest();
    const strange = insert("1", {}, { table: "invoices" });
    await expect(process([strange])).rejects.toMatchObject({
      code: "configuration",
      message: expect.stringMatching(/table "invoices", which no view follows; declared sources: orders/) as unknown as string, // prettier-ignore
    });
    expect(await parked()).toEqual([]);
  });

  test("a table of another stage", async () => {
    const declaredName = (table: string) => (table.startsWith("dev-") ? table.slice(4) : undefined);
    const { process, rows } = pipelineUnderTest({ declaredName });
    await expect(process([insert("1")])).rejects.toThrow(/table "orders", which no view follows/);
    await process([insert("1", {}, { table: "dev-orders" })]);
    expect(Object.keys(await rows(totals))).toHaveLength(1);
  });

  test.each(["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE"] as const)(
    "A3: a stream that carries %s",
    async (viewType) => {
      const { process, parked } = pipelineUnderTest();
      const record = insert("1", {}, { viewType });
      await expect(process([record])).rejects.toMatchObject({
        code: "configuration",
        message: expect.stringContaining("NEW_AND_OLD_IMAGES") as unknown as string,
      });
      expect(await parked()).toEqual([]);
    },
  );
});
