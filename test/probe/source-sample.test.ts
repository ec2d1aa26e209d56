import { describe, expect, test } from "@jest/globals";

import { sampleSource } from "../../src/probe/source-sample.js";
import type { Segment, SourceItems, SourcePage } from "../../src/upkeep/source-items.js";
import { source } from "../../src/view/source.js";

const declared = source<{ id: number }>({ table: "items", key: ["id" as never] });

/** A table of so many items, spread evenly over the segments of a scan, and the pages it was asked for. */
function tableOf(count: number) {
  const asked: Segment[] = [];
  const items: Pick<SourceItems, "scan"> = {
    async *scan(_source, segment) {
      asked.push(segment);
      const { index, total, pageItems = count } = segment;
      const [from, to] = [index, index + 1].map((part) => Math.floor((part * count) / total));
      const ids = Array.from({ length: Math.min(to! - from!, pageItems) }, (_, i) => from! + i);
      const page: SourcePage = {
        items: ids.map((id) => ({ owner: `[${id}]`, item: { id } })),
        scanned: ids.length,
        readUnits: 0,
        ...(ids.length < to! - from! && { next: `[${ids.at(-1)}]` }),
      };
      yield await Promise.resolve(page);
    },
  };
  return { items: items as SourceItems, asked };
}

/** Chance that is the same each time, and covers all there is. */
function evenChance() {
  let n = 0;
  return () => (++n * 0.618034) % 1;
}

describe("a sample of a source", () => {
  test("is all of a table that is smaller", async () => {
    const { items, asked } = tableOf(70);
    const sample = await sampleSource(items, { source: declared, size: 100, random: evenChance() });
    expect(sample).toHaveLength(70);
    expect(asked).toHaveLength(1);
  });

  test("is of the asked size, from all over a larger table, each item once, and never reads much more", async () => {
    for (const count of [150, 5_000, 10_000_000]) {
      const { items, asked } = tableOf(count);
      const sample = await sampleSource(items, { source: declared, size: 100, random: evenChance() }); // prettier-ignore
      const places = sample.map(({ item }) => Number(item["id"]) / count);
      expect(new Set(places).size).toBe(sample.length);
      expect(sample.length).toBeGreaterThan(80);
      expect(sample.length).toBeLessThanOrEqual(100);
      for (const half of [0, 1])
        expect(places.filter((place) => Math.floor(place * 2) === half).length).toBeGreaterThan(20);
      expect(asked.length).toBeLessThanOrEqual(65);
    }
  });
});
