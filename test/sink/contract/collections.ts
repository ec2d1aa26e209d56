import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { createMemorySink } from "../../../src/sink/memory-sink.js";
import type { CacheView } from "../../../src/view/cache-view.js";
import { parseMemberKey } from "../../../src/view/member-key.js";
import {
  COLLECTIONS,
  type CollectionsUnderTest,
  type Guest,
  mutationOf,
  shownOf,
} from "./collection-subject.js";
import { freshId, said, version } from "./subject.js";

/** Says of a sink what every sink of collections must do. */
export function describeCollectionContract(
  name: string,
  runs: number,
  open: () => Promise<CollectionsUnderTest>,
): void {
  describe(`${name} keeps the contract of collections`, () => {
    const opened = {} as { under: CollectionsUnderTest };
    beforeAll(async () => {
      opened.under = await open();
    });
    afterAll(() => opened.under.close());
    for (const [kind, view] of Object.entries(COLLECTIONS)) {
      describe(kind, () => {
        describeMembers(opened, view);
        describeAnyDelivery(opened, view, runs);
      });
    }
    describeRetraction(opened);
    describeContributors(opened);
  });
}

type Opened = { readonly under: CollectionsUnderTest };

const guest = (room: string, id: string, rank: number): Guest => ({
  id: `${room}-${id}`,
  room,
  name: `name of ${id}`,
  rank,
});

function describeMembers(opened: Opened, view: CacheView): void {
  const apply = async (
    ...args: Parameters<typeof mutationOf> extends [unknown, ...infer Rest] ? Rest : never
  ) => said((await opened.under.sink.apply([mutationOf(view, ...args)]))[0]);

  test("G30: a member enters, changes and leaves; a stale add after its removal loses", async () => {
    const room = freshId();
    const one = guest(room, "1", 1);
    const { collection } = parseMemberKey(mutationOf(view, "put", one, 1).key);
    const shown = () => opened.under.shown(view, collection);
    expect(await apply("put", one, 2)).toBe("applied");
    const before = await shown();
    expect(before).not.toEqual([]);
    expect(await apply("put", one, 2)).toBe("stale");
    expect(await apply("delete", one, 1)).toBe("stale");
    expect(await shown()).toEqual(before);
    expect(await apply("delete", one, 4)).toBe("applied");
    expect(await shown()).toEqual([]);
    expect(await apply("put", one, 3)).toBe("stale");
    expect(await apply("put", one, 4)).toBe("stale");
    expect(await apply("delete", one, 4)).toBe("stale");
    expect(await shown()).toEqual([]);
    expect(await apply("put", one, 5)).toBe("applied");
    expect(await shown()).toEqual(before);
  });

  test("a removal is remembered although there was nothing to remove", async () => {
    const one = guest(freshId(), "1", 1);
    expect(await apply("delete", one, 3)).toBe("applied");
    expect(await apply("put", one, 2)).toBe("stale");
    const { sink } = opened.under;
    const remembered = await sink.get(view, mutationOf(view, "put", one, 1).key);
    expect(remembered).toMatchObject({ version: version(3) });
    expect(remembered).not.toHaveProperty("value");
  });

  test("G56: a correction changes exactly the version it names, held or gone, and keeps it", async () => {
    const { sink, shown } = opened.under;
    const room = freshId();
    const one = guest(room, "1", 1);
    const other = guest(room, "2", 2);
    const { collection, ...named } = parseMemberKey(mutationOf(view, "put", one, 1).key);
    const correct = async (...args: Parameters<typeof apply>) =>
      said((await sink.correct([mutationOf(view, ...args)]))[0]);
    await apply("put", other, 1);
    const alone = await shown(view, collection);
    await apply("put", one, 5);
    const before = await shown(view, collection);
    for (const n of [4, 6]) {
      expect(await correct("put", { ...one, rank: 7 }, n)).toBe("stale");
      expect(await correct("delete", one, n)).toBe("stale");
    }
    expect(await shown(view, collection)).toEqual(before);
    expect(await correct("put", { ...one, rank: 7 }, 5)).toBe("applied");
    const { value } = (await sink.get(view, mutationOf(view, "put", one, 1).key))!;
    expect(value).toMatchObject(view.type === "set" ? named : { score: 7 });
    expect(await correct("delete", one, 5)).toBe("applied");
    expect(await shown(view, collection)).toEqual(alone);
    expect(await apply("put", one, 5)).toBe("stale");
    expect(await correct("put", one, 4)).toBe("stale");
    expect(await correct("put", one, 5)).toBe("applied");
    expect(await shown(view, collection)).toEqual(before);
    expect(await apply("delete", one, 6)).toBe("applied");
    expect(await shown(view, collection)).toEqual(alone);
  });

  test("get gives a member back as it was put", async () => {
    const mutation = mutationOf(view, "put", guest(freshId(), "~=-#+", -1.5e-7), 1);
    await opened.under.sink.apply([mutation]);
    expect(await opened.under.sink.get(view, mutation.key)).toMatchObject({
      key: mutation.key,
      version: version(1),
      value: mutation.value,
    });
  });
}

