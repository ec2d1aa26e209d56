import { type Declarations, followedTables } from "../view/declarations.js";
import { type KeyAttribute, TTL_ATTRIBUTE } from "../view/key.js";
import type { TableDefinition } from "./table-definition.js";

/** Key of a table of an aggregate view's workings. */
const WORKINGS_KEY: readonly KeyAttribute[] = [
  { name: "pk", type: "S" },
  { name: "sk", type: "S" },
];

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
  const aggregates = declarations.views
    .filter((view) => view.kind === "aggregate-view")
    .flatMap(({ table, workingsTable, key }) => [
      { table, key, followed: followed.has(table) },
      { table: workingsTable, key: WORKINGS_KEY, followed: false, ttlAttribute: TTL_ATTRIBUTE },
    ]);
  return [...sources, ...views, ...aggregates];
}
