import { describe, expect, test } from "@jest/globals";

import { readScope } from "../../src/backfill/scope.js";
import type { SourceItems } from "../../src/upkeep/source-items.js";
import { source } from "../../src/view/source.js";

const things = source<{ id: string; n: number }>({
  table: "things",
  key: ["id", { name: "n", type: "N" }],
});
const items: SourceItems = {
  streamLabel: async () => "",
  get: async () => new Map(),
  async *scan() {
    const found = [1, 2, 3].map((n) => ({ owner: `["a",${n}]`, item: { id: "a", n } }));
    yield { items: found, scanned: 3, readUnits: 1 };
  },
};

async function ownersOf(scope: ReturnType<typeof readScope>): Promise<string[]> {
  const owners: string[] = [];
  for await (const page of scope.pages(items).pages(0, 1)) owners.push(...page.owners);
  return owners;
}

describe("which items a backfill is about", () => {
  test("all, those a predicate lets through, or those with certain keys", async () => {
    expect(await ownersOf(readScope(things, {}))).toHaveLength(3);
    expect(await ownersOf(readScope(things, { where: '{"n":{"gte":2}}' }))).toEqual([
      '["a",2]',
      '["a",3]',
    ]);
    const byKey = readScope(things, { key: ['["a", 2.0]', '["a",2]', '["b",7]'] });
    expect(await ownersOf(byKey)).toEqual(['["a",2]', '["b",7]']);
    expect(byKey).toMatchObject({ itemsAbout: 2, isPartial: true });
  });

  test("is told apart by its text, however it is typed", () => {
    const text = (where?: string) => readScope(things, where === undefined ? {} : { where }).text;
    expect(text('{"n":{"gte":2}}')).toBe(text(' { "n": {"gte": 2} }'));
    expect(new Set([text(), text('{"n":[1]}'), text('{"n":[2]}')]).size).toBe(3);
  });

  test.each([
    [{ where: "status" }, /--where is status, which is no JSON .* write it like/],
    [{ where: '{"n":{"above":1}}' }, /above is no operator; there are gt/],
    [{ key: ['["a"]'] }, /is not a key of \["id","n"\]/],
    [{ where: "{}", key: ['["a",1]'] }, /give one of them/],
  ])("%j is refused with the remedy", (options, message) => {
    expect(() => readScope(things, options)).toThrow(message);
  });
});
