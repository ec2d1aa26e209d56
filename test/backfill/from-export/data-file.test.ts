import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "@jest/globals";

import { type ExportedLine, readDataFile } from "../../../src/backfill/from-export/data-file.js";
import { folderFiles } from "../../../src/backfill/from-export/export-files.js";
import { readManifest } from "../../../src/backfill/from-export/export-manifest.js";
import { numberKey } from "../../../src/view/key.js";
import { source } from "../../../src/view/source.js";
import { exportFiles, type ExportOptions, writeFiles } from "../../support/write-export.js";

const things = source<{ id: string; n: number }>({ table: "things", key: ["id", numberKey("n")] });
const root = mkdtempSync(join(tmpdir(), "millrace-data-"));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;

const thing = (n: number) => ({ id: `t-${n}`, n });
const THREE = [thing(1), thing(2), thing(3)];

/** A data file of an export that was written with a text of its own. */
async function written(text?: ExportOptions["text"]) {
  const options = { table: "things", atMs: Date.UTC(2026, 0, 5), files: [THREE] };
  const folder = join(root, String(folders++));
  const files = folderFiles(writeFiles(folder, exportFiles({ ...options, ...(text && { text }) })));
  const file = (await readManifest(files)).files[0]!;
  const found: ExportedLine[] = [];
  return {
    path: join(folder, file.path),
    found,
    read: async (afterLine = 0, of = file) => {
      for await (const line of readDataFile(files, of, things, afterLine)) found.push(line);
    },
    file,
  };
}

/** With something else in place of the third line. */
const third = (line: string) =>
  written((lines) => [...lines.split("\n").slice(0, 2), line].join("\n"));

describe("a data file of an export", () => {
  test("is read from a line on, also where the last one is not ended", async () => {
    const { read, found } = await written((lines) => lines.trimEnd());
    await read(1);
    expect(found).toMatchObject([
      { line: 2, owner: '["t-2",2]', item: thing(2) },
      { line: 3, owner: '["t-3",3]', item: thing(3) },
    ]);
  });

  test("has no item where a row of a followed view is a tombstone", async () => {
    const tombstone =
      '{"Item":{"id":{"S":"t-3"},"n":{"N":"3"},"_millrace":{"M":{"d":{"BOOL":true}}}}}';
    const { read, found } = await third(tombstone);
    await read();
    expect(found.map(({ item }) => item !== undefined)).toEqual([true, true, false]);
  });

  test("G71: a line that is no item, or not of the source's key, is told with file and line", async () => {
    const at = /data\/file0\.json\.gz, line 3: /.source;
    const reading = async (line: string) => (await third(line)).read();
    for (const line of ['{"Item":{"id"', '{"id":"t-3"}', '{"Item":{"id":{"X":"t-3"}}}'])
      await expect(reading(line)).rejects.toThrow(new RegExp(`${at}it is no {"Item"`));
    await expect(reading('{"Item":{"id":{"S":"t-3"}}}')).rejects.toThrow(
      new RegExp(`${at}key attribute "n" of type N is missing; declare source "things"`),
    );
    await expect(reading('{"Item":{"id":{"S":"t-3"},"n":{"S":"3"}}}')).rejects.toThrow(
      new RegExp(`${at}key attribute "n" of type N is {"S":"3"}`),
    );
  });

  test("G71: of a file that is not what the manifest says, nothing is used", async () => {
    const { path, read, found } = await written();
    truncateSync(path, 40);
    await expect(read()).rejects.toThrow(
      /file0\.json\.gz: its MD5 checksum is .*, and the manifest says/,
    );
    rmSync(path);
    await expect(read()).rejects.toThrow(/file0\.json\.gz: .*ENOENT.*; copy the export again/);
    expect(found).toEqual([]);
  });

  test("G71: a file that ends too early is told, also where no checksum is given", async () => {
    const { path, read, file } = await written((lines) => `${lines.split("\n")[0]}\n`);
    await expect(read()).rejects.toThrow(/it has 1 items, and the manifest says 3/);
    truncateSync(path, 40);
    const { md5: _md5, ...unchecked } = file;
    await expect(read(0, unchecked)).rejects.toThrow(/file0\.json\.gz: .*unexpected end of file/);
  });
});
