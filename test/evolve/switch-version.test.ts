import { describe, expect, test } from "@jest/globals";

import { switchVersion } from "../../src/evolve/switch-version.js";
import { createMemoryViewRecords } from "../../src/state/memory-view-records.js";
import { writeDefinition } from "../../src/state/view-records.js";
import { first, second, third } from "./versions.js";

const view = "open-orders";

/** Records in which the second version was backfilled, and ways to switch. */
async function versions() {
  const records = createMemoryViewRecords();
  await writeDefinition(records, second, { by: "backfill", atMs: 1 });
  const options = { records, views: [third, first, second], view, anyway: false, atMs: 5 };
  return {
    records,
    current: async () => (await records.current(view))?.version,
    switchTo: (to?: number, more: Partial<Parameters<typeof switchVersion>[0]> = {}) =>
      switchVersion({ ...options, ...(to !== undefined && { to }), ...more }),
  };
}

describe("G44: readers are switched", () => {
  test("to a version that is backfilled, and back", async () => {
    const { switchTo, current } = await versions();
    expect(await switchTo(2)).toEqual({ view, from: 1, to: 2 });
    expect(await current()).toBe(2);
    expect(await switchTo(1)).toEqual({ view, from: 2, to: 1 });
    expect(await current()).toBe(1);
  });

  test("to the newest that is declared where none is named, unbackfilled only if told to", async () => {
    const { switchTo, current } = await versions();
    await expect(switchTo()).rejects.toThrow(
      /version 3 .* never backfilled .* backfill open-orders@3/,
    );
    expect(await current()).toBeUndefined();
    expect(await switchTo(undefined, { anyway: true })).toEqual({ view, from: 1, to: 3 });
  });

  test.each([
    ["is not declared", 4, 'no view is declared as "open-orders@4"; there are: open-orders@3'],
    ["is read already", 1, 'version 1 of view "open-orders" is the one that is read'],
  ])("never to a version that %s", async (_what, to, message) => {
    const { switchTo, current } = await versions();
    await expect(switchTo(to)).rejects.toThrow(message);
    expect(await current()).toBeUndefined();
  });

  test("by one of those who do it at the same moment; the other is told", async () => {
    const { switchTo, records, current } = await versions();
    const late = { ...records, switchTo: async () => false };
    await expect(switchTo(2, { records: late })).rejects.toMatchObject({ code: "unavailable" });
    expect(await current()).toBeUndefined();
  });
});
