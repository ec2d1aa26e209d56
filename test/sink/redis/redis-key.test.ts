import { expect, test } from "@jest/globals";
import fc from "fast-check";

import { companionKey, isCompanionKey } from "../../../src/sink/redis/redis-key.js";

/** What Redis Cluster hashes of a key. Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ "Hash tags". */
function hashed(key: string): string {
  const open = key.indexOf("{");
  const close = key.indexOf("}", open + 1);
  return open >= 0 && close > open + 1 ? key.slice(open + 1, close) : key;
}

test("a note lies in its entry's slot, under another key, for plain keys and keys with a hash tag", () => {
  const plain = fc.string({ minLength: 1 }).filter((key) => !/[{}]/.test(key));
  const tagged = fc.tuple(plain, plain, plain).map(([a, tag, b]) => `${a}{${tag}}${b}`);
  fc.assert(
    fc.property(fc.oneof(plain, tagged), (key) => {
      const note = companionKey(key, "note");
      expect(hashed(note)).toBe(hashed(key));
      expect(note).not.toBe(key);
      expect(isCompanionKey(note)).toBe(true);
    }),
  );
});

test('a plain key that ends in ":note" is still an entry', () => {
  expect(isCompanionKey("user:note")).toBe(false);
});

test("a plain key and its hash-tagged namesake do not share a note", () => {
  expect(companionKey("a", "note")).not.toBe(companionKey("a{a}", "note"));
});
