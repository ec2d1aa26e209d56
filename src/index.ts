/** Millrace's public API. */
export type { SegmentHandler } from "./backfill/segment-handler.js";
export { NumberValue } from "./change/attribute-value.js";
export type { Change, ChangeCause, ChangeType } from "./change/change.js";
export { createTablesHandler } from "./compose.js";
export { createBackfillHandler } from "./compose-backfill.js";
export { createCacheHandler, createCombinedHandler } from "./compose-cache.js";
export { createFailuresHandler } from "./compose-failures.js";
export { currentVersions, type ReaderOptions, tableReader } from "./compose-readers.js";
export { type ErrorCode, type ErrorContext, isMillraceError, MillraceError } from "./errors.js";
export type { FailuresHandler } from "./failures/failures-handler.js";
export type { StreamHandler } from "./lambda/stream-handler.js";
export {
  type CachedEntry,
  type CacheReader,
  type CacheReaderOptions,
  createCacheReader,
  type GetOptions,
  type ScoredMember,
} from "./read/cache-reader.js";
export type { VersionLookup, Versions } from "./read/current-view.js";
export type { KeyValue, KeyValues } from "./read/key-values.js";
export type { SortRange } from "./read/sort-range.js";
export { createItemLoader, type ItemLoader, type LoadedItem } from "./read/source-item.js";
export type { Page, QueryOptions, ReadOptions, TableReader } from "./read/table-reader.js";
export {
  type AggregateView,
  aggregateView,
  type AggregateViewOptions,
} from "./view/aggregate/aggregate-view.js";
export {
  avg,
  count,
  countIf,
  distinctCount,
  earliest,
  latest,
  max,
  type Measure,
  min,
  sum,
  topK,
} from "./view/aggregate/measure.js";
export { bucket, type BucketOptions, type BucketUnit } from "./view/aggregate/time-bucket.js";
export {
  type CacheType,
  type CacheView,
  cacheView,
  type CacheViewOptions,
  type CollectionType,
  type EntryType,
  type NotificationType,
} from "./view/cache-view.js";
export { collectDeclarations, type Declarations } from "./view/declarations.js";
export { binaryKey, type KeyAttribute, numberKey, type TableKey } from "./view/key.js";
export type { Condition, DataPredicate } from "./view/predicate.js";
export { type Source, source, type SourceOptions } from "./view/source.js";
export { type TableView, tableView, type TableViewOptions } from "./view/table-view.js";
export type { View } from "./view/view.js";
