import { beforeEach, describe, expect, test } from "@jest/globals";

import { MillraceError } from "../../../src/errors.js";
import { createAggregateSink } from "../../../src/sink/aggregate/aggregate-sink.js";
import { createMemoryStore } from "../../../src/sink/aggregate/memory-store.js";
import type { Action, Store } from "../../../src/sink/aggregate/store.js";
import { counterOf, digest } from "../../../src/sink/aggregate/workings.js";
import { type AggregateView, aggregateView } from "../../../src/view/aggregate/aggregate-view.js";
import { count, distinctCount, sum } from "../../../src/view/aggregate/measure.js";
import { numberKey } from "../../../src/view/key.js";
import type { Mutation } from "../../../src/view/row.js";
import { said, version } from "../contract/subject.js";
import {
  contribute,
  directView,
  fullView,
  recomputed,
  type Sale,
  sale,
  sales,
  stored,
} from "./aggregates.js";

const LARGEST = 10n ** 38n - 1n;

let store: Store;
let transactions: Action[][];

beforeEach(() => {
  const memory = createMemoryStore();
  transactions = [];
  store = {
    ...memory,
    transact: (actions) => {
      transactions.push([...actions]);
      return memory.transact(actions);
    },
  };
});

/** Applies as one batch through a store that may be replaced, and says what became of each. */
async function apply(mutations: readonly Mutation<AggregateView>[], through = store) {
  return (await createAggregateSink({ store: through }).apply(mutations)).map(said);
}
const rows = (view: AggregateView) => stored(createAggregateSink({ store }), view);