/** Which step of which item's life arrives next, in any order, any number of times. */
interface Arrival {
  readonly item: number;
  readonly n: number;
  readonly room: number;
  readonly rank: number;
  readonly name: number;
  readonly deleted: boolean;
}

/** An item's n-th version is always the same, however often it arrives. */
const deliveries: fc.Arbitrary<readonly Arrival[]> = fc
  .array(
    fc.array(
      fc.record({ room: fc.nat(1), rank: fc.nat(5), name: fc.nat(2), deleted: fc.boolean() }),
      { minLength: 1, maxLength: 4 },
    ),
    { minLength: 1, maxLength: 7 },
  )
  .chain((lives) =>
    fc.array(
      fc
        .nat(lives.length - 1)
        .chain((item) =>
          fc.nat((lives[item]?.length ?? 1) - 1).map((n) => ({ item, n, ...lives[item]![n]! })),
        ),
      { maxLength: 30 },
    ),
  );

function describeAnyDelivery(opened: Opened, view: CacheView, runs: number): void {
  test("G30, G31: whatever arrives, in any order, however often, what is shown is what the newest say, or its beginning", async () => {
    await fc.assert(
      fc.asyncProperty(deliveries, async (arrivals) => {
        const { sink, shown } = opened.under;
        const rooms = [freshId(), freshId()];
        const oracle = createMemorySink();
        for (const { item, n, room, rank, name, deleted } of arrivals) {
          // The item's id orders ties; it is the same length in every run.
          const one = { id: `${item}-${rooms[0]}`, room: rooms[room]!, name: `n${name}`, rank };
          // A version moves all of an item: what it was in the other room is deleted at that version too.
          const other = { ...one, room: rooms[1 - room]! };
          const steps = [
            mutationOf(view, "delete", other, n + 1),
            ...otherNames(view, one).map((each) => mutationOf(view, "delete", each, n + 1)),
            mutationOf(view, deleted ? "delete" : "put", one, n + 1),
          ];
          for (const step of steps) {
            const [actual] = await sink.apply([step]);
            const [expected] = await oracle.apply([step]);
            expect(said(actual)).toBe(said(expected));
          }
          for (const each of rooms) {
            const collection = parseMemberKey(
              mutationOf(view, "put", { ...one, room: each }, 1).key,
            ).collection;
            const wanted = await shownOf(oracle, view, collection);
            const found = await shown(view, collection);
            expect(found).toEqual(wanted.slice(0, found.length));
            if (view.keep === undefined) expect(found).toEqual(wanted);
          }
        }
      }),
      { numRuns: runs },
    );
  });
}

/** A set's member is part of its row's key: what an item contributed under other names is withdrawn by name. */
function otherNames(view: CacheView, one: Guest): Guest[] {
  if (view.type !== "set") return [];
  return ["n0", "n1", "n2"].filter((name) => name !== one.name).map((name) => ({ ...one, name }));
}

