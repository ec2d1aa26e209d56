import { describe, expect, test } from "@jest/globals";

import { MillraceError } from "../../src/errors.js";
import { createProgressRecorder } from "../../src/pipeline/record-progress.js";
import { createMemoryProgress } from "../../src/state/memory-progress.js";
import type { ProgressStore, ProgressUpdate } from "../../src/state/progress.js";
import { AT, sequenceNumber, streamRecord } from "../support/records.js";
import {
  byCustomer,
  type Failing,
  fakeClock,
  type Order,
  pipelineUnderTest,
  throttled,
  totals,
} from "./pipeline-under-test.js";

interface Options {
  readonly fullBatch?: number;
  readonly store?: Pick<ProgressStore, "record">;
  readonly failing?: Failing;
}

/** A pipeline that records, its clock and its timers, which pass only when they are told to. */
function recording({ fullBatch, store = createMemoryProgress(), failing }: Options = {}) {
  const clock = fakeClock();
  const written: ProgressUpdate[] = [];
  const timers: { readonly ms: number; readonly act: () => void }[] = [];
  const progress = createProgressRecorder({
    store: {
      record: async (update) => {
        await store.record(update);
        written.push(update);
      },
    },
    function: "tables",
    clock,
    later: (ms, act) => void timers.push({ ms, act }),
    ...(fullBatch !== undefined && { fullBatch }),
  });
  const pipeline = pipelineUnderTest({
    views: [byCustomer, totals],
    progress,
    ...(failing && { failing }),
  });
  let sequence = 0;
  return {
    written,
    pass: (ms: number) => clock.sleep(ms),
    /** Lets every timer run out, and what it began come to its end. */
    ring: async () => {
      for (const { act } of timers.splice(0)) act();
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    },
    process: (...items: Partial<Order>[]) =>
      pipeline.process(
        items.map((item) =>
          streamRecord({
            new: { id: String(++sequence), customer: "c", ...item },
            sequenceNumber: sequence,
          }),
        ),
        1_000,
      ),
  };
}

const countOf = (updates: readonly ProgressUpdate[]) =>
  updates.reduce((sum, { views }) => sum + (views["totals"]?.applied ?? 0), 0);

describe("the pipeline records", () => {
  test("what became of a batch: position, lag, and how each view fared", async () => {
    const { process, written, pass } = recording();
    await pass(1_500);
    await process({}, { poison: true }, {});
    expect(written).toMatchObject([
      {
        source: "orders",
        function: "tables",
        position: { changedAtMs: AT * 1000 },
        batchEndedAtMs: AT * 1000 + 1_500,
        lagMs: 1_500,
        batches: 1,
        changes: 3,
        views: {
          totals: { applied: 2, quarantined: 1, appliedAtMs: AT * 1000 + 1_500 },
          "by-customer": { applied: 3, quarantined: 0 },
        },
      },
    ]);
    expect(written[0]?.position?.version.endsWith(sequenceNumber(3))).toBe(true);
  });

  test("G41: no position beyond what is left for redelivery", async () => {
    const failing = ({ owner }: { owner: string }) => (owner === '["3"]' ? throttled() : undefined);
    const { process, written } = recording({ failing });
    await process({}, {}, {}, {});
    expect(written[0]?.position?.version.endsWith(sequenceNumber(2))).toBe(true);
  });

  test("at most once a second under load, and once more after the last batch", async () => {
    const { process, written, pass, ring } = recording();
    for (let batch = 0; batch < 30; batch++) {
      await process({});
      await pass(100);
    }
    expect(written).toHaveLength(3);
    await ring();
    expect(written).toHaveLength(4);
    expect(countOf(written)).toBe(30);
    await ring();
    expect(written).toHaveLength(4);
  });

  test("after every batch that may be the last, where the process may be frozen then", async () => {
    const { process, written, pass, ring } = recording({ fullBatch: 2 });
    await process({}, {});
    await pass(10);
    await process({}, {});
    expect(countOf(written)).toBe(2);
    await pass(10);
    await process({});
    expect(countOf(written)).toBe(5);
    await ring();
    expect(written).toHaveLength(2);
  });

  test("tells why it could not, fails no batch for it, and carries what is not written along", async () => {
    let isOut = true;
    const store = {
      record: async () => {
        if (isOut) throw new MillraceError("unavailable", "the state table is throttled");
      },
    };
    const { process, written, pass } = recording({ store });
    const report = await process({});
    expect(report.unresolved).toEqual([]);
    expect(report.unrecorded?.message).toBe("the state table is throttled");
    isOut = false;
    await pass(1_000);
    expect((await process({})).unrecorded).toBeUndefined();
    expect(written).toMatchObject([{ batches: 2, changes: 2, views: { totals: { applied: 2 } } }]);
  });

  test("waits no longer than the invocation has time for", async () => {
    const store = { record: () => new Promise<void>(() => undefined) };
    const { process, ring, written } = recording({ store });
    const stuck = process({});
    const rung = (async () => {
      for (let turn = 0; turn < 200; turn++) await Promise.resolve();
      await ring();
    })();
    expect((await stuck).unrecorded).toBeUndefined();
    await rung;
    expect(written).toEqual([]);
  });
});