describe.each([
  ["direct", directView("v")],
  ["settled", fullView("v")],
  ["spread", fullView("v", 4)],
])("a view whose rows are %s", (_, view) => {
  test("G20, G22: retracts what leaves, moves and changes, and a group without items disappears", async () => {
    const steps: [string, Omit<Sale, "id"> | undefined][] = [
      ["a", sale(["x"], 3, "red")],
      ["b", sale(["x", "y"], 0.1, "red")],
      ["c", sale(["x"], 0.2)],
      ["a", sale(["y"], 3, "red")],
      ["c", sale(["x"], 5, "blue")],
      ["b", undefined],
      ["c", undefined],
      ["a", undefined],
    ];
    const items = new Map<string, Omit<Sale, "id"> | undefined>();
    for (const [n, [id, after]] of steps.entries()) {
      items.set(id, after);
      expect(await apply([contribute(view, id, after, n + 1)])).toEqual(["applied"]);
      expect(await rows(view)).toEqual(await recomputed(view, items));
    }
    expect(await rows(view)).toEqual({});
  });

  test("G21, N9: what is delivered again, or late, is stale and counts once", async () => {
    const first = [
      contribute(view, "a", sale(["x"], 1), 1),
      contribute(view, "b", sale(["x"], 2), 2),
    ];
    await apply(first);
    await apply([contribute(view, "a", sale(["x"], 7), 3)]);
    const before = await rows(view);
    expect(await apply(first)).toEqual(["stale", "stale"]);
    expect(await rows(view)).toEqual(before);
    await apply([contribute(view, "a", undefined, 5)]);
    expect(await apply([contribute(view, "a", sale(["x"], 7), 4)])).toEqual(["stale"]);
    expect(await rows(view)).toEqual(await recomputed(view, [["b", sale(["x"], 2)]]));
  });

  test("N9: a transaction that was done although its answer was lost counts once", async () => {
    const losing: Store = {
      ...store,
      transact: async (actions) => {
        await store.transact(actions);
        throw new MillraceError("unavailable", "timed out");
      },
    };
    const batch = [contribute(view, "a", sale(["x"], 1), 1)];
    expect(await apply(batch, losing)).toEqual(["unavailable"]);
    expect(await apply(batch)).toEqual(["stale"]);
    expect(await rows(view)).toEqual(await recomputed(view, [["a", sale(["x"], 1)]]));
  });

  test("G23: a group left just before a crash is settled, although the change comes again folded with the next", async () => {
    await apply([contribute(view, "a", sale(["x"], 1), 1)]);
    let isDead = false;
    const dying: Store = {
      ...store,
      transact: async (actions) => {
        isDead = true;
        return store.transact(actions);
      },
      read: async (places) => {
        if (isDead) throw new MillraceError("unavailable", "killed");
        return store.read(places);
      },
    };
    expect(await apply([contribute(view, "a", sale(["y"], 1), 2)], dying)).toEqual(["unavailable"]);
    await apply([contribute(view, "a", sale(["z"], 1), 3)]);
    expect(await rows(view)).toEqual(await recomputed(view, [["a", sale(["z"], 1)]]));
  });

  test("N11: a conflict is retriable, also mixed with failed conditions, and no contribution's fault", async () => {
    let tries = 0;
    const conflicting: Store = {
      ...store,
      transact: async (actions) => {
        tries++;
        return {
          done: false,
          reasons: actions.map((_, i) => (i === 0 ? "condition" : "conflict")),
        };
      },
    };
    const batch = [
      contribute(view, "a", sale(["x"], 1), 1),
      contribute(view, "b", sale(["x"], 1), 2),
    ];
    expect(await apply(batch, conflicting)).toEqual(["unavailable", "unavailable"]);
    // The pause before the next try is the pipeline's, which knows how much time is left.
    expect(tries).toBe(1);
    expect(await rows(view)).toEqual({});
  });

  test("G25, N10: an item whose sum needs more than 38 digits fails alone, named, and the others of its batch count", async () => {
    const most = { groups: ["x"], amount: LARGEST as unknown as number };
    if (view.spread > 1) return;
    const [first, culprit] = ["e", "g"];
    await apply([contribute(view, first, most, 1)]);
    const results = await createAggregateSink({ store }).apply([
      contribute(view, "f", sale(["y"], -5), 1),
      contribute(view, culprit, sale(["x"], 0.25), 2),
      contribute(view, "h", sale(["y"], 0.25), 3),
    ]);
    expect(results.map(said)).toEqual(["applied", "invalid-row", "applied"]);
    expect(results[1]).toMatchObject({
      error: { message: expect.stringMatching(new RegExp(`"${culprit}".*38 digits`)) },
    });
    const items: [string, Omit<Sale, "id">][] = [
      [first, most],
      ["f", sale(["y"], -5)],
      ["h", sale(["y"], 0.25)],
    ];
    expect(await rows(view)).toEqual(await recomputed(view, items));
  });

  test("an item that somebody else wrote where a row belongs is refused, named, and left alone", async () => {
    const key = { group: { S: "x" } };
    await store.write({ type: "put", table: view.table, key, attributes: { n: { N: "1" } } });
    expect(await apply([contribute(view, "a", sale(["x"], 1), 1), contribute(view, "b", sale(["y"]), 2)])).toEqual(["refused", "applied"]); // prettier-ignore
    expect(await store.read([{ table: view.table, key }])).toEqual([{ ...key, n: { N: "1" } }]);
  });

  test("a store that is away fails every contribution as retriable, and never rejects", async () => {
    const away = async () => {
      throw new MillraceError("unavailable", "away");
    };
    const batch = [contribute(view, "a", sale(["x"]), 1), contribute(view, "b", undefined, 2)];
    expect(await apply(batch, { ...store, read: away })).toEqual(["unavailable", "unavailable"]);
    expect(await apply(batch, { ...store, transact: away })).toEqual([
      "unavailable",
      "unavailable",
    ]);
  });
});

