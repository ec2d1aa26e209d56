import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, test } from "@jest/globals";

import { folderFiles } from "../../../src/backfill/from-export/export-files.js";

const root = mkdtempSync(join(tmpdir(), "millrace-files-"));
afterAll(() => rmSync(root, { recursive: true }));

test("a folder's files are read where they are, what is missing is nothing, and all else is told", async () => {
  mkdirSync(join(root, "data"));
  writeFileSync(join(root, "data", "a.txt"), "a");
  const files = folderFiles(root);
  expect(await files.read("data/a.txt")).toBe("a");
  expect(await files.read("data/b.txt")).toBeUndefined();
  expect(await files.read("data/a.txt/b.txt")).toBeUndefined();
  expect(await files.folders("")).toEqual(["data"]);
  expect(await files.folders("nowhere")).toEqual([]);
  await expect(files.read("data")).rejects.toThrow(/EISDIR/);
  const fetched = await files.fetch("data/a.txt");
  await fetched.release();
  expect(await files.read("data/a.txt")).toBe("a");
  expect(fetched.path).toBe(join(root, "data", "a.txt"));
});
