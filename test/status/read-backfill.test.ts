import { expect, test } from "@jest/globals";

import { createMemoryBackfillState } from "../../src/state/backfill-state.js";
import { createBackfillReader } from "../../src/status/read-backfill.js";

test("of each view the last backfill is told, with as much as the furthest workers did", async () => {
  const state = createMemoryBackfillState();
  const common = { source: "orders", scope: "all", segments: 2, label: "l", itemsAbout: 90 };
  await state.saveRun({ ...common, id: "1", views: ["a", "b"], startedAtMs: 1, finishedAtMs: 5 });
  await state.saveRun({ ...common, id: "2", views: ["b"], startedAtMs: 10 });
  const segment = { run: "2", done: false, items: 0, views: {}, rows: [], atMs: 0 };
  await state.saveSegment("orders", {
    ...segment,
    segment: 0,
    worker: "w",
    scanned: 10,
    savedAtMs: 11,
  });
  await state.saveSegment("orders", {
    ...segment,
    segment: 0,
    worker: "x",
    scanned: 30,
    savedAtMs: 12,
  });
  await state.saveSegment("orders", {
    ...segment,
    segment: 1,
    worker: "w",
    scanned: 7,
    savedAtMs: 13,
  });
  const found = await createBackfillReader(state)("orders");
  expect(found.get("a")).toEqual({
    state: "done",
    items: 0,
    ofItems: 90,
    startedAtMs: 1,
    updatedAtMs: 5,
  });
  expect(found.get("b")).toEqual({
    state: "running",
    items: 37,
    ofItems: 90,
    startedAtMs: 10,
    updatedAtMs: 13,
  });
  expect(found.get("c")).toBeUndefined();
});
