import { beforeEach, describe, expect, test } from "@jest/globals";

import { createAggregateSink } from "../../../src/sink/aggregate/aggregate-sink.js";
import { createMemoryStore } from "../../../src/sink/aggregate/memory-store.js";
import type { Store } from "../../../src/sink/aggregate/store.js";
import type { AggregateView } from "../../../src/view/aggregate/aggregate-view.js";
import type { Mutation } from "../../../src/view/row.js";
import { said } from "../contract/subject.js";
import { contribute, directView, fullView, recomputed, sale, stored } from "./aggregates.js";

let store: Store;
beforeEach(() => {
  store = createMemoryStore();
});

async function apply(mutations: readonly Mutation<AggregateView>[], through = store) {
  return (await createAggregateSink({ store: through }).apply(mutations)).map(said);
}
async function correct(mutations: readonly Mutation<AggregateView>[], through = store) {
  return (await createAggregateSink({ store: through }).correct(mutations)).map(said);
}
const rows = (view: AggregateView) => stored(createAggregateSink({ store }), view);

describe.each([
  ["direct", directView("v")],
  ["settled", fullView("v")],
  ["spread", fullView("v", 4)],
])("a view whose rows are %s", (_, view) => {
  test("G56: a correction changes what an item contributes at exactly its version, and adds the difference", async () => {
    await apply([
      contribute(view, "a", sale(["x", "z"], 1, "red"), 3),
      contribute(view, "b", sale(["x"], 2), 4),
      contribute(view, "c", undefined, 4),
    ]);
    const right = sale(["x", "y"], 7, "blue");
    for (const n of [2, 4])
      expect(await correct([contribute(view, "a", right, n)])).toEqual(["stale"]);
    expect(await correct([contribute(view, "d", right, 1)])).toEqual(["stale"]);
    const corrections = [
      contribute(view, "a", right, 3),
      contribute(view, "b", undefined, 4),
      contribute(view, "c", sale(["x"], 5), 4),
    ];
    expect(await correct(corrections)).toEqual(["applied", "applied", "applied"]);
    const now = new Map([
      ["a", right],
      ["c", sale(["x"], 5)],
    ]);
    expect(await rows(view)).toEqual(await recomputed(view, now));
    expect(await correct(corrections)).toEqual(["stale", "stale", "stale"]);
    // The version stays: what is as old is stale, what is newer wins.
    expect(await apply([contribute(view, "a", sale(["x"], 9), 3)])).toEqual(["stale"]);
    expect(await apply([contribute(view, "c", sale(["x"], 9), 5)])).toEqual(["applied"]);
    expect(await rows(view)).toEqual(await recomputed(view, now.set("c", sale(["x"], 9))));
  });

  test("G56, N9: who read a contribution before it was corrected reads it again, so that it counts once", async () => {
    await apply([contribute(view, "a", sale(["x"], 1), 3)]);
    let others = 0;
    // Between another's read and its write, one correction after the other.
    const overtaken = (): Store => {
      let isOpen = true;
      return {
        ...store,
        transact: async (actions) => {
          if (isOpen) await correct([contribute(view, "a", sale(["z"], ++others), 3)]);
          isOpen = false;
          return store.transact(actions);
        },
      };
    };
    const right = sale(["x", "y"], 70);
    expect(await correct([contribute(view, "a", right, 3)], overtaken())).toEqual(["applied"]);
    expect(await rows(view)).toEqual(await recomputed(view, [["a", right]]));
    const newer = sale(["x"], 90);
    expect(await apply([contribute(view, "a", newer, 4)], overtaken())).toEqual(["applied"]);
    expect(await rows(view)).toEqual(await recomputed(view, [["a", newer]]));
  });
});
