import { expect, test } from "@jest/globals";

import { ratesOf } from "../../src/plan/rates.js";
import type { FunctionProgress } from "../../src/state/progress.js";
import { NO_PROGRESS } from "../../src/state/progress.js";
import { byCustomer, cards, totals } from "../pipeline/pipeline-under-test.js";

const measured: FunctionProgress = {
  ...{ function: "tables", sinceMs: 0, batchEndedAtMs: 50_000, lagMs: 0 },
  ...{ batches: 20, changes: 500, losses: [] },
  views: { totals: { ...NO_PROGRESS, applied: 100, stale: 25, unchanged: 375 } },
};

test("rates are as functions measured them, for what each of them measured", () => {
  expect(ratesOf([totals, cards], [measured], {}, 50_000)).toEqual({
    ...{ basis: "measured", changesPerSecond: 10, changesPerBatch: 25, itemBytes: 512 },
    ...{ writesPerChange: { totals: 0.25, cards: 1 }, groupsPerChange: 1 },
  });
});

test("a burst that is over is spread over the time since", () => {
  expect(ratesOf([totals], [measured], {}, 500_000).changesPerSecond).toBe(1);
});

test("what is said goes before what was measured", () => {
  const declared = { changesPerSecond: 160, itemBytes: 90, writesPerChange: { totals: 2 } };
  expect(ratesOf([totals, byCustomer], [measured], declared, 50_000)).toMatchObject({
    ...{ basis: "assumed", changesPerSecond: 160, changesPerBatch: 10, itemBytes: 90 },
    writesPerChange: { totals: 2, "by-customer": 1 },
  });
});

test("a few changes are no measure", () => {
  expect(ratesOf([totals], [{ ...measured, changes: 99 }], {}, 50_000)).toMatchObject({
    ...{ basis: "assumed", changesPerSecond: 1, changesPerBatch: 1 },
  });
});
