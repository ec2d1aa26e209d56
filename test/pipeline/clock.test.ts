import { expect, test } from "@jest/globals";

import { deadlineIn } from "../../src/pipeline/clock.js";
import { fakeClock } from "./pipeline-under-test.js";

test("a deadline comes nearer as the clock goes on, and stays passed", async () => {
  const clock = fakeClock();
  const deadline = deadlineIn(clock, 1_000);
  expect(deadline.remainingMs()).toBe(1_000);
  await clock.sleep(400);
  expect(deadline.remainingMs()).toBe(600);
  await clock.sleep(700);
  expect(deadline.remainingMs()).toBe(-100);
});
