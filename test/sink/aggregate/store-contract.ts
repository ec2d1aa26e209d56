import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import type { Action, Place, Store } from "../../../src/sink/aggregate/store.js";

/** A store, opened for the contract: its table has the key of workings. */
export interface StoreUnderTest {
  readonly store: Store;
  readonly table: string;
  readonly close: () => Promise<void>;
}

const LARGEST = "9".repeat(38);

let used = 0;

/** Says of a store what every store must do; run it on the real thing. */
export function describeStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the contract of a store`, () => {
    const opened = {} as { under: StoreUnderTest };
    beforeAll(async () => {
      opened.under = await open();
    });
    afterAll(() => opened.under.close());

    /** A place nobody has used before, in a partition of its own unless one is given. */
    function place(sort = "a", partition = `p-${++used}`): Place {
      return { table: opened.under.table, key: { pk: { S: partition }, sk: { S: sort } } };
    }
    const store = () => opened.under.store;
    const put = (at: Place, n: string) =>
      store().write({ type: "put", ...at, attributes: { n: { N: n } } });
    const numberAt = async (at: Place) => (await store().read([at]))[0]?.["n"]?.N;

    test("reads items in the order of their places, also repeated, and nothing where there is none", async () => {
      const [here, there, nowhere] = [place(), place(), place()];
      await put(here, "1");
      await put(there, "2");
      const items = await store().read([there, nowhere, here, there]);
      expect(items.map((item) => item?.["n"]?.N)).toEqual(["2", undefined, "1", "2"]);
      expect(await store().read([])).toEqual([]);
    });

    test("reads more items than one request takes", async () => {
      const partition = `many-${process.pid}-${++used}`;
      const places = Array.from({ length: 101 }, (_, i) => place(String(i), partition));
      await store().transact(places.slice(0, 100).map(putOf));
      await put(places[100]!, "100");
      const items = await store().read(places);
      expect(items.map((item) => item?.["n"]?.N)).toEqual(places.map((_, i) => String(i)));
    });

    test("N10: adds decimals exactly, makes what is absent, sets and removes", async () => {
      const at = place();
      const add = (numbers: Record<string, string>) =>
        store().write({ type: "add", ...at, numbers });
      await add({ n: "0.1", z: "0" });
      await add({ n: "0.2" });
      expect(await numberAt(at)).toBe("0.3");
      await store().write({
        ...{ type: "add", ...at, numbers: { n: "-0.3" } },
        ...{ set: { s: { S: "set" } }, remove: ["z"] },
      });
      const [item] = await store().read([at]);
      expect(Number(item?.["n"]?.N)).toBe(0);
      expect({ ...item, n: 0 }).toEqual({ ...at.key, n: 0, s: { S: "set" } });
    });

    test("N10: refuses a sum beyond 38 digits as invalid, alone and in a transaction, and leaves what was", async () => {
      const [at, other] = [place(), place()];
      await put(at, LARGEST);
      const add = { type: "add", ...at, numbers: { n: "0.1" } } as const;
      await expect(store().write(add)).rejects.toMatchObject({ code: "invalid-row" });
      const actions = [putOf(other, 1), add];
      const answer = await store()
        .transact(actions)
        .catch((thrown: unknown) => thrown);
      expect([
        { done: false, reasons: ["none", "invalid"] },
        expect.objectContaining({ code: "invalid-row" }),
      ]).toContainEqual(answer);
      expect([await numberAt(at), await numberAt(other)]).toEqual([LARGEST, undefined]);
    });

    const there = { n: { N: "5" }, m: { M: { v: { S: "x" } } } };
    test.each([
      ["absent", { type: "absent" }, [true, false]],
      ["equal", { type: "equals", path: ["n"], value: { N: "5" } }, [false, true]],
      ["another number", { type: "equals", path: ["n"], value: { N: "4" } }, [false, false]],
      ["equal within", { type: "equals", path: ["m", "v"], value: { S: "x" } }, [false, true]],
      ["not there", { type: "equals", path: ["m", "w"], value: { S: "x" } }, [false, false]],
      ["above", { type: "above", attribute: "n", bound: 4 }, [false, true]],
      ["not above", { type: "above", attribute: "n", bound: 5 }, [false, false]],
      ["absent, or has it", { type: "absent-or-has", attribute: "n" }, [true, true]],
      ["has it not", { type: "absent-or-has", attribute: "o" }, [true, false]],
    ] as const)("asks whether an item is %s", async (_, condition, [ofNothing, ofSomething]) => {
      const [nothing, something, other] = [place(), place(), place()];
      await store().write({ type: "put", ...something, attributes: there });
      for (const [at, holds] of [
        [nothing, ofNothing],
        [something, ofSomething],
      ] as const) {
        const actions = [{ type: "check", ...at, condition } as const, putOf(other, 1)];
        const answer = await store().transact(actions);
        expect(answer).toEqual(
          holds ? { done: true } : { done: false, reasons: ["condition", "none"] },
        );
        for (const write of [
          { type: "add", ...at, numbers: { added: "1" }, condition },
          { type: "put", ...at, attributes: there, condition },
        ] as const) {
          expect(await store().write(write)).toBe(holds ? "done" : "refused");
          await store().write(
            at === nothing ? { type: "delete", ...at } : { type: "put", ...at, attributes: there },
          );
        }
      }
    });

    test("N9: does all of a transaction or nothing, with a reason for each action", async () => {
      const [first, second, third] = [place(), place(), place()];
      await put(second, "2");
      const absent = { type: "absent" } as const;
      const actions: Action[] = [
        putOf(first, 1),
        { ...putOf(second, 3), condition: absent },
        { type: "delete", ...third },
      ];
      const answer = await store().transact(actions);
      expect(answer).toEqual({ done: false, reasons: ["none", "condition", "none"] });
      expect([await numberAt(first), await numberAt(second)]).toEqual([undefined, "2"]);
      expect(await store().transact([putOf(first, 1), { type: "delete", ...second }])).toEqual({
        done: true,
      });
      expect([await numberAt(first), await numberAt(second)]).toEqual(["1", undefined]);
    });

    test("refuses a transaction of two actions on one item, and of more than 100", async () => {
      const at = place();
      const twice = [putOf(at, 1), { type: "delete", ...at } as const];
      await expect(store().transact(twice)).rejects.toMatchObject({ code: "invalid-row" });
      const many = Array.from({ length: 101 }, (_, i) => putOf(place(), i));
      await expect(store().transact(many)).rejects.toMatchObject({ code: "invalid-row" });
    });

    test("deletes on condition", async () => {
      const at = place();
      await put(at, "1");
      const condition = (n: string) => ({ type: "equals", path: ["n"], value: { N: n } }) as const;
      expect(await store().write({ type: "delete", ...at, condition: condition("2") })).toBe(
        "refused",
      );
      expect(await store().write({ type: "delete", ...at, condition: condition("1") })).toBe(
        "done",
      );
      expect(await numberAt(at)).toBeUndefined();
    });

    test("queries a partition in the order of bytes, either way, up to a limit", async () => {
      const partition = `order-${process.pid}-${++used}`;
      const sorts = ["a", "a\u0001", "a\u00010", "b", "\u{ffff}", "\u{10000}"];
      for (const [i, sort] of [...sorts.entries()].reverse())
        await put(place(sort, partition), String(i));
      await put(place("a", `${partition}-other`), "9");
      const query = async (descending: boolean, limit: number) =>
        (await store().query({ table: opened.under.table, partition, descending, limit })).map(
          (item) => Number(item["n"]?.N),
        );
      expect(await query(false, 10)).toEqual([0, 1, 2, 3, 4, 5]);
      expect(await query(true, 2)).toEqual([5, 4]);
      expect(await query(false, 1)).toEqual([0]);
    });

    test("scans all items of a table", async () => {
      const at = place("scanned");
      await put(at, "7");
      const found: unknown[] = [];
      for await (const item of store().scan(opened.under.table)) found.push(item);
      expect(found).toContainEqual({ ...at.key, n: { N: "7" } });
    });
  });
}

function putOf(at: Place, n: number) {
  return { type: "put", ...at, attributes: { n: { N: String(n) } } } as const;
}
