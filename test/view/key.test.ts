import { describe, expect, test } from "@jest/globals";

import {
  binaryKey,
  keyMistakes,
  numberKey,
  RESERVED_ATTRIBUTE,
  resolveKey,
  TTL_ATTRIBUTE,
} from "../../src/view/key.js";

type Declared = Parameters<typeof resolveKey>[0];

describe("a key", () => {
  test("has strings by name and other types by numberKey and binaryKey", () => {
    expect(resolveKey(["pk", numberKey("at")])).toEqual([
      { name: "pk", type: "S" },
      { name: "at", type: "N" },
    ]);
    expect(resolveKey([binaryKey("hash")])).toEqual([{ name: "hash", type: "B" }]);
    expect(keyMistakes("source", ["pk", numberKey("at")])).toEqual([]);
    expect(keyMistakes("source", [binaryKey("hash")])).toEqual([]);
  });

  test.each<[unknown, string]>([
    [undefined, "source: key is undefined; give a list of the partition key and at most one sort"],
    ["pk", 'source: key is "pk"; give a list'],
    [[], "source: key has 0 attributes; name the partition key and at most one sort key"],
    [["a", "b", "c"], "source: key has 3 attributes; name the partition key and at most one sort"],
    [["a", "a"], 'source: key names "a" twice; partition and sort key must differ'],
    [["a", numberKey("a")], 'source: key names "a" twice'],
    [
      [""],
      'source: key attribute {"name":"","type":"S"} is not one; name a string attribute as it',
    ],
    [[null], "source: key attribute null is not one"],
    [[5], "source: key attribute 5 is not one"],
    [[{ name: "a", type: "BOOL" }], 'source: key attribute {"name":"a","type":"BOOL"} is not one'],
    [[RESERVED_ATTRIBUTE], 'source: key attribute "_millrace" is reserved for Millrace\'s own'],
    [[TTL_ATTRIBUTE], 'source: key attribute "_millrace_ttl" is reserved'],
  ])("declared as %j is a mistake that is told, not thrown", (declared, start) => {
    const mistakes = keyMistakes("source", declared as Declared);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]!.slice(0, start.length)).toBe(start);
    expect(() => resolveKey(declared as Declared)).not.toThrow();
  });
});
