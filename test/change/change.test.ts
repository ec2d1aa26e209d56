import { describe, expect, test } from "@jest/globals";

import { foldChanges } from "../../src/change/change.js";
import { changeOf, changesThrough } from "../support/records.js";

const A = { id: "1", status: "A" };
const B = { id: "1", status: "B" };
const C = { id: "1", status: "C" };

describe("changes of one item folded", () => {
  test("a single change folds to itself, with both its images", () => {
    const change = changeOf({ old: A, new: B });
    expect(foldChanges([change])).toEqual({
      table: change.table,
      itemKey: '["1"]',
      version: change.version,
      changedAtSeconds: change.changedAtSeconds,
      images: [A, B],
      changes: [change],
    });
  });

  test("G5: take version and time of the last, and images from the first old to the last new", () => {
    const first = changeOf({ old: A, new: B, at: 100 });
    const last = changeOf({ old: B, new: C, at: 200 });
    const net = foldChanges([first, last]);
    expect(net.version).toBe(last.version);
    expect(net.changedAtSeconds).toBe(200);
    expect(net.images[0]).toEqual(A);
    expect(net.images.at(-1)).toEqual(C);
    expect(net.changes).toEqual([first, last]);
  });

  test("G5: keep every image in between, and absence as undefined", () => {
    const [first, ...rest] = changesThrough([undefined, A, undefined, B, undefined]);
    const { images } = foldChanges([first!, ...rest]);
    expect(images[0]).toBeUndefined();
    expect(images.at(-1)).toBeUndefined();
    expect(images).toContainEqual(A);
    expect(images).toContainEqual(B);
  });

  test("G5: keep an old image that no change before it left behind, since a record may be missing", () => {
    const net = foldChanges([changeOf({ new: A }), changeOf({ old: B, new: C })]);
    expect(net.images).toEqual([undefined, A, B, C]);
  });
});
