import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { decodeRecord, type StreamRecord } from "../../src/change/decode-record.js";
import { formLanes } from "../../src/pipeline/lanes.js";
import { sequenceNumber, streamRecord } from "../support/records.js";

function lanesOf(records: readonly StreamRecord[]) {
  return formLanes(
    records.map((record) => ({ record, change: decodeRecord(record, () => ["id"]) })),
  );
}

/** The n-th change of the stream, of this item. */
function nth(n: number, id: string, table?: string): StreamRecord {
  return streamRecord({ new: { id, n }, sequenceNumber: n, ...(table && { table }) });
}

describe("a batch", () => {
  test("G5: falls into one lane an item, each with its changes in order", () => {
    const [a1, b2, a3, c4, a5] = [nth(1, "a"), nth(2, "b"), nth(3, "a"), nth(4, "c"), nth(5, "a")];
    const lanes = lanesOf([a1, b2, a3, c4, a5]);
    expect(lanes.map(({ records }) => records)).toEqual([[a1, a3, a5], [b2], [c4]]);
    expect(lanes.map(({ change }) => change.itemKey)).toEqual(['["a"]', '["b"]', '["c"]']);
  });

  test("resumes a lane at its first change, and writes its rows at the version of its last", () => {
    const [lane] = lanesOf([nth(3, "a"), nth(7, "a")]);
    expect(lane?.firstSequenceNumber).toBe(sequenceNumber(3));
    expect(lane?.change.version.endsWith(sequenceNumber(7))).toBe(true);
    expect(lane?.change.images.map((image) => image?.["n"])).toEqual([undefined, 3, undefined, 7]);
  });

  test("counts a record once that is delivered twice within it", () => {
    const [a1, a2] = [nth(1, "a"), nth(2, "a")];
    expect(lanesOf([a1, a2, a1, a2]).map(({ records }) => records)).toEqual([[a1, a2]]);
  });

  test("keeps items of two tables apart, whatever their keys", () => {
    expect(lanesOf([nth(1, "a"), nth(2, "a", "archive")])).toHaveLength(2);
  });

  test("of nothing has no lane", () => {
    expect(lanesOf([])).toEqual([]);
  });

  test("G5: loses no change and keeps every item's order, however items interleave", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 20 }), (ids) => {
        const records = ids.map((id, i) => nth(i + 1, id));
        const lanes = lanesOf(records);
        expect(lanes).toHaveLength(new Set(ids).size);
        for (const { records: own, change } of lanes) {
          const id = change.changes[0]?.newImage?.["id"];
          expect(own).toEqual(records.filter((_record, i) => ids[i] === id));
        }
      }),
    );
  });
});
