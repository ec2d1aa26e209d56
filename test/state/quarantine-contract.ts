import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import type { StreamRecord } from "../../src/change/decode-record.js";
import type { Quarantine, QuarantineEntry } from "../../src/state/quarantine.js";
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
