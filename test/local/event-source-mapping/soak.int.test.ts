import { expect, test } from "@jest/globals";

import { soakManyShards } from "../../support/soak-many-shards.js";

test("G15, N7: two mappings lose nothing and keep order while shards split, iterators expire, calls are throttled and handlers fail", async () => {
  const records = 4_000;
  const { soaks, shards } = await soakManyShards(records, 7);
  expect(shards).toBe(28);
  for (const soak of soaks) {
    expect(soak.skipped).toEqual([]);
    expect(soak.delivered()).toBe(records);
    expect(soak.failedCalls()).toBeGreaterThan(0);
  }
});
