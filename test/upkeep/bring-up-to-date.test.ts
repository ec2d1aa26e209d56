import { describe, expect, test } from "@jest/globals";

import type { Item } from "../../src/change/attribute-value.js";
import { readVersion, streamVersion } from "../../src/change/version.js";
import { MillraceError } from "../../src/errors.js";
import { createMemorySink } from "../../src/sink/memory-sink.js";
import type { ApplyResult } from "../../src/sink/sink.js";
import {
  bringUpToDate,
  type RowInWork,
  type UpkeepPorts,
  type UpkeepWork,
} from "../../src/upkeep/bring-up-to-date.js";
import type { Mutation } from "../../src/view/row.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import type { View } from "../../src/view/view.js";
import { LABEL, sequenceNumber } from "../support/records.js";

interface Subject {
  id: string;
  homes: string[];
  amount: number;
}

const subjects = source<Subject>({ table: "subjects", key: ["id"] });
const byHome = tableView({
  name: "by-home",
  source: subjects,
  key: ["home", "id"],
  rows: ({ id, homes, amount }) => {
    if (amount < 0) throw new Error("below zero");
    return homes.map((home) => ({ home, id, amount }));
  },
});
const seats = tableView({
  name: "seats",
  source: subjects,
  key: ["home"],
  rows: ({ homes, id }) => homes.map((home) => ({ home, id })),
});

const OWNER = '["a"]';

/** An item whose states follow one another, each read giving the next; and a sink somebody else may write to. */
function world(
  states: readonly (Partial<Subject> | undefined)[],
  views: readonly View[] = [byHome],
) {
  const sink = createMemorySink({ forgets: () => true });
  const left = [...states];
  const written: (readonly RowInWork[])[] = [];
  const versions: string[] = [];
  let nowMs = 1_000;
  const current = (): ReadonlyMap<string, Item> => {
    const item = left.length > 1 ? left.shift() : left[0];
    return new Map(item ? [[OWNER, { id: "a", homes: [], amount: 1, ...item }]] : []);
  };
  const ports: UpkeepPorts = {
    read: async () => current(),
    apply: async (mutations) => {
      expect(written.length).toBeGreaterThan(0);
      versions.push(...mutations.map(({ version }) => version));
      return sink.apply(mutations);
    },
    writeDown: async (rows) => void written.push(rows),
    nowMs: () => nowMs,
  };
  const work: UpkeepWork = { views, label: LABEL, owners: [OWNER] };
  const rows = async () => {
    const found: string[] = [];
    for await (const { key, value } of sink.scan(views[0]!))
      found.push(`${key} ${String(value!["amount"])}`);
    return found.sort();
  };
  return { sink, ports, work, rows, written, versions, setNow: (ms: number) => (nowMs = ms) };
}

function mutation(type: "put" | "delete", home: string, amount: number, n: number) {
  const value = { home, id: "a", amount };
  const key = JSON.stringify([home, "a"]);
  const version = streamVersion(LABEL, sequenceNumber(n));
  const target = { view: byHome, key, value, version, owner: OWNER, changedAtSeconds: 1 };
  return { type, ...target } as Mutation<View>;
}

