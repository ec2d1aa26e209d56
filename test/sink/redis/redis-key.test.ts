import { expect, test } from "@jest/globals";
import fc from "fast-check";

import { isTombstoneKey, tombstoneKey } from "../../../src/sink/redis/redis-key.js";

/** What Redis Cluster hashes of a key. Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ "Hash tags". */
function hashed(key: string): string {
  const open = key.indexOf("{");
  const close = key.indexOf("}", open + 1);
  return open >= 0 && close > open + 1 ? key.slice(open + 1, close) : key;
}

test("a tombstone lies in its entry's slot, under another key, for plain keys and keys with a hash tag", () => {
  const plain = fc.string({ minLength: 1 }).filter((key) => !/[{}]/.test(key));
  const tagged = fc.tuple(plain, plain, plain).map(([a, tag, b]) => `${a}{${tag}}${b}`);
  fc.assert(
    fc.property(fc.oneof(plain, tagged), (key) => {
      const tombstone = tombstoneKey(key);
      expect(hashed(tombstone)).toBe(hashed(key));
      expect(tombstone).not.toBe(key);
      expect(isTombstoneKey(tombstone)).toBe(true);
    }),
  );
});

test('a plain key that ends in ":tombstone" is still an entry', () => {
  expect(isTombstoneKey("user:tombstone")).toBe(false);
});

test("a plain key and its hash-tagged namesake do not share a tombstone", () => {
  expect(tombstoneKey("a")).not.toBe(tombstoneKey("a{a}"));
});
