import { expect, test } from "@jest/globals";

import { createMemoryProgress } from "../../src/state/memory-progress.js";
import { createMemoryViewRecords } from "../../src/state/memory-view-records.js";
import { changedParts } from "../../src/state/view-records.js";
import { noteWhole } from "../../src/upkeep/note-whole.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";

test("views that are whole are noted as mended, and their rows as of the declaration of now", async () => {
  const orders = source<{ id: string; shop: string }>({ table: "orders", key: ["id"] });
  const view = tableView({ name: "by-shop", source: orders, key: ["shop", "id"] });
  const progress = createMemoryProgress();
  const records = createMemoryViewRecords();
  await noteWhole({ progress, records }, [view], 1_000);
  expect((await progress.read("orders")).mendedAtMs).toEqual({ "by-shop": 1_000 });
  const noted = await records.definition({ view: "by-shop", version: 1 });
  expect(noted).toMatchObject({ recordedAtMs: 1_000, tables: ["by-shop"] });
  expect(changedParts(noted?.digests ?? {}, view.definition)).toEqual([]);
});
