import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import { digestsOf, type ViewRecords, writeDefinition } from "../../src/state/view-records.js";
import { totals } from "../pipeline/pipeline-under-test.js";

let used = 0;

/** Says of records of views what all must do. */
export function describeViewRecordsContract(
  name: string,
  open: () => Promise<{ readonly records: ViewRecords; readonly close: () => Promise<void> }>,
): void {
  describe(`${name} keep the contract of records of views`, () => {
    const opened = {} as { records: ViewRecords; close: () => Promise<void> };
    beforeAll(async () => {
      Object.assign(opened, await open());
    });
    afterAll(() => opened.close());
    const fresh = () => ({ view: `view-${process.pid}-${++used}`, version: 1 });
    const of = (row: string) => ({
      digests: digestsOf({ kind: "table-view", row }),
      tables: ["orders", "orders-workings"],
      recordedAtMs: 1_767_225_600_000,
      by: "dev" as const,
    });

    test("give back what was written down last, for each version", async () => {
      const view = fresh();
      const second = { ...view, version: 2 };
      expect(await opened.records.definition(view)).toBeUndefined();
      await opened.records.recordDefinition(view, of("a"));
      await opened.records.recordDefinition(second, { ...of("b"), by: "backfill" });
      expect(await opened.records.definition(view)).toEqual(of("a"));
      expect(await opened.records.definition(second)).toEqual({ ...of("b"), by: "backfill" });
      await opened.records.recordDefinition(view, of("c"));
      expect(await opened.records.definition(view)).toEqual(of("c"));
      await opened.records.forgetDefinition(view);
      expect(await opened.records.definition(view)).toBeUndefined();
    });

    test("write down once only what is not written down yet", async () => {
      const view = fresh();
      await opened.records.recordDefinition(view, of("a"), { once: true });
      await opened.records.recordDefinition(view, of("b"), { once: true });
      expect(await opened.records.definition(view)).toEqual(of("a"));
    });

    test("write down a view under its name and version", async () => {
      const { view } = fresh();
      const second = { ...totals, name: `${view}@2` };
      await writeDefinition(opened.records, second, { by: "backfill", atMs: 5 });
      expect(await opened.records.definition({ view, version: 2 })).toEqual({
        digests: digestsOf(totals.definition),
        tables: ["totals"],
        recordedAtMs: 5,
        by: "backfill",
      });
    });

    test("G44: switch only from the version that is read, so that of many who switch one does", async () => {
      const { view } = fresh();
      expect(await opened.records.current(view)).toBeUndefined();
      const to = (version: number) => ({ version, switchedAtMs: 7 });
      expect(await opened.records.switchTo(view, 1, to(2))).toBe(false);
      expect(await opened.records.switchTo(view, undefined, to(2))).toBe(true);
      expect(await opened.records.switchTo(view, undefined, to(3))).toBe(false);
      const tries = await Promise.all(
        Array.from({ length: 8 }, (_, i) => opened.records.switchTo(view, 2, to(3 + i))),
      );
      expect(tries.filter((done) => done)).toHaveLength(1);
      expect(await opened.records.current(view)).toEqual(to(3 + tries.indexOf(true)));
    });
  });
}
