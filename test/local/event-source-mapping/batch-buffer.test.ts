import { describe, expect, test } from "@jest/globals";

import {
  batchingWindowEnd,
  nextBatch,
} from "../../../src/local/event-source-mapping/batch-buffer.js";

const record = (payloadBytes = 100, createdAtSeconds = 0) => ({ payloadBytes, createdAtSeconds });
const many = (count: number, payloadBytes?: number) =>
  Array.from({ length: count }, () => record(payloadBytes));

describe("G13: a batch is full", () => {
  test.each([
    ["by its size", many(5), { batchSize: 3 }, { count: 3, isFull: true }],
    ["exactly", many(3), { batchSize: 3 }, { count: 3, isFull: true }],
    ["by 6 MB", many(20, 1_000_000), { batchSize: 100 }, { count: 5, isFull: true }],
    ["by one record of 6 MB", many(2, 6_000_000), { batchSize: 100 }, { count: 1, isFull: true }],
    [
      "by a later window",
      [record(1, 9), record(1, 10)],
      { batchSize: 100, windowEndMs: 10_000 },
      { count: 1, isFull: true },
    ],
    ["not yet", many(2), { batchSize: 3 }, { count: 2, isFull: false }],
    ["not without records", [], { batchSize: 3 }, { count: 0, isFull: false }],
  ])("%s", (_name, records, limits, batch) => {
    expect(nextBatch(records, limits)).toEqual(batch);
  });
});

test("a batching window that passed with nothing in it makes way for one from the next record on", () => {
  expect(batchingWindowEnd(7_000, 5_000, 5)).toBe(7_000);
  expect(batchingWindowEnd(7_000, 9_000, 5)).toBe(14_000);
});
