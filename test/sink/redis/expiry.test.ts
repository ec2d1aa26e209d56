import { expect, test } from "@jest/globals";
import fc from "fast-check";

import { expiresAtSeconds, ttlOf } from "../../../src/sink/redis/expiry.js";

test("without a time to live there is no end", () => {
  expect(expiresAtSeconds({ ttlJitter: 0.5 }, "k", 1000)).toBe(0);
});

test("G10: the end counts from the change; with jitter it follows from the key, and is never later", () => {
  const view = { ttlSeconds: 3600, ttlJitter: 0.25 };
  fc.assert(
    fc.property(fc.string(), fc.nat(), (key, changedAt) => {
      const end = expiresAtSeconds(view, key, changedAt);
      expect(expiresAtSeconds(view, key, changedAt)).toBe(end);
      expect(end - changedAt).toBeGreaterThanOrEqual(2700);
      expect(end - changedAt).toBeLessThanOrEqual(3600);
    }),
  );
});

test("jitter spreads the lives of many keys over its whole share", () => {
  const view = { ttlSeconds: 1000, ttlJitter: 0.5 };
  const lives = Array.from({ length: 1000 }, (_, i) => ttlOf(view, `flight:${i}`));
  expect(Math.min(...lives)).toBeLessThan(550);
  expect(Math.max(...lives)).toBeGreaterThan(950);
});
