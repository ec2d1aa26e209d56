import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "@jest/globals";

import {
  createFileCheckpoints,
  createMemoryCheckpoints,
} from "../../../src/local/event-source-mapping/checkpoint-store.js";

const positions = { shard: { type: "AFTER", sequenceNumber: "7" } } as const;
let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "millrace-checkpoints-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("G11: a file remembers the positions of every mapping for whoever opens it next", async () => {
  const file = join(folder, "deeper", "checkpoints.json");
  await createFileCheckpoints(file).save("a", positions);
  const again = createFileCheckpoints(file);
  await again.save("b", { shard: { type: "SHARD_END" } });
  expect(await createFileCheckpoints(file).load("a")).toEqual(positions);
  expect(await createFileCheckpoints(file).load("b")).toEqual({ shard: { type: "SHARD_END" } });
  expect(readdirSync(join(folder, "deeper"))).toEqual(["checkpoints.json"]);
});

test("a mapping never seen has no positions", async () => {
  expect(await createMemoryCheckpoints().load("a")).toEqual({});
  expect(await createFileCheckpoints(join(folder, "none.json")).load("a")).toEqual({});
});

test("a file that is not one of ours is named, not overwritten", () => {
  const file = join(folder, "checkpoints.json");
  writeFileSync(file, "{ half");
  expect(() => createFileCheckpoints(file)).toThrow(`${file} holds no checkpoints; delete it`);
});
