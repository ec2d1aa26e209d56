import { expect, test } from "@jest/globals";

import { createPace } from "../../src/backfill/pace.js";
import { fakeClock } from "../pipeline/pipeline-under-test.js";

test("a second's worth is free, and what goes beyond is waited for", async () => {
  const clock = fakeClock();
  const pace = createPace({ writeUnitsPerSecond: 100 }, clock);
  await pace.write(100);
  expect(clock.slept).toEqual([]);
  await pace.write(50);
  expect(clock.slept).toEqual([500]);
  await clock.sleep(10_000);
  await pace.write(100);
  expect(clock.slept).toEqual([500, 10_000]);
});

test("what is not limited never waits", async () => {
  const clock = fakeClock();
  const pace = createPace({ readUnitsPerSecond: 1 }, clock);
  await pace.write(1e9);
  expect(clock.slept).toEqual([]);
  await pace.read(3);
  expect(clock.slept).toEqual([2_000]);
});
