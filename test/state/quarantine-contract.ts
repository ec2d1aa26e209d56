import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import type { StreamRecord } from "../../src/change/decode-record.js";
import type {
  Quarantine,
  QuarantineEntry,
  QuarantineSummary,
  StandingFence,
} from "../../src/state/quarantine.js";
import { version } from "../sink/contract/subject.js";
import { streamRecord } from "../support/records.js";

let used = 0;

/** An entry for an item and a view nobody has used before, unless told. */
export function entryOf(given: Partial<QuarantineEntry> = {}): QuarantineEntry {
  const n = ++used;
  return {
    view: `view-${process.pid}-${n}`,
    source: `source-${process.pid}-${n}`,
    itemKey: `["item-${n}"]`,
    position: version(n),
    records: [streamRecord()],
    error: { code: "view-failed", message: "no such airport", stack: "Error: no such airport" },
    parkedAtMs: 1_767_225_600_000,
    ...given,
  };
}

/** Says of a quarantine what every quarantine must do. */
export function describeQuarantineContract(
  name: string,
  open: () => Promise<{ readonly quarantine: Quarantine; readonly close: () => Promise<void> }>,
): void {
  describe(`${name} keeps the contract of a quarantine`, () => {
    const opened = {} as { quarantine: Quarantine; close: () => Promise<void> };
    beforeAll(async () => {
      Object.assign(opened, await open());
    });
    afterAll(() => opened.close());

    async function listed(view: string): Promise<QuarantineEntry[]> {
      const entries: QuarantineEntry[] = [];
      for await (const entry of opened.quarantine.list(view)) entries.push(entry);
      return entries;
    }

    test("keeps the whole record and the error, and raises a fence around the item in that view only", async () => {
      const entry = entryOf();
      expect(await opened.quarantine.park(entry)).toBe("parked");
      expect(await listed(entry.view)).toEqual([entry]);
      const fences = await opened.quarantine.fences(entry.source);
      expect(fences.size).toBe(1);
      expect(fences.of(entry.view, entry.itemKey)).toEqual({
        view: entry.view,
        itemKey: entry.itemKey,
        parked: 1,
      });
      expect(fences.of("another", entry.itemKey)).toBeUndefined();
      expect(fences.of(entry.view, '["another"]')).toBeUndefined();
    });

    test("has no fences for a source of which nothing was parked", async () => {
      expect((await opened.quarantine.fences("untouched")).size).toBe(0);
    });

    test("a change joins only while the fence stands", async () => {
      const entry = entryOf();
      expect(await opened.quarantine.park(entry, { joining: true })).toBe("fence-gone");
      expect(await listed(entry.view)).toEqual([]);
      expect((await opened.quarantine.fences(entry.source)).size).toBe(0);
      await opened.quarantine.park(entry);
      const next = { ...entry, position: entry.position + "1" };
      expect(await opened.quarantine.park(next, { joining: true })).toBe("parked");
      const fences = await opened.quarantine.fences(entry.source);
      expect(fences.of(entry.view, entry.itemKey)?.parked).toBe(2);
    });

    test("parking the same change again, as a redelivery does, keeps one entry", async () => {
      const entry = entryOf();
      await opened.quarantine.park(entry);
      await opened.quarantine.park({ ...entry, parkedAtMs: entry.parkedAtMs + 1 });
      expect(await listed(entry.view)).toEqual([{ ...entry, parkedAtMs: entry.parkedAtMs + 1 }]);
    });

    test("lists entries of one view or of all, oldest first within an item", async () => {
      const first = entryOf({ position: version(10) });
      const later = { ...first, position: version(11) };
      const other = entryOf();
      await opened.quarantine.park(later);
      await opened.quarantine.park(other);
      await opened.quarantine.park(first);
      expect(await listed(first.view)).toEqual([first, later]);
      const views: string[] = [];
      for await (const entry of opened.quarantine.list()) views.push(entry.view);
      expect(views).toEqual(expect.arrayContaining([first.view, other.view]));
    });

    test("keeps 5 MB of records that do not compress, uncut, and lists them among others", async () => {
      const records: StreamRecord[] = Array.from({ length: 20 }, (_, i) =>
        streamRecord({ new: { id: "large", i, noise: noise(i, 180_000) } }),
      );
      const large = entryOf({ records });
      expect(JSON.stringify(records).length).toBeGreaterThan(4_800_000);
      await opened.quarantine.park(large);
      expect(await listed(large.view)).toEqual([large]);
    });

    test("concurrent parks lose no entry and count every one", async () => {
      const base = entryOf();
      const entries = Array.from({ length: 12 }, (_, i) => ({
        ...base,
        position: version(100 + i),
      }));
      await Promise.all(entries.map((entry) => parkInsistently(opened.quarantine, entry)));
      expect(await listed(base.view)).toEqual(entries);
      const fences = await opened.quarantine.fences(base.source);
      expect(fences.of(base.view, base.itemKey)?.parked).toBe(12);
    });

    async function collected<T>(elements: AsyncIterable<T>): Promise<T[]> {
      const list: T[] = [];
      for await (const element of elements) list.push(element);
      return list;
    }

    async function fenceOf(entry: QuarantineEntry): Promise<StandingFence> {
      return (await opened.quarantine.fenceOf(entry))!;
    }

    test("G61: a fence is lifted with all entries behind it, and only of its own item in its own view", async () => {
      const { quarantine } = opened;
      const first = entryOf();
      const entries = [first, { ...first, position: version(9_001) }];
      const others = [
        { ...first, itemKey: '["item"]' },
        { ...first, view: `${first.view}-2` },
      ];
      for (const entry of [...entries, ...others]) await quarantine.park(entry);
      const held = await quarantine.entriesOf(first);
      expect(held.map(({ entry }) => entry)).toEqual(entries);
      expect(await quarantine.lift(await fenceOf(first), held)).toBe("lifted");
      expect(await quarantine.fenceOf(first)).toBeUndefined();
      expect(await quarantine.entriesOf(first)).toEqual([]);
      expect(await listed(first.view)).toEqual([others[0]]);
      expect((await quarantine.fences(first.source)).size).toBe(2);
    });

    test("G61: a fence stays, with all that is behind it, if something was parked since it was read", async () => {
      const { quarantine } = opened;
      const entry = entryOf();
      await quarantine.park(entry);
      const seen = await fenceOf(entry);
      const held = await quarantine.entriesOf(entry);
      const next = { ...entry, position: version(9_002) };
      await quarantine.park(next, { joining: true });
      expect(await quarantine.lift(seen, held)).toBe("parked-meanwhile");
      expect(await listed(entry.view)).toEqual([entry, next]);
      expect((await fenceOf(entry)).parked).toBe(2);
    });

    test("G61: a fence that was lifted and raised again is another one, also with as much behind it", async () => {
      const { quarantine } = opened;
      const entry = entryOf();
      await quarantine.park(entry);
      const seen = await fenceOf(entry);
      const held = await quarantine.entriesOf(entry);
      expect(await quarantine.lift(seen, held)).toBe("lifted");
      expect(await quarantine.lift(seen, held)).toBe("gone");
      // An old container delivers the very same change again.
      await quarantine.park(entry);
      expect((await fenceOf(entry)).parked).toBe(1);
      expect(await quarantine.lift(seen, held)).toBe("parked-meanwhile");
      expect(await listed(entry.view)).toEqual([entry]);
    });

    test("G61: of a lift and a change that joins at once, one comes first, and nothing is lost", async () => {
      const { quarantine } = opened;
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          const entry = entryOf();
          const next = { ...entry, position: version(9_003) };
          await parkInsistently(quarantine, entry);
          const [seen, held] = [await fenceOf(entry), await quarantine.entriesOf(entry)];
          const [lift, parked] = await Promise.all([
            quarantine.lift(seen, held),
            quarantine.park(next, { joining: true }),
          ]);
          expect([lift, parked]).toEqual(
            lift === "lifted" ? ["lifted", "fence-gone"] : ["parked-meanwhile", "parked"],
          );
          expect(await listed(entry.view)).toEqual(lift === "lifted" ? [] : [entry, next]);
        }),
      );
    });

    test("G61: what a crash in the midst of a lift leaves is released; nothing behind a fence ever is", async () => {
      const { quarantine } = opened;
      const entry = entryOf();
      await quarantine.park(entry);
      const [summary] = await collected(quarantine.summaries(entry.view));
      expect(await quarantine.release(summary!)).toBe(false);
      // As a crash right after the fence was lifted leaves it.
      await quarantine.lift(await fenceOf(entry), []);
      expect(await listed(entry.view)).toEqual([entry]);
      expect(await quarantine.release(summary!)).toBe(true);
      expect(await quarantine.release(summary!)).toBe(false);
      expect(await listed(entry.view)).toEqual([]);
      await quarantine.park(entry);
      expect(await quarantine.release(summary!)).toBe(false);
      expect(await listed(entry.view)).toEqual([entry]);
    });

    test("tells what entries are about without their records", async () => {
      const entry = entryOf({ records: [streamRecord(), streamRecord()] });
      await opened.quarantine.park(entry);
      const { records, error, ...rest } = entry;
      const expected: Omit<QuarantineSummary, "handle"> = {
        ...rest,
        code: error.code,
        message: error.message,
        changes: records.length,
      };
      const found = await collected(opened.quarantine.summaries(entry.view));
      expect(found).toEqual([{ ...expected, handle: expect.any(String) as unknown }]);
      const views = (await collected(opened.quarantine.summaries())).map(({ view }) => view);
      expect(views).toContain(entry.view);
    });

    test("lists the fences of a source with what is parked behind each, of one view or of all", async () => {
      const { quarantine } = opened;
      const first = entryOf();
      const second = { ...first, view: `${first.view}-2`, itemKey: '["other"]' };
      await quarantine.park(first);
      await quarantine.park({ ...first, position: version(9_004) });
      await quarantine.park(second);
      const told = async (view?: string) =>
        (await collected(quarantine.standing(first.source, view)))
          .map(({ source, view: name, itemKey, parked }) => [source, name, itemKey, parked])
          .sort();
      const [one, two] = [
        [first.source, first.view, first.itemKey, 2],
        [first.source, second.view, second.itemKey, 1],
      ];
      expect(await told()).toEqual([one, two]);
      expect(await told(first.view)).toEqual([one]);
      expect(await told("another")).toEqual([]);
    });

    test("G61: an entry in several parts is read and removed whole", async () => {
      const { quarantine } = opened;
      const records = Array.from({ length: 4 }, (_, i) =>
        streamRecord({ new: { id: "large", noise: noise(50 + i, 180_000) } }),
      );
      const entry = entryOf({ records });
      await quarantine.park(entry);
      const held = await quarantine.entriesOf(entry);
      expect(held.map((each) => each.entry)).toEqual([entry]);
      expect(await quarantine.lift(await fenceOf(entry), held)).toBe("lifted");
      expect(await listed(entry.view)).toEqual([]);
    });

    test("tells very long item keys apart", async () => {
      const base = entryOf();
      const keys = ["a", "b"].map((end) => JSON.stringify(["ü".repeat(900) + end]));
      for (const itemKey of keys) await opened.quarantine.park({ ...base, itemKey });
      const fences = await opened.quarantine.fences(base.source);
      expect(keys.map((key) => fences.of(base.view, key)?.parked)).toEqual([1, 1]);
      expect(await listed(base.view)).toHaveLength(2);
    });
  });
}

/** As the pipeline does: a conflict of two transactions is retriable. */
async function parkInsistently(quarantine: Quarantine, entry: QuarantineEntry): Promise<void> {
  for (;;) {
    try {
      await quarantine.park(entry);
      return;
    } catch (thrown) {
      if (!(thrown as { retriable?: boolean }).retriable) throw thrown;
    }
  }
}

/** Bytes that do not compress, the same for the same seed. */
function noise(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