function describeRetraction(opened: Opened): void {
  for (const kind of ["a sorted set of the highest", "a list of the newest"] as const) {
    const view = COLLECTIONS[kind];
    describe(kind, () => {
      test("G31: shows the highest, and when one leaves, the next comes back; past the spare ones it is short, not wrong", async () => {
        const { sink } = opened.under;
        const room = freshId();
        const all = Array.from({ length: 8 }, (_, i) => guest(room, String(i), i));
        const { collection } = parseMemberKey(mutationOf(view, "put", all[0]!, 1).key);
        const ranks = async () => {
          const shown = await opened.under.shown(view, collection);
          return view.type === "list"
            ? shown.map((value) => Number((value as Guest).rank))
            : shown.filter((_, i) => i % 2 === 1).map(Number);
        };
        for (const one of all) await sink.apply([mutationOf(view, "put", one, 1)]);
        expect(await ranks()).toEqual([7, 6, 5]);
        await sink.apply([mutationOf(view, "delete", all[6]!, 2)]);
        expect(await ranks()).toEqual([7, 5, 4]);
        await sink.apply([mutationOf(view, "put", { ...all[7]!, rank: 3.5 }, 2)]);
        expect(await ranks()).toEqual([5, 4, 3.5]);
        await sink.apply([mutationOf(view, "delete", all[5]!, 2)]);
        await sink.apply([mutationOf(view, "delete", all[4]!, 2)]);
        const left = await ranks();
        expect(left).toEqual([3.5, 3, 2].slice(0, left.length));
        expect(left.length).toBeGreaterThanOrEqual(2);
        // One that came in above all others is shown, whatever was cut off below.
        await sink.apply([mutationOf(view, "put", guest(room, "new", 9), 1)]);
        expect((await ranks())[0]).toBe(9);
      });

      test("G31: once all that were held have left, what comes in above those cut off is shown again", async () => {
        const { sink } = opened.under;
        const room = freshId();
        const all = Array.from({ length: 8 }, (_, i) => guest(room, String(i), i));
        const { collection } = parseMemberKey(mutationOf(view, "put", all[0]!, 1).key);
        for (const one of all) await sink.apply([mutationOf(view, "put", one, 1)]);
        for (const one of all) await sink.apply([mutationOf(view, "delete", one, 2)]);
        expect(await opened.under.shown(view, collection)).toEqual([]);
        for (const [id, rank] of [
          ["low", 0],
          ["new", 3.5],
        ] as const)
          await sink.apply([mutationOf(view, "put", guest(room, id, rank), 1)]);
        const shown = await opened.under.shown(view, collection);
        // What comes in below those cut off may stay out of sight; a sink that cuts nothing off shows it.
        expect(JSON.stringify(shown[0])).toContain("new");
      });
    });
  }

  test("N2: two items that are one member of a sorted set are a collision, and the first stays", async () => {
    const view = COLLECTIONS["a sorted set of all"];
    const one = guest(freshId(), "1", 1);
    const first = mutationOf(view, "put", one, 1);
    const second = { ...mutationOf(view, "put", { ...one, rank: 9 }, 2), owner: '["other"]' };
    const { sink } = opened.under;
    expect((await sink.apply([first])).map(said)).toEqual(["applied"]);
    expect((await sink.apply([second])).map(said)).toEqual(["collision"]);
    expect(await opened.under.shown(view, parseMemberKey(first.key).collection)).toEqual([
      one.id,
      "1",
    ]);
  });
}

function describeContributors(opened: Opened): void {
  test("G32: a member of a set stays while any item contributes it, and leaves with the last", async () => {
    const view = COLLECTIONS["a set"];
    const { sink, shown } = opened.under;
    const room = freshId();
    const [a, b] = [guest(room, "a", 1), guest(room, "b", 1)].map((one) => ({ ...one, name: "x" }));
    const { collection } = parseMemberKey(mutationOf(view, "put", a!, 1).key);
    const apply = async (type: "put" | "delete", one: Guest, n: number) =>
      said((await sink.apply([mutationOf(view, type, one, n)]))[0]);
    expect([await apply("put", a!, 1), await apply("put", b!, 1)]).toEqual(["applied", "applied"]);
    expect(await shown(view, collection)).toEqual(["x"]);
    expect(await apply("delete", a!, 2)).toBe("applied");
    expect(await apply("delete", a!, 2)).toBe("stale");
    expect(await shown(view, collection)).toEqual(["x"]);
    expect(await apply("delete", b!, 2)).toBe("applied");
    expect(await shown(view, collection)).toEqual([]);
  });
}
