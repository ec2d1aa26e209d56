import { describe, expect, test } from "@jest/globals";

import { cacheView, type CacheViewOptions } from "../../src/view/cache-view.js";
import { source } from "../../src/view/source.js";

interface Flight {
  flightId: string;
  status: "DEPARTED" | "LANDED";
  delay?: number;
}

const flights = source<Flight>({ table: "flights", key: ["flightId"] });
const departed: Flight = { flightId: "F1", status: "DEPARTED", delay: 5 };
const landed: Flight = { flightId: "F2", status: "LANDED" };

describe("a cache view", () => {
  test("keeps the item itself under the key its function gives", () => {
    const view = cacheView({
      name: "hot",
      source: flights,
      type: "hash",
      key: (f) => `flight:${f.flightId}`,
      ttlSeconds: 60,
    });
    expect(view).toMatchObject({
      kind: "cache-view",
      name: "hot",
      type: "hash",
      ttlSeconds: 60,
      source: flights,
      mistakes: [],
    });
    expect(view.rowsOf({ ...departed })).toEqual([{ key: "flight:F1", value: departed }]);
  });

  test("keeps what value makes of the item, of the items where lets through", () => {
    const where = { status: ["DEPARTED" as const] };
    const view = cacheView({
      name: "hot",
      source: flights,
      where,
      type: "json",
      key: (f) => f.flightId,
      value: ({ delay = 0 }) => ({ late: delay > 0 }),
    });
    expect(view.rowsOf({ ...departed })).toEqual([{ key: "F1", value: { late: true } }]);
    expect(view.rowsOf({ ...landed })).toEqual([]);
    expect(view.filter).toBe(where);
    expect(view).not.toHaveProperty("ttlSeconds");
  });

  test("asks key and value only of the items its guard lets through", () => {
    interface Late extends Flight {
      delay: number;
    }
    const view = cacheView({
      name: "late",
      source: flights,
      where: (f): f is Late => f.delay !== undefined,
      type: "json",
      key: (f) => `late:${f.delay.toFixed(0)}`,
    });
    expect(view.rowsOf({ ...departed })).toEqual([{ key: "late:5", value: departed }]);
    expect(view.rowsOf({ ...landed })).toEqual([]);
  });
});

describe("a Redis key", () => {
  const derive = (key: unknown) => {
    const view = cacheView({ name: "v", source: flights, type: "json", key: () => key as string });
    return () => view.rowsOf({ ...departed });
  };

  test.each([
    "flight:F1",
    "{SFO}:flight:F1",
    "board:{SFO}",
    "post:undefined-behaviour",
    "NaNcy",
    "ünïcode ✈",
    "closing}only",
  ])("may be %j", (key) => {
    expect(derive(key)()).toMatchObject([{ key }]);
  });

  test.each<[unknown, string]>([
    ["", "is not a non-empty string; build it from attributes the item always has"],
    [undefined, "is not a non-empty string"],
    [5, "is not a non-empty string"],
    ["flight:undefined", "contains a missing value; build it from attributes the item always has"],
    ["undefined", "contains a missing value"],
    ["{undefined}:x", "contains a missing value"],
    ["a:NaN:b", "contains a missing value"],
    ["flight:[object Object]", "contains a missing value"],
    ["a{b", 'has "{" without a hash tag; write {tag} or leave the brace out'],
    ["a{}b", 'has "{" without a hash tag'],
    ["a{}{b}", 'has "{" without a hash tag'],
  ])("cannot be %j", (key, fault) => {
    expect(derive(key)).toThrow(`view "v": the Redis key ${JSON.stringify(key)} ${fault}`);
    expect(derive(key)).toThrow(
      expect.objectContaining({ code: "invalid-row", context: { view: "v" } }),
    );
  });
});

describe("an entry", () => {
  test.each([undefined, null, "text", 5, ["a"]])("cannot be %j", (value) => {
    const view = cacheView({
      name: "v",
      source: flights,
      type: "json",
      key: () => "k",
      value: () => value as unknown as object,
    });
    expect(() => view.rowsOf({ ...departed })).toThrow(
      `view "v": a value is ${JSON.stringify(value)}; return an object of attributes`,
    );
  });

  test.each(["where", "key", "value"])("is not derived where %s throws", (option) => {
    const fail = () => {
      throw new Error("cannot");
    };
    const options = { name: "v", source: flights, type: "json", key: () => "k", [option]: fail };
    const view = cacheView(options as CacheViewOptions<Flight, Flight, Flight>);
    expect(() => view.rowsOf({ ...departed })).toThrow(`view "v": ${option} threw: cannot`);
  });
});

describe("mistakes in a cache view", () => {
  const mistakes = (options: object) =>
    cacheView({ name: "v", source: flights, type: "json", key: () => "k", ...options }).mistakes;

  test.each<[string, object, string]>([
    ["its name", { name: "-" }, 'view "-": not a name'],
    [
      "its type",
      { type: "zset" },
      'view "v": type is "zset"; there are "json", "hash", "sorted-set"',
    ],
    ["what a kind needs", { type: "set" }, 'view "v": member is missing; a set view needs it'],
    ["what a kind does not take", { keep: 3 }, 'view "v": a json view takes no keep; leave it out'],
    ["what is hot", { hot: "some" }, 'view "v": hot is "some"; give "all", "pulled" or a function'],
    [
      "too much jitter",
      { ttlJitter: 1 },
      'view "v": ttlJitter is 1; give a share of the life from 0 to below 1',
    ],
    [
      "no size",
      { maxValueBytes: 0 },
      'view "v": maxValueBytes is 0; give a whole number of bytes above 0',
    ],
    ["no type", { type: undefined }, 'view "v": type is undefined; there are'],
    [
      "its key",
      { key: "flight" },
      'view "v": key is "flight"; give a function from the item to its Redis key',
    ],
    ["its value", { value: {} }, 'view "v": value is {}; give a function of the item'],
    ["its predicate", { where: { status: [] } }, 'view "v": where.status is an empty list'],
    [
      "no time to live",
      { ttlSeconds: 0 },
      'view "v": ttlSeconds is 0; give a whole number of seconds above 0',
    ],
    ["part of a second", { ttlSeconds: 1.5 }, 'view "v": ttlSeconds is 1.5; give'],
    ["a time in text", { ttlSeconds: "60" }, 'view "v": ttlSeconds is "60"; give'],
  ])("are told, not thrown: %s", (_what, options, start) => {
    const found = mistakes(options);
    expect(found).toHaveLength(1);
    expect(found[0]!.slice(0, start.length)).toBe(start);
  });

  test("are told all together", () => {
    expect(
      mistakes({ name: "", type: 1, key: 1, value: 1, where: 1, ttlSeconds: -1 }),
    ).toHaveLength(6);
  });
});
