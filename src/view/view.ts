import type { AggregateView } from "./aggregate/aggregate-view.js";
import type { CacheView } from "./cache-view.js";
import type { Source } from "./source.js";
import type { TableView } from "./table-view.js";

/** A declared, maintained result, of any kind. */
export type View = TableView | AggregateView | CacheView;

/** A view kept in a DynamoDB table, whose changes further views can follow. */
export type StoredView = TableView | AggregateView;

/** Something whose changes a view follows. */
export type ViewSource = Source | StoredView;

/** Something that holds items of type `I` and whose changes a view can follow. */
export type SourceOf<I extends object> = Source<I> | TableView<I> | AggregateView<I>;
