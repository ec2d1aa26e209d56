import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "@jest/globals";

import { folderFiles } from "../../../src/backfill/from-export/export-files.js";
import { readManifest } from "../../../src/backfill/from-export/export-manifest.js";
import {
  EXPORT_ID,
  exportFiles,
  type ExportOptions,
  writeFiles,
} from "../../support/write-export.js";

const AT = Date.UTC(2026, 0, 5, 10);
const root = mkdtempSync(join(tmpdir(), "millrace-manifest-"));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;

const written = (options: Partial<ExportOptions> = {}) => {
  const files = [[{ id: "a" }], [], [{ id: "b" }, { id: "c" }]];
  const all = exportFiles({ table: "orders", atMs: AT, files, ...options });
  return writeFiles(join(root, String(folders++)), all);
};
const manifestIn = (folder: string) => readManifest(folderFiles(folder));

describe("the manifest of an export", () => {
  test("tells table, time and the files that have items, from its own folder or those above it", async () => {
    const folder = written();
    const own = join("AWSDynamoDB", EXPORT_ID);
    const manifest = await manifestIn(join(folder, own));
    expect(manifest).toMatchObject({ table: "orders", atMs: AT });
    expect(manifest.id).toContain(EXPORT_ID);
    expect(manifest.files).toMatchObject([
      { path: "data/file0.json.gz", items: 1, md5: expect.stringMatching(/==$/) },
      { path: "data/file2.json.gz", items: 2 },
    ]);
    for (const above of [folder, join(folder, "AWSDynamoDB")])
      expect((await manifestIn(above)).files[0]?.path).toMatch(`${EXPORT_ID}/data/file0.json.gz`);
  });

  test("G71: an export that is no full one in DynamoDB JSON is refused with the remedy", async () => {
    const refused = (summary: ExportOptions["summary"] = {}) => manifestIn(written({ summary }));
    await expect(refused({ outputFormat: "ION" })).rejects.toThrow(
      /of format ION; export the table again with --export-format DYNAMODB_JSON/,
    );
    await expect(refused({ exportType: "INCREMENTAL_EXPORT" })).rejects.toThrow(
      /incremental export.* --export-type FULL_EXPORT/,
    );
    await expect(refused({ exportTime: null })).rejects.toThrow(/lacks exportArn, exportTime or/);
    await expect(refused({ exportTime: "2999-01-01T00:00:00Z" })).rejects.toThrow(/yet to come/);
    expect(await refused({ exportType: undefined })).toMatchObject({ table: "orders" });
  });

  test("a folder with no export, or several, is refused with what there is", async () => {
    await expect(manifestIn(join(root, "nowhere"))).rejects.toThrow(
      /there is no manifest-summary.json in .*nowhere; name the folder of an export that is finished/,
    );
    const folder = written();
    const others = [...exportFiles({ table: "orders", atMs: AT, files: [] })].map(
      ([path, body]) => [path.replace(EXPORT_ID, "another"), body] as const,
    );
    writeFiles(folder, new Map(others));
    await expect(manifestIn(folder)).rejects.toThrow(
      /there are 2 exports in .*AWSDynamoDB\/another\/.*name one of these folders/,
    );
  });

  test("a manifest that is cut off or names no files is refused, with its line", async () => {
    const files = new Map(exportFiles({ table: "orders", atMs: AT, files: [] }));
    const list = `AWSDynamoDB/${EXPORT_ID}/manifest-files.json`;
    const having = (text: string) => writeFiles(written(), new Map([[list, Buffer.from(text)]]));
    await expect(manifestIn(having('{"itemCount":1}\n'))).rejects.toThrow(/line 1, names no file/);
    await expect(manifestIn(having('{"itemCount'))).rejects.toThrow(/line 1, cannot be read/);
    files.delete(list);
    await expect(manifestIn(writeFiles(join(root, "half"), files))).rejects.toThrow(
      /there is no .*manifest-files.json; copy the whole export/,
    );
  });
});
