import { expect, test } from "@jest/globals";
import fc from "fast-check";

import { createMemorySink } from "../../../src/sink/memory-sink.js";
import type { View } from "../../../src/view/view.js";
import {
  freshId,
  type Opened,
  put,
  read,
  remove,
  said,
  shown,
  type SinkPromises,
} from "./subject.js";

/** A history of one item: what its n-th version made of its row. */
type History = readonly (number | "deleted")[];

interface Delivery {
  readonly histories: readonly History[];
  /** Which version of which item arrives next; any order, any number of times. */
  readonly arrivals: readonly (readonly [item: number, version: number])[];
}

const deliveries: fc.Arbitrary<Delivery> = fc
  .array(
    fc.array(fc.oneof(fc.nat(9), fc.constant("deleted" as const)), { minLength: 1, maxLength: 5 }),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .chain((histories) =>
    fc.record({
      histories: fc.constant(histories),
      arrivals: fc.array(
        fc
          .nat(histories.length - 1)
          .chain((item) =>
            fc.tuple(fc.constant(item), fc.nat((histories[item] as History).length - 1)),
          ),
        { maxLength: 25 },
      ),
    }),
  );

/** What holds for any sequence. */
export function describeProperties<V extends View>(
  opened: Opened<V>,
  promises: SinkPromises,
): void {
  const { keepsTombstones, runs } = promises;

  test("G2: whatever arrives, in any order, however often, the newest that arrived is what stays", async () => {
    const { sink, view } = opened.under;
    await fc.assert(
      fc.asyncProperty(deliveries, async ({ histories, arrivals }) => {
        const ids = histories.map(freshId);
        // Without tombstones only a redelivery that ends in order makes up for a delete that was forgotten.
        const inOrder = histories.flatMap((history, item) =>
          history.map((_, n) => [item, n] as const),
        );
        const sequence = keepsTombstones ? arrivals : [...arrivals, ...inOrder];
        const oracle = createMemorySink();
        for (const [item, n] of sequence) {
          const step = (histories[item] as History)[n];
          const id = ids[item] as string;
          const mutation =
            step === "deleted" ? remove(view, id, n + 1) : put(view, { id, step }, n + 1);
          const [[result], [expected]] = [
            await sink.apply([mutation]),
            await oracle.apply([mutation]),
          ];
          if (keepsTombstones) expect(said(result)).toBe(said(expected));
        }
        for (const [item, id] of ids.entries()) {
          const newest = Math.max(-1, ...sequence.filter(([i]) => i === item).map(([, n]) => n));
          const step = (histories[item] as History)[newest];
          const wanted =
            step === undefined || step === "deleted" ? "absent" : shown(opened, { id, step });
          expect(await read(opened, id)).toBe(wanted);
        }
      }),
      { numRuns: runs },
    );
  });

  test("A4, G2: writers that race for one row leave the newest version", async () => {
    const { sink, view } = opened.under;
    const id = freshId();
    const versions = [3, 9, 1, 7, 5, 10, 2, 8, 6, 4];
    await Promise.all(versions.map((n) => sink.apply([put(view, { id, n }, n)])));
    expect(await read(opened, id)).toBe(shown(opened, { id, n: 10 }));
  });
}