describe("the aggregate sink", () => {
  test("G24: folds what a batch changes in a group into one update of it", async () => {
    const view = directView("v");
    await apply(
      Array.from({ length: 50 }, (_, i) =>
        contribute(view, `i${i}`, sale([i % 2 ? "x" : "y"], 1), i + 1),
      ),
    );
    expect(transactions).toHaveLength(1);
    expect(transactions[0]!.filter(({ table }) => table === view.table)).toHaveLength(2);
    expect(transactions[0]!.filter(({ table }) => table === view.workingsTable)).toHaveLength(50);
  });

  test("G21: a batch of any size is cut between contributions into transactions of at most 100 actions", async () => {
    const view = fullView("v");
    const batch = Array.from({ length: 120 }, (_, i) =>
      contribute(view, `i${i}`, sale(["x"], i, `t${i}`), i + 1),
    );
    expect(new Set(await apply(batch))).toEqual(new Set(["applied"]));
    expect(Math.max(...transactions.map(({ length }) => length))).toBeLessThanOrEqual(100);
    expect(transactions.length).toBeGreaterThan(4);
  });

  test("G25: an item that needs more than 100 actions by itself is invalid, and nothing of it is done", async () => {
    const view = directView("v");
    const groups = Array.from({ length: 100 }, (_, i) => `g${i}`);
    const results = await createAggregateSink({ store }).apply([
      contribute(view, "a", sale(groups), 1),
      contribute(view, "b", sale(["g1"]), 2),
    ]);
    expect(results.map(said)).toEqual(["invalid-row", "applied"]);
    expect(results[0]).toMatchObject({
      error: { message: expect.stringContaining("more than 100 rows at once") },
    });
    expect(Object.keys(await rows(view))).toEqual(['["g1"]']);
  });

  test("G23: a writer that comes late does not bring back the row of a group that is gone", async () => {
    const view = fullView("v");
    let release = (): void => undefined;
    let isWaiting = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const waiting = new Promise<void>((resolve) => (isWaiting = resolve));
    const late: Store = {
      ...store,
      transact: async (actions) => {
        if (actions.some(({ table }) => table === view.table)) {
          isWaiting();
          await released;
        }
        return store.transact(actions);
      },
    };
    const slow = apply([contribute(view, "a", sale(["x"], 1), 1)], late);
    await waiting;
    await apply([contribute(view, "a", undefined, 2)]);
    expect(await rows(view)).toEqual({});
    release();
    expect(await slow).toEqual(["applied"]);
    expect(await rows(view)).toEqual({});
  });

  test("N10: a spread group lacks a sum for as long as its counters together need more than 38 digits", async () => {
    const view = fullView("v", 4);
    const most = { groups: ["x"], amount: LARGEST as unknown as number };
    const [first = "", second = ""] = [0, 1].map((counter) =>
      ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"].find(
        (id) => counterOf(view, digest(JSON.stringify([id]), version(1))) === counter,
      ),
    );
    expect(await apply([contribute(view, first, most, 1)])).toEqual(["applied"]);
    expect(await apply([contribute(view, second, sale(["x"], 0.5), 1)])).toEqual(["applied"]);
    expect((await rows(view))['["x"]']).not.toContain("total");
    for (let n = 2; (await rows(view))['["x"]']?.includes("total") !== true; n++)
      await apply([contribute(view, first, sale(["x"], n % 2), n)]);
    expect((await rows(view))['["x"]']).toMatch(/"total":[01].5/);
  });

  test("keeps apart groups that differ by type, and reads a row by its group", async () => {
    const view = aggregateView({
      name: "numbered",
      source: sales,
      groupBy: ({ amount = 0 }) => ({ amount }),
      key: [numberKey("amount")],
      measures: { n: count(), total: sum("amount"), tags: distinctCount("tag") },
    });
    await apply([
      contribute(view, "a", sale([], 1.5, "t"), 1),
      contribute(view, "b", sale([], 2), 2),
    ]);
    const sink = createAggregateSink({ store });
    expect(await sink.get(view, { amount: 1.5 })).toEqual({
      key: "[1.5]",
      value: { amount: 1.5, n: 1, total: 1.5, tags: 1 },
    });
    expect(await sink.get(view, { amount: 3 })).toBeUndefined();
  });
});