describe("bringing items up to date", () => {
  test("puts what an item derives, at the version of the read, and reads it again", async () => {
    const { ports, work, rows, versions } = world([{ homes: ["X", "Y"] }]);
    const { counts, failures } = await bringUpToDate(ports, work);
    expect(await rows()).toEqual(['["X","a"] 1', '["Y","a"] 1']);
    expect(counts.get("by-home")).toEqual({ applied: 2, stale: 0, skipped: 0, undone: 0 });
    expect(failures).toEqual([]);
    expect(new Set(versions)).toEqual(new Set([readVersion(LABEL, 1_000)]));
  });

  test("G51: what the item no longer derives after the put is undone, though the clock stands still", async () => {
    const { ports, work, rows } = world([{ homes: ["X"] }, { homes: ["Y"], amount: 2 }, undefined]);
    const { counts } = await bringUpToDate(ports, work);
    expect(await rows()).toEqual([]);
    expect(counts.get("by-home")).toEqual({ applied: 2, stale: 0, skipped: 0, undone: 2 });
  });

  test("what a scan has read already is not read again before it is put", async () => {
    const { ports, work, rows } = world([undefined]);
    const items = new Map([[OWNER, { id: "a", homes: ["X"], amount: 1 }]]);
    let puts = 0;
    const apply: UpkeepPorts["apply"] = (mutations) => {
      puts += mutations.filter(({ type }) => type === "put").length;
      return ports.apply(mutations);
    };
    await bringUpToDate({ ...ports, apply }, { ...work, first: { items, atMs: 900 } });
    expect([puts, await rows()]).toEqual([1, []]);
  });

  test("N22: what came through the stream is neither overwritten nor deleted", async () => {
    const { sink, ports, work, rows, setNow } = world([{ homes: ["X", "Y"] }, { homes: ["X"] }]);
    await sink.apply([mutation("put", "X", 7, 1), mutation("put", "Y", 8, 2)]);
    setNow(Number.MAX_SAFE_INTEGER - 10);
    const { counts } = await bringUpToDate(ports, work);
    expect(await rows()).toEqual(['["X","a"] 7', '["Y","a"] 8']);
    expect(counts.get("by-home")).toMatchObject({ applied: 0, stale: 2, undone: 0 });
  });

  test("G52: every row is written down before it is put, and stays so while it is being undone", async () => {
    const { ports, work, written } = world([{ homes: ["X"] }, { homes: ["Y"] }]);
    const seen = new Set<string>();
    const apply: UpkeepPorts["apply"] = (mutations) => {
      const latest = written[written.length - 1]!.map(({ key }) => key);
      for (const { key } of mutations) expect(latest).toContain(key);
      for (const { key } of mutations) seen.add(key);
      return ports.apply(mutations);
    };
    await bringUpToDate({ ...ports, apply }, work);
    expect([...seen].sort()).toEqual(['["X","a"]', '["Y","a"]']);
  });

  test("G52: what another left is put where it is derived and deleted where not, by a clock that is behind", async () => {
    const { sink, ports, work, rows, written } = world([{ homes: ["X"] }]);
    const left = ["X", "Y"].map((home) => JSON.stringify([home, "a"]));
    const at = readVersion(LABEL, 5_000);
    await sink.apply([{ ...mutation("put", "Y", 1, 1), version: at }]);
    const rowsLeft = left.map((key) => ({ view: "by-home", owner: OWNER, key }));
    await bringUpToDate(ports, { ...work, left: { rows: rowsLeft, atMs: 5_000 } });
    expect(await rows()).toEqual(['["X","a"] 1']);
    expect(written[0]).toEqual(rowsLeft);
  });

  test("G54: where the view's function throws, nothing put of the item is left, and its error is told", async () => {
    const { ports, work, rows } = world([{ homes: ["X"] }, { homes: ["X"], amount: -1 }]);
    const { failures } = await bringUpToDate(ports, work);
    expect(await rows()).toEqual([]);
    expect(failures).toMatchObject([
      { view: "by-home", owner: OWNER, error: { code: "view-failed" } },
    ]);
  });

  test("G54: a failure that has passed by the next read is none", async () => {
    const { ports, work, rows } = world([{ homes: ["X"] }, { amount: -1 }, { homes: ["Z"] }]);
    expect((await bringUpToDate(ports, work)).failures).toEqual([]);
    expect(await rows()).toEqual(['["Z","a"] 1']);
  });

  test("N2: a row of another item is left alone, and the item told", async () => {
    const { sink, ports, work } = world([{ homes: ["X"] }], [seats]);
    const other = { ...mutation("put", "X", 1, 1), view: seats, key: '["X"]', owner: '["b"]' };
    await sink.apply([other]);
    const { failures } = await bringUpToDate(ports, work);
    expect(failures).toMatchObject([{ view: "seats", owner: OWNER, error: { code: "collision" } }]);
  });

  test("an item that never rests is left to the stream, with nothing put that is not looked at", async () => {
    const homes = Array.from({ length: 20 }, (_, n) => ({ homes: [`H${n}`] }));
    const { ports, work, rows } = world(homes);
    const { counts } = await bringUpToDate(ports, work);
    expect(await rows()).toEqual([]);
    expect(counts.get("by-home")).toMatchObject({ applied: 4, undone: 4 });
  });

  test.each(["unavailable", "configuration"] as const)(
    "gives up when a sink is %s",
    async (code) => {
      const { ports, work } = world([{ homes: ["X"] }]);
      const error = new MillraceError(code, "away");
      const failed: ApplyResult = { outcome: "failed", error };
      const apply = async (mutations: readonly unknown[]) => mutations.map(() => failed);
      await expect(bringUpToDate({ ...ports, apply }, work)).rejects.toBe(error);
    },
  );
});
