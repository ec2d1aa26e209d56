import { type Declarations, followedTables } from "../view/declarations.js";
import { TTL_ATTRIBUTE } from "../view/key.js";
import type { TableDefinition } from "./table-definition.js";

/** The tables that declarations need, sources and views; the state table is not among them. */
export function neededTables(declarations: Declarations): readonly TableDefinition[] {
  const followed = new Set(followedTables(declarations).map(({ table }) => table));
  const sources = declarations.sources.map(({ table, key }) => ({
    table,
    key,
    followed: followed.has(table),
  }));
  const views = declarations.views
    .filter((view) => view.kind === "table-view")
    .map(({ table, key, tombstones }) => {
      return {
        table,
        key,
        followed: followed.has(table),
        ...(tombstones && { ttlAttribute: TTL_ATTRIBUTE }),
      };
    });
  return [...sources, ...views];
}
