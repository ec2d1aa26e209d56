import { describe, expect, test } from "@jest/globals";

import type { StreamRecord } from "../../src/change/decode-record.js";
import { redrive } from "../../src/redrive/redrive.js";
import type { Quarantine, QuarantineEntry } from "../../src/state/quarantine.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import { byCustomer, cards, health, redriveUnderTest, totals } from "./redrive-under-test.js";

const BAD = { customer: "ANN", total: 1 };

describe("G63: a record that could not be read", () => {
  const broken = (record: StreamRecord): StreamRecord => ({ ...record, eventName: "UPSERT" });
  const mend = (quarantine: Quarantine): Quarantine => ({
    ...quarantine,
    entriesOf: async (item) =>
      (await quarantine.entriesOf(item)).map(({ entry, handle }) => ({
        entry: { ...entry, records: entry.records.map((record) => ({ ...record, eventName: "INSERT" })) }, // prettier-ignore
        handle,
      })),
  });

  test("is redriven in every view of its source once it can be", async () => {
    const { write, deliver, rows, parked, parts, quarantine } = redriveUnderTest();
    health.isFixed = true;
    await deliver(broken(write("1", { customer: "ann", total: 4 })));
    expect(await redrive(parts)).toMatchObject({
      ok: false,
      stays: [{ code: "malformed-record" }],
    });
    const report = await redrive({ ...parts, quarantine: mend(quarantine) });
    expect(report.ok).toBe(true);
    expect(report.views.map(({ view, handedOn, redriven }) => [view, handedOn, redriven])).toEqual([
      ["*", 1, 0],
      ["by-customer", 0, 1],
      ["cards", 0, 1],
      ["totals", 0, 1],
    ]);
    expect(Object.keys(await rows(byCustomer))).toEqual(['["ann","1"]']);
    expect(await rows(totals)).toMatchObject({ '["ann"]': { orders: 1, total: 4 } });
    expect(await parked()).toEqual([]);
  });

  test("is behind its item's fences before its own is lifted", async () => {
    const { write, deliver, parked, parts, quarantine } = redriveUnderTest([byCustomer]);
    await deliver(broken(write("1", { customer: "ann" })));
    const crashing = { ...mend(quarantine), lift: () => Promise.reject(new Error("crash")) };
    await expect(redrive({ ...parts, quarantine: crashing })).rejects.toThrow("crash");
    expect((await parked()).map(({ view }) => view)).toEqual(["*", "by-customer"]);
  });

  test("N27: is given up only when asked for, and handed over whole before it is", async () => {
    const { write, deliver, redrive, parked } = redriveUnderTest([byCustomer]);
    const record = broken(write("1", { customer: "ann" }));
    await deliver(record);
    await deliver(write("2", BAD));
    const handed: QuarantineEntry[] = [];
    const onDiscard = async (entry: QuarantineEntry) => {
      expect(await parked()).toHaveLength(2);
      handed.push(entry);
    };
    expect(await redrive({ onDiscard, dryRun: true })).toMatchObject({ ok: false });
    expect(handed).toEqual([]);
    const { ok, views } = await redrive({ onDiscard });
    expect(handed).toMatchObject([{ records: [record] }]);
    // What a view throws on today it may take tomorrow: that is not given up.
    expect([ok, views.map(({ discarded, stays }) => [discarded, stays])]).toEqual([false, [[1, 0], [0, 1]]]); // prettier-ignore
    expect((await parked()).map(({ view }) => view)).toEqual(["by-customer"]);
  });
});

test("N27: what is behind a view or a source that is not declared any more stays, and is told", async () => {
  const { write, deliver, parts, parked } = redriveUnderTest([byCustomer, cards]);
  await deliver(write("1", BAD));
  health.isFixed = true;
  const only = redriveUnderTest([cards]).parts.declarations;
  health.isFixed = true;
  expect(await redrive({ ...parts, declarations: only })).toMatchObject({
    ok: false,
    stays: [
      { view: "by-customer", message: expect.stringContaining("is not declared") as unknown },
    ],
  });
  const elsewhere = source<{ id: string }>({ table: "elsewhere", key: ["id"] });
  const other = tableView({ name: "other", source: elsewhere, key: ["id"] });
  expect(await redrive({ ...parts, declarations: collectDeclarations({ other }) })).toMatchObject({
    stays: [{ view: "by-customer", message: expect.stringContaining('follows table "orders"') as unknown }], // prettier-ignore
  });
  expect(await parked()).toHaveLength(1);
});
