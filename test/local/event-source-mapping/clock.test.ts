import { expect, test } from "@jest/globals";

import { createNotice, systemClock } from "../../../src/local/event-source-mapping/clock.js";

test("a sleep ends with its signal, also one that is over already", async () => {
  const stopping = new AbortController();
  const sleeping = systemClock.sleep(1_000_000, stopping.signal);
  stopping.abort();
  await sleeping;
  await systemClock.sleep(1_000_000, stopping.signal);
  expect(systemClock.nowMs()).toBeGreaterThan(1_700_000_000_000);
});

test("a notice wakes whoever waits, each time anew, and at the end", async () => {
  const stopping = new AbortController();
  const notice = createNotice(systemClock, stopping.signal);
  for (let i = 0; i < 3; i++) {
    const waiting = Promise.all([notice.wait(), notice.wait(1_000_000)]);
    notice.notify();
    await waiting;
  }
  const last = notice.wait();
  stopping.abort();
  await last;
  await notice.wait(1);
  expect(stopping.signal.aborted).toBe(true);
});
