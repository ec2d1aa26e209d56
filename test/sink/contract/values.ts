import { expect, test } from "@jest/globals";

import { NumberValue } from "../../../src/change/attribute-value.js";
import type { View } from "../../../src/view/view.js";
import {
  applied,
  freshId,
  type Opened,
  put,
  read,
  remove,
  said,
  shown,
  type SinkPromises,
  target,
} from "./subject.js";

/** One of everything a row may hold. */
const EVERYTHING = {
  text: 'plain, "quoted", ünïcödé 🛫, \\ and \n',
  empty: "",
  whole: 42,
  negative: -0.1,
  exact: NumberValue.from("12345678901234567890123456789012345678"),
  fraction: NumberValue.from("-0.12345678901234567890123456789012345678"),
  bigint: 9007199254740993n,
  tiny: 1e-130,
  yes: true,
  no: false,
  nothing: null,
  bytes: new Uint8Array([0, 1, 254, 255]),
  strings: new Set(["b", "a"]),
  numbers: new Set([10, 9, NumberValue.from("123456789012345678901234567890")]),
  binaries: new Set([new Uint8Array([2]), new Uint8Array([1])]),
  list: [1, "two", [3, { four: [] }]],
  map: { deep: { deeper: { number: NumberValue.from("0.1234567890123456789") } }, empty: {} },
};

const INVALID: readonly (readonly [string, unknown, string])[] = [
  ["undefined", undefined, "leave the attribute out"],
  ["NaN", NaN, "finite"],
  ["Infinity", Infinity, "finite"],
  ["a Date", new Date(0), "toISOString"],
  ["an instance of a class", new URL("http://localhost"), "plain attributes"],
  ["a function", () => 1, "data only"],
  ["a symbol", Symbol("s"), "data only"],
  ["an empty set", new Set(), "leave the attribute out"],
  ["a set of mixed types", new Set([1, "a"]), "only"],
  ["a number of 39 digits", 123456789012345678901234567890123456789n, "38 digits"],
  ["a number too large", 1e126, "1e126"],
];

/** What a row can hold, and what not. */
export function describeValues<V extends View>(
  opened: Opened<V>,
  { limitsSize }: SinkPromises,
): void {
  test("values come back exactly: numbers to 38 digits, sets, binary and nested documents", async () => {
    const { view } = opened.under;
    const item = { id: freshId(), ...EVERYTHING };
    expect(await applied(opened, put(view, item, 1))).toEqual(["applied"]);
    expect(await read(opened, item.id)).toBe(shown(opened, item));
  });

  test.each(INVALID)(
    "a row that holds %s is invalid: the answer names the attribute and the remedy, and the others flow",
    async (_what, value, remedy) => {
      const { sink, view } = opened.under;
      const [before, wrong, after] = [freshId(), freshId(), freshId()];
      const results = await sink.apply([
        put(view, { id: before }, 1),
        put(view, { id: wrong, inside: { list: [0, value] } }, 1),
        put(view, { id: after }, 1),
      ]);
      expect(results.map(said)).toEqual(["applied", "invalid-row", "applied"]);
      if (results[1]?.outcome === "failed") {
        expect(results[1].error.message).toContain("inside.list[1]");
        expect(results[1].error.message).toContain(remedy);
        expect(results[1].error.retriable).toBe(false);
      }
      expect(await read(opened, wrong)).toBe("absent");
      expect(await read(opened, after)).toBe(shown(opened, { id: after }));
    },
  );

  test("a row that contains itself is invalid, not an endless retry", async () => {
    const { view } = opened.under;
    const loop: Record<string, unknown> = { id: freshId() };
    loop["self"] = loop;
    expect(await applied(opened, put(view, loop, 1))).toEqual(["invalid-row"]);
  });

  test("results come in the order of the mutations, stale ones among applied ones", async () => {
    const { sink, view } = opened.under;
    const ids = Array.from({ length: 100 }, freshId);
    await sink.apply(ids.filter((_, i) => i % 3 === 0).map((id) => put(view, { id }, 9)));
    const results = await sink.apply(ids.map((id) => put(view, { id }, 5)));
    expect(results.map(said)).toEqual(ids.map((_, i) => (i % 3 === 0 ? "stale" : "applied")));
    expect(await sink.apply([])).toEqual([]);
  });

  test("a scan yields every row once, as get does, and no tombstone", async () => {
    const { sink, view } = opened.under;
    const ids = Array.from({ length: 20 }, freshId);
    await sink.apply(ids.map((id) => put(view, { id, text: "x".repeat(100) }, 1)));
    await sink.apply(ids.slice(0, 5).map((id) => remove(view, id, 2)));
    const wanted = new Set(ids.map((id) => target(view, { id }, 1).key));
    const found: string[] = [];
    for await (const row of sink.scan(view)) if (wanted.has(row.key)) found.push(row.key);
    expect(found.sort()).toEqual([...wanted].slice(5).sort());
  });

  if (!limitsSize) return;
  test("a row over 400 KB is invalid: the answer names its size and the limit", async () => {
    const { sink, view } = opened.under;
    const id = freshId();
    const [result] = await sink.apply([put(view, { id, text: "x".repeat(400 * 1024) }, 1)]);
    expect(said(result)).toBe("invalid-row");
    if (result?.outcome === "failed") expect(result.error.message).toMatch(/weighs 409\d{3} bytes/);
  });
}
