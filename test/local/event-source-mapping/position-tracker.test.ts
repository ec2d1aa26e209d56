import { expect, test } from "@jest/globals";
import fc from "fast-check";

import { createPositionTracker } from "../../../src/local/event-source-mapping/position-tracker.js";

test("N7: the position is the last record before which nothing is left, in whatever order records are settled", () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
      fc.infiniteStream(fc.nat()),
      (filtered, random) => {
        const tracker = createPositionTracker();
        const settled = filtered.map((isSettled) => isSettled);
        filtered.forEach((isSettled, i) => tracker.add(String(i), isSettled));
        for (;;) {
          const firstOpen = settled.indexOf(false);
          const done = firstOpen < 0 ? settled.length : firstOpen;
          expect(tracker.position()).toBe(done === 0 ? undefined : String(done - 1));
          expect(tracker.isSettled()).toBe(firstOpen < 0);
          const open = settled.flatMap((isSettled, i) => (isSettled ? [] : [i]));
          if (open.length === 0) return;
          const next = open[(random.next().value as number) % open.length]!;
          settled[next] = true;
          tracker.settle(String(next));
        }
      },
    ),
  );
});
