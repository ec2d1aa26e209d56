import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { createAggregateSink } from "../../../src/sink/aggregate/aggregate-sink.js";
import { createMemoryStore } from "../../../src/sink/aggregate/memory-store.js";
import type { Store } from "../../../src/sink/aggregate/store.js";
import type { AggregateView } from "../../../src/view/aggregate/aggregate-view.js";
import type { Mutation } from "../../../src/view/row.js";
import { contribute, directView, fullView, recomputed, type Sale, stored } from "./aggregates.js";
import { Died, type Fault, type FaultyProcess, faultyProcess } from "./faulty-store.js";

/** Histories of each view; give more to look harder. */
const RUNS = Number(process.env["AGGREGATE_RUNS"] ?? 40);

type Change = { readonly id: string; readonly sale: Omit<Sale, "id"> | undefined };

const sale = fc.record({
  groups: fc.subarray(["x", "y"]),
  amount: fc.constantFrom(undefined, 0.1, 0.2, 3, -7),
  tag: fc.constantFrom(undefined, "a", "b"),
});

/** Batches of one shard: each item at most once in a batch, as folding leaves it. */
const batchesOf = (...ids: string[]): fc.Arbitrary<Change[][]> =>
  fc.array(
    fc.uniqueArray(
      fc.record({
        id: fc.constantFrom(...ids),
        sale: fc.option(sale, { nil: undefined, freq: 3 }),
      }),
      { minLength: 1, maxLength: 2, selector: ({ id }) => id },
    ),
    { minLength: 1, maxLength: 4 },
  );

const fault = fc.constantFrom<Fault>(
  ...(["none", "none", "none", "none"] as const),
  ...(["crash-before", "crash-after", "lost-answer", "throttled", "conflict"] as const),
);

/** Delivers the batches of a shard in order, each again and again until nothing of it fails, whoever dies meanwhile. */
async function runShard(
  start: () => FaultyProcess,
  batches: readonly (readonly Mutation<AggregateView>[])[],
  cutsAnew: boolean,
): Promise<void> {
  let process = start();
  for (let i = 0; i < batches.length; i++) {
    let batch = batches[i]!;
    for (let isDone = false; !isDone;) {
      try {
        const sink = createAggregateSink({ store: process.store });
        const results = await Promise.race([sink.apply(batch), process.died]);
        isDone = results.every(({ outcome }) => outcome !== "failed");
      } catch (thrown) {
        if (!(thrown instanceof Died)) throw thrown;
        process = start();
        // What is delivered again may be cut in another way: the next changes of the items are folded in.
        if (cutsAnew && i + 1 < batches.length) batch = folded(batch, batches[++i]!);
      }
    }
  }
}

function folded(
  batch: readonly Mutation<AggregateView>[],
  next: readonly Mutation<AggregateView>[],
): readonly Mutation<AggregateView>[] {
  return [...new Map([...batch, ...next].map((each) => [each.owner, each])).values()];
}

const VIEWS: readonly (readonly [string, () => AggregateView])[] = [
  ["a view whose rows are their own counters", () => directView("direct")],
  ["a view of every measure", () => fullView("full")],
  ["a view spread over three counters", () => fullView("spread", 3)],
];

describe.each(VIEWS)("%s", (_, makeView) => {
  const view = makeView();

  test("G20, G21, G22, G23, N9: comes true under two writers and a zombie that die anywhere, lose answers, conflict and are throttled", async () => {
    await fc.assert(
      fc.asyncProperty(
        batchesOf("a", "b"),
        batchesOf("c", "d"),
        fc.array(fault, { maxLength: 60 }),
        fc.record({ hasZombie: fc.boolean(), cutsAnew: fc.boolean() }),
        fc.scheduler(),
        async (left, right, faults, { hasZombie, cutsAnew }, scheduler) => {
          const store: Store = createMemoryStore();
          let used = 0;
          const start = () =>
            faultyProcess(
              store,
              () => scheduler.schedule(Promise.resolve()),
              () => faults[used++] ?? "none",
            );
          let n = 0;
          const items = new Map<string, Change["sale"]>();
          const asMutations = (batches: Change[][]) =>
            batches.map((batch) =>
              batch.map(({ id, sale: after }) => {
                items.set(id, after);
                return contribute(view, id, after, ++n);
              }),
            );
          const shards = [asMutations(left), asMutations(right)];
          // Somebody who was given the first shard's batches earlier, and is slow.
          if (hasZombie) shards.push(shards[0]!);
          let isOver = false;
          const all = Promise.all(shards.map((batches) => runShard(start, batches, cutsAnew))).then(
            () => (isOver = true),
          );
          while (!isOver) await scheduler.waitIdle();
          await all;
          await scheduler.waitIdle();
          const sink = createAggregateSink({ store });
          expect(await stored(sink, view)).toEqual(await recomputed(view, items));
        },
      ),
      { numRuns: RUNS },
    );
  });
});
