import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "@jest/globals";

import { createFilePartitions } from "../../src/verify/partitions.js";

test("G60: what belongs together comes back together, once, a bounded part at a time, and leaves no file", async () => {
  const folder = join(mkdtempSync(join(tmpdir(), "partitions-")), "made");
  const mostBytes = 300;
  const partitions = createFilePartitions(folder, mostBytes);
  for (let n = 0; n < 1_200; n++) await partitions.write([`key ${n % 600}`, String(n)]);
  const found = new Map<string, number>();
  for await (const lines of partitions.read()) {
    const own = new Set(lines.map(([key]) => key));
    expect([...own].filter((key) => found.has(key))).toEqual([]);
    expect(JSON.stringify(lines).length).toBeLessThan(2 * mostBytes);
    for (const [key] of lines) found.set(key, (found.get(key) ?? 0) + 1);
  }
  expect(found.size).toBe(600);
  expect(new Set(found.values())).toEqual(new Set([2]));
  expect(existsSync(folder)).toBe(false);
});
