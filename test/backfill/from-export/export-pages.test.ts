import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { folderFiles } from "../../../src/backfill/from-export/export-files.js";
import { readManifest } from "../../../src/backfill/from-export/export-manifest.js";
import { exportedPages } from "../../../src/backfill/from-export/export-pages.js";
import type { ItemPage } from "../../../src/backfill/item-pages.js";
import type { Item } from "../../../src/change/attribute-value.js";
import { numberKey } from "../../../src/view/key.js";
import { source } from "../../../src/view/source.js";
import { exportFiles, writeFiles } from "../../support/write-export.js";

const AT = Date.UTC(2026, 0, 5, 10);
const things = source<{ id: string; n: number }>({ table: "things", key: ["id", numberKey("n")] });
const root = mkdtempSync(join(tmpdir(), "millrace-pages-"));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;

const written = (options: { readonly files: readonly (readonly Item[])[] }) =>
  writeFiles(join(root, String(folders++)), exportFiles({ table: "things", atMs: AT, ...options }));

async function pagesIn(folder: string, pageItems: number, matches?: (item: Item) => boolean) {
  const files = folderFiles(folder);
  const manifest = await readManifest(files);
  const options = { source: things, pageItems, ...(matches && { matches }) };
  return exportedPages({ files, manifest }, options);
}

async function all(pages: AsyncIterable<ItemPage>): Promise<ItemPage[]> {
  const found: ItemPage[] = [];
  for await (const page of pages) found.push(page);
  return found;
}

const thing = (n: number): Item => ({ id: `t-${n}`, n, note: "é\u2028" });
const owner = (n: number) => JSON.stringify([`t-${n}`, n]);

describe("pages of an export", () => {
  test("G70: every item is in exactly one page, as of the export, also gone on with after any page", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 5 }),
        async (sizes, segments, pageItems) => {
          let n = 0;
          const files = sizes.map((size) => Array.from({ length: size }, () => thing(n++)));
          const pages = await pagesIn(written({ files }), pageItems);
          const seen: string[] = [];
          for (let segment = 0; segment < segments; segment++) {
            const own = await all(pages.pages(segment, segments));
            seen.push(...own.flatMap(({ owners }) => owners));
            expect(own.every(({ atMs, owners }) => atMs === AT && owners.length <= pageItems)).toBe(
              true,
            );
            expect(own.slice(0, -1).every(({ next }) => next !== undefined)).toBe(true);
            expect(own.at(-1)?.next).toBeUndefined();
            for (const [i, { next }] of own.entries())
              if (next !== undefined)
                expect(await all(pages.pages(segment, segments, next))).toEqual(own.slice(i + 1));
          }
          expect(seen.sort()).toEqual(Array.from({ length: n }, (_, i) => owner(i)).sort());
        },
      ),
      { numRuns: 20 },
    );
  });

  test("items are as a change's image would show them, and only those that are meant", async () => {
    const item = {
      id: "a",
      n: 1,
      big: 12345678901234567890n,
      set: new Set(["x"]),
      bytes: Uint8Array.of(1, 2),
      __millrace: undefined,
    };
    const { __millrace: _none, ...own } = item;
    const folder = written({ files: [[own, thing(2)]] });
    const [page] = await all((await pagesIn(folder, 9, ({ id }) => id === "a")).pages(0, 1));
    expect(page).toMatchObject({ owners: ['["a",1]'], scanned: 2, readUnits: 0 });
    expect(String(page?.items?.get('["a",1]')?.["big"])).toBe("12345678901234567890");
    expect(page?.items?.get('["a",1]')).toMatchObject({
      set: new Set(["x"]),
      bytes: Uint8Array.of(1, 2),
    });
  });

  test("a page has a megabyte at most, about", async () => {
    const large = Array.from({ length: 5 }, (_, n) => ({
      ...thing(n),
      text: "x".repeat(400_000),
    }));
    const pages = await all((await pagesIn(written({ files: [large] }), 200)).pages(0, 1));
    expect(pages.map(({ owners }) => owners.length)).toEqual([3, 2]);
  });
});
