import type { CacheView } from "./cache-view.js";
import type { Source } from "./source.js";
import type { TableView } from "./table-view.js";

/** A declared, maintained result, of any kind. */
export type View = TableView | CacheView;

/** Something whose changes a view follows. */
export type ViewSource = Source | TableView;
