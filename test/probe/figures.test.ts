import { expect, test } from "@jest/globals";

import { shares } from "../../src/probe/figures.js";

test("a share is told in nines, and where none was wrong, as many as so many keys can show", () => {
  expect(shares(1_000, [500, 1_000, 9_999, 10_000, 70_000])).toEqual([
    { withinSeconds: 1, inconsistent: 4, share: 0.996, nines: expect.closeTo(2.398, 3) },
    { withinSeconds: 10, inconsistent: 2, share: 0.998, nines: expect.closeTo(2.699, 3) },
    { withinSeconds: 60, inconsistent: 1, share: 0.999, nines: expect.closeTo(3, 6) },
  ]);
  expect(shares(100, [])[0]).toEqual({ withinSeconds: 1, inconsistent: 0, share: 1, nines: 2 });
  expect(shares(0, [])[0]).toEqual({ withinSeconds: 1, inconsistent: 0, share: 1, nines: 0 });
});
