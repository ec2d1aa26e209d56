import { expect, test } from "@jest/globals";

import { probeView } from "../src/compose-probe.js";
import { readConfig } from "../src/config.js";
import { cacheView } from "../src/view/cache-view.js";
import { collectDeclarations } from "../src/view/declarations.js";
import { source } from "../src/view/source.js";
import { tableView } from "../src/view/table-view.js";

const orders = source<{ id: string }>({ table: "orders", key: ["id"] });
const copies = tableView({ name: "copies", source: orders, key: ["id"] });
const news = cacheView({ name: "news", source: orders, type: "channel", key: () => "news" });

test("G12: a view that keeps nothing in the cache is refused by name, with the reason", async () => {
  const declarations = collectDeclarations({ copies, news });
  const { signal } = new AbortController();
  const settings = { sampleSize: 1, forMs: 0, searchesOwners: true, signal };
  for (const [view, reason] of [
    [copies, 'view "copies" is kept in a table'],
    [news, 'view "news" is a channel'],
  ] as const)
    await expect(probeView(readConfig({}), declarations, view, settings)).rejects.toMatchObject({
      code: "configuration",
      message: expect.stringContaining(reason) as unknown,
    });
});
