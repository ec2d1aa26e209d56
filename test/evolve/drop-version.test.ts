import { describe, expect, test } from "@jest/globals";

import { holdingsOf } from "../../src/evolve/drop-version.js";
import { createMemoryViewRecords } from "../../src/state/memory-view-records.js";
import { writeDefinition } from "../../src/state/view-records.js";
import { first, hotFirst, hotSecond, second } from "./versions.js";

/** Records of both versions of both views, of which the second is read. */
async function records() {
  const made = createMemoryViewRecords();
  for (const view of [first, second, hotFirst, hotSecond])
    await writeDefinition(made, view, { by: "backfill", atMs: 1 });
  for (const view of ["open-orders", "hot-orders"])
    await made.switchTo(view, undefined, { version: 2, switchedAtMs: 2 });
  return made;
}

const old = { view: "open-orders", version: 1 };

test("what a version holds that nobody reads or writes may go", async () => {
  expect(await holdingsOf(await records(), [second], old)).toEqual({ tables: ["open-orders"] });
  const made = await records();
  await made.switchTo("hot-orders", 2, { version: 1, switchedAtMs: 3 });
  expect(await holdingsOf(made, [hotFirst], { view: "hot-orders", version: 2 })).toEqual({
    tables: [],
    keyPrefix: "hot-orders@2:",
  });
});

describe("N18: never dropped is a version that", () => {
  test("is read", async () => {
    const current = { view: "open-orders", version: 2 };
    await expect(holdingsOf(await records(), [first], current)).rejects.toThrow("that is read");
  });

  test("may be read, because nobody ever switched", async () => {
    const made = createMemoryViewRecords();
    await writeDefinition(made, first, { by: "dev", atMs: 1 });
    await expect(holdingsOf(made, [second], old)).rejects.toThrow("was never switched");
  });

  test("is written", async () => {
    await expect(holdingsOf(await records(), [first, second], old)).rejects.toThrow(
      '"open-orders" is still declared, and written',
    );
  });

  test("is not known, or cannot be told from others", async () => {
    const made = await records();
    await expect(holdingsOf(made, [], { ...old, version: 7 })).rejects.toThrow("nothing is known");
    const hot = { view: "hot-orders", version: 1 };
    await expect(holdingsOf(made, [hotSecond], hot)).rejects.toThrow("have no prefix of their own");
  });
});
