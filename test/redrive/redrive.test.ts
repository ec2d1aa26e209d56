import { describe, expect, test } from "@jest/globals";

import type { Item } from "../../src/change/attribute-value.js";
import type { StreamRecord } from "../../src/change/decode-record.js";
import { streamVersion, type Version } from "../../src/change/version.js";
import { MillraceError } from "../../src/errors.js";
import { redrive } from "../../src/redrive/redrive.js";
import type { Mutation } from "../../src/view/row.js";
import type { View } from "../../src/view/view.js";
import { LABEL } from "../support/records.js";
import {
  byCustomer,
  cards,
  health,
  onePerCustomer,
  redriveUnderTest,
  totals,
} from "./redrive-under-test.js";

const BAD = { customer: "ANN", total: 1 };

describe("G62: redrive", () => {
  test("makes every view true of the item as it is now, and leaves nothing in quarantine", async () => {
    const { write, deliver, redrive, rows, parked } = redriveUnderTest();
    await deliver(write("1", { customer: "bob", total: 5 }), write("2", BAD));
    await deliver(write("2", { customer: "EVE", total: 2 }));
    expect(await parked()).toHaveLength(6);
    health.isFixed = true;
    expect(await redrive()).toMatchObject({ ok: true, stays: [] });
    expect(await parked()).toEqual([]);
    expect(await rows(byCustomer)).toEqual({
      '["bob","1"]': { id: "1", customer: "bob", total: 5 },
      '["eve","2"]': { id: "2", customer: "eve", total: 2 },
    });
    expect(Object.keys(await rows(cards))).toEqual(["card:bob:1", "card:eve:2"]);
    expect(await rows(totals)).toMatchObject({ '["eve"]': { orders: 1, total: 2 } });
  });

  test("deletes rows of every image that was parked, also of those from before the poison", async () => {
    const { write, deliver, redrive, rows } = redriveUnderTest();
    await deliver(write("1", { customer: "bob" }));
    await deliver(write("1", BAD));
    await deliver(write("1", { customer: "carl" }));
    await deliver(write("1"));
    expect(Object.keys(await rows(byCustomer))).toEqual(['["bob","1"]']);
    health.isFixed = true;
    await redrive();
    for (const view of [byCustomer, cards, totals]) expect(await rows(view)).toEqual({});
  });

  test("an entry superseded by newer state closes itself: the item as it is now is what is written", async () => {
    const { write, deliver, redrive, rows } = redriveUnderTest([totals]);
    await deliver(write("1", BAD));
    await deliver(write("1", { customer: "ann", total: 7 }));
    // The view still cannot take what the item was; a contribution does not depend on it.
    expect(await redrive()).toMatchObject({ ok: true });
    expect(await rows(totals)).toMatchObject({ '["ann"]': { orders: 1, total: 7 } });
  });

  test("keeps the fence where the view cannot take the item, or an image whose rows it would have to know", async () => {
    const { write, deliver, redrive, parked } = redriveUnderTest([byCustomer]);
    await deliver(write("1", BAD), write("2", BAD));
    await deliver(write("2", { customer: "ann" }));
    const { ok, stays, views } = await redrive();
    expect(ok).toBe(false);
    expect(views).toMatchObject([{ view: "by-customer", redriven: 0, stays: 2 }]);
    expect(stays).toMatchObject([
      { itemKey: '["1"]', code: "view-failed", message: expect.stringContaining("as it is now") as unknown }, // prettier-ignore
      { itemKey: '["2"]', code: "view-failed", message: expect.stringContaining("as it was at") as unknown }, // prettier-ignore
    ]);
    expect(await parked()).toHaveLength(3);
  });

  test("puts right what a change did in part before it was parked, at its own version", async () => {
    const { write, deliver, redrive, rows, sink } = redriveUnderTest([byCustomer]);
    const record = write("1", BAD);
    await deliver(record);
    // As a version of the view that is no more had written it.
    const row = { customer: "ann", id: "1", total: 99 };
    await sink.apply([annAt(positionOf(record), row)]);
    health.isFixed = true;
    await redrive();
    expect(await rows(byCustomer)).toEqual({ '["ann","1"]': { ...row, total: 1 } });
  });

  test("takes an entry without records, as a backfill parks it, at the version of its read", async () => {
    const { write, quarantine, redrive, rows } = redriveUnderTest([byCustomer]);
    write("1", { customer: "ann", total: 3 });
    await quarantine.park({
      ...{ view: "by-customer", source: "orders", itemKey: '["1"]', records: [] },
      position: `2026-01-01T00:00:00.0000${"1".padStart(40, "0")}`,
      error: { code: "view-failed", message: "no customer" },
      parkedAtMs: 1_767_225_600_000,
    });
    expect(await redrive()).toMatchObject({ ok: true });
    expect(Object.keys(await rows(byCustomer))).toEqual(['["ann","1"]']);
  });

  test("goes round again where something was parked meanwhile, and lifts nothing it has not seen", async () => {
    const { write, deliver, rows, parked, parts, quarantine } = redriveUnderTest([byCustomer]);
    await deliver(write("1", BAD));
    health.isFixed = true;
    let lifts = 0;
    const lift: typeof quarantine.lift = async (...given) => {
      if (lifts++ === 0) await deliver(write("1", { customer: "eve", total: 2 }));
      return quarantine.lift(...given);
    };
    const report = await redrive({ ...parts, quarantine: { ...quarantine, lift } });
    expect(report).toMatchObject({ ok: true });
    expect(lifts).toBe(2);
    expect(await rows(byCustomer)).toMatchObject({ '["eve","1"]': { total: 2 } });
    expect(Object.keys(await rows(byCustomer))).toHaveLength(1);
    expect(await parked()).toEqual([]);
  });

  test("that finds its fence lifted by another one looks at its own writes once more", async () => {
    const { write, deliver, rows, parts, quarantine, sink } = redriveUnderTest([byCustomer]);
    await deliver(write("1", BAD));
    health.isFixed = true;
    let lifts = 0;
    const lift: typeof quarantine.lift = async (fence, entries) => {
      if (lifts++ > 0) return quarantine.lift(fence, entries);
      // Another redrive lifts the fence, and what changed since this one read the item comes through the stream; as
      // without tombstones, this one's row lands after it was deleted.
      await quarantine.lift(fence, entries);
      const before = await rows(byCustomer);
      await deliver(write("1"));
      expect(Object.keys(before)).toEqual(['["ann","1"]']);
      const position = entries[0]!.entry.position as Version;
      await sink.apply([annAt(position, { customer: "ann", id: "1", total: 1 })]);
      return quarantine.lift(fence, entries);
    };
    const report = await redrive({ ...parts, quarantine: { ...quarantine, lift } });
    expect(report).toMatchObject({ ok: true });
    expect(await rows(byCustomer)).toEqual({});
  });

  test("an item behind a collision is redriven once the one before it has left the row", async () => {
    const { write, deliver, redrive, rows } = redriveUnderTest([onePerCustomer]);
    await deliver(write("2", { customer: "bob" }));
    await deliver(write("2", BAD));
    await deliver(write("1", { customer: "bob" }));
    health.isFixed = true;
    expect(await redrive()).toMatchObject({ ok: true, stays: [] });
    expect(await rows(onePerCustomer)).toMatchObject({ '["bob"]': { id: "1" }, '["ann"]': { id: "2" } }); // prettier-ignore
  });

  test("in a dry run does nothing, and tells what it would", async () => {
    const { write, deliver, redrive, rows, parked } = redriveUnderTest([byCustomer]);
    await deliver(write("1", { customer: "bob" }));
    await deliver(write("1", BAD));
    health.isFixed = true;
    const report = await redrive({ dryRun: true });
    expect(report).toMatchObject({ ok: true, dryRun: true });
    expect(report.views).toMatchObject([{ redriven: 1, puts: 1, deletes: 1 }]);
    expect(Object.keys(await rows(byCustomer))).toEqual(['["bob","1"]']);
    expect(await parked()).toHaveLength(1);
  });

  test.each([
    ["a view", { view: "cards" }, ["by-customer", "by-customer"]],
    ["an item", { itemKey: '["1"]' }, ["by-customer", "cards"]],
    ["an error", { code: "view-failed" }, []],
    ["another error", { code: "collision" }, ["by-customer", "by-customer", "cards", "cards"]],
  ])("takes what is selected by %s and leaves the rest", async (_name, selection, left) => {
    const { write, deliver, redrive, parked } = redriveUnderTest([byCustomer, cards]);
    await deliver(write("1", BAD), write("2", BAD));
    health.isFixed = true;
    expect(await redrive({ selection })).toMatchObject({ ok: true });
    expect((await parked()).map(({ view }) => view)).toEqual(left);
  });

  test("stops between two batches when it is told to, and says that it is not done", async () => {
    const { write, deliver, redrive, parked } = redriveUnderTest([byCustomer]);
    await deliver(...Array.from({ length: 101 }, (_, i) => write(`o${i}`, BAD)));
    health.isFixed = true;
    const stop = new AbortController();
    const report = await redrive({ signal: stop.signal, onProgress: () => stop.abort() });
    expect(report).toMatchObject({ ok: false, stopped: true, views: [{ redriven: 100 }] });
    expect(await parked()).toHaveLength(1);
  });

  test("goes no faster than asked", async () => {
    const { write, deliver, redrive, parts } = redriveUnderTest([byCustomer]);
    await deliver(...Array.from({ length: 150 }, (_, i) => write(`o${i}`, BAD)));
    health.isFixed = true;
    const startedAtMs = parts.clock.nowMs();
    await redrive({ itemsPerSecond: 50 });
    expect(parts.clock.nowMs() - startedAtMs).toBe(3_000);
  });

  test("tells what fails and goes on with the rest; a missing table ends it", async () => {
    const down = redriveUnderTest([byCustomer]);
    await down.deliver(down.write("1", BAD), down.write("2", BAD));
    health.isFixed = true;
    const failing = (code: "unavailable" | "configuration") => ({
      ...down.sink,
      apply: async (mutations: Parameters<typeof down.sink.apply>[0]) => {
        const results = await down.sink.apply(mutations);
        return results.map((result, i) =>
          mutations[i]!.owner === '["1"]'
            ? { outcome: "failed" as const, error: new MillraceError(code, "away") }
            : result,
        );
      },
    });
    const withSink = (code: "unavailable" | "configuration") =>
      redrive({ ...down.parts, sinks: { "table-view": failing(code) } });
    await expect(withSink("configuration")).rejects.toThrow("away");
    expect(await withSink("unavailable")).toMatchObject({
      ok: false,
      views: [{ redriven: 1, stays: 1 }],
      stays: [{ itemKey: '["1"]', code: "unavailable", message: "away" }],
    });
  });
});

test("N26: redrive never touches a row that a later change wrote", async () => {
  const { write, deliver, redrive, sink, quarantine } = redriveUnderTest([byCustomer]);
  const givenUp = write("1", { customer: "bob", total: 1 });
  const later = write("1", { customer: "bob", total: 2 });
  await deliver(later);
  await quarantine.park({
    ...{ view: "by-customer", source: "orders", itemKey: '["1"]', records: [givenUp] },
    position: positionOf(givenUp),
    error: { code: "view-failed", message: "given up" },
    parkedAtMs: 1,
  });
  expect(await redrive()).toMatchObject({ ok: true });
  const row = await sink.get(byCustomer, '["bob","1"]');
  expect(row).toMatchObject({ version: positionOf(later), value: { total: 2 } });
});

function positionOf({ dynamodb }: StreamRecord): Version {
  return streamVersion(LABEL, dynamodb!.SequenceNumber!);
}

function annAt(version: Version, value: Item): Mutation<View> {
  const target = { view: byCustomer as View, owner: '["1"]', changedAtSeconds: 1 };
  return { type: "put", key: '["ann","1"]', value, version, ...target };
}
