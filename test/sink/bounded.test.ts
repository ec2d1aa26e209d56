import { expect, test } from "@jest/globals";

import { mapBounded } from "../../src/sink/bounded.js";

test("no more than so many calls are under way, and answers keep the order of the elements", async () => {
  let underWay = 0;
  let most = 0;
  const answers = await mapBounded([5, 1, 4, 2, 3, 0], 2, async (turns) => {
    most = Math.max(most, ++underWay);
    for (let i = 0; i < turns; i++) await Promise.resolve();
    underWay--;
    return turns * 10;
  });
  expect(answers).toEqual([50, 10, 40, 20, 30, 0]);
  expect(most).toBe(2);
});

test("nothing to do is nothing done", async () => {
  expect(await mapBounded([], 4, () => Promise.reject(new Error("called")))).toEqual([]);
});
