import type { Item } from "../change/attribute-value.js";
import { type CacheFunctions, compileCacheRows } from "./cache-rows.js";
import { cacheMistakes } from "./cache-view-mistakes.js";
import { type Definition, definitionOf } from "./definition.js";
import type { DataPredicate } from "./predicate.js";
import { callView, type Row } from "./row.js";
import { type Guard, isData, type Where } from "./table-view.js";
import type { SourceOf, ViewSource } from "./view.js";
import { versionKeyPrefix, viewName } from "./view-name.js";

/** One entry an item: a string of JSON, or a hash whose fields a plain HGETALL reads. */
export type EntryType = "json" | "hash";

/** Many items under one key: a sorted set, a set, or a list of the most recent. */
export type CollectionType = "sorted-set" | "set" | "list";

/** Telling subscribers of changes: by XADD to a stream, or by PUBLISH to a channel. */
export type NotificationType = "stream" | "channel";

/** What a cache view makes of its rows in Redis. */
export type CacheType = EntryType | CollectionType | NotificationType;

/** A view kept in Redis or Valkey. */
export interface CacheView<R extends object = object, T extends CacheType = CacheType> {
  readonly kind: "cache-view";
  readonly name: string;
  readonly source: ViewSource;
  readonly type: T;
  /** What comes before the key of every entry: nothing in a view's first version. */
  readonly keyPrefix: string;
  /** How long an entry lives after the change that made it, in seconds; for ever where it is not given. */
  readonly ttlSeconds?: number;
  /** Share of `ttlSeconds` by which lives differ from key to key, 0 to 1. */
  readonly ttlJitter: number;
  /** Whether a row deserves memory before anybody has asked for it; one that does not is kept true where it is. */
  readonly isHot: (value: Item) => boolean;
  /** Most bytes a value may have; a larger one is not kept. */
  readonly maxValueBytes?: number;
  /** Members a collection shows, the highest scores first; all where it is not given. */
  readonly keep?: number;
  /** Members kept beyond those shown, so that one that leaves is replaced by the next. */
  readonly spare: number;
  /** Messages a stream holds, about. */
  readonly maxLength: number;
  readonly filter?: DataPredicate<Item>;
  /** What says which entries there are, for telling whether it was changed. */
  readonly definition: Definition;
  readonly rowsOf: (item: Item) => readonly Row[];
  readonly mistakes: readonly string[];
  readonly entry?: R;
}

interface CommonOptions<I extends object, N extends I> {
  /** Name of the view, unique in the pipeline but for its versions. */
  readonly name: string;
  /** Which of the versions of that name; 1 where it is not given. From the second on, every key begins with `name@2:`. */
  readonly version?: number;
  readonly source: SourceOf<I>;
  readonly where?: Guard<I, N> | Where<I>;
  /** The Redis key of an item's entry or collection. Must follow from the item alone. */
  readonly key: (item: N) => string;
  readonly ttlSeconds?: number;
  /** Share of `ttlSeconds`, 0 to 1, by which lives are shortened, differently for each key, so that they do not end together. */
  readonly ttlJitter?: number;
}

interface EntryOptions<
  I extends object,
  N extends I,
  R extends object,
  T extends EntryType,
> extends CommonOptions<I, N> {
  readonly type: T;
  /** What the entry holds; the item itself where it is not given. */
  readonly value?: (item: N) => R;
  /**
   * What deserves memory before a reader asks for it: `"all"` (the default), `"pulled"` for only what readers pulled in,
   * or a predicate over the entry. An entry that is there is kept true in any case.
   */
  readonly hot?: "all" | "pulled" | ((entry: NoInfer<R>) => boolean);
  /** Most bytes an entry's JSON may have; what is larger is counted as `skipped`, and not kept. */
  readonly maxValueBytes?: number;
}

interface SortedSetOptions<
  I extends object,
  N extends I,
  T extends "sorted-set",
> extends CommonOptions<I, N> {
  readonly type: T;
  /** The member an item is; two items may not be the same member. */
  readonly member: (item: N) => string;
  /** What orders members: highest first, ties by member, last first. A time makes it "newest first". */
  readonly score: (item: N) => number;
  /** Only the members of the highest scores are kept, so many of them. */
  readonly keep?: number;
  /** Members held beyond `keep`, unseen, so that one that leaves is replaced; by default as many as `keep`. */
  readonly spare?: number;
}

interface SetOptions<I extends object, N extends I, T extends "set"> extends CommonOptions<I, N> {
  readonly type: T;
  /** The member an item contributes; it is in the set while any item contributes it. */
  readonly member: (item: N) => string;
}

interface ListOptions<
  I extends object,
  N extends I,
  R extends object,
  T extends "list",
> extends CommonOptions<I, N> {
  readonly type: T;
  /** What orders the list, a time most often: highest first. */
  readonly score: (item: N) => number;
  /** What an element holds, as JSON; the item itself where it is not given. */
  readonly value?: (item: N) => R;
  readonly keep: number;
  readonly spare?: number;
}

interface NotificationOptions<
  I extends object,
  N extends I,
  R extends object,
  T extends NotificationType,
> extends CommonOptions<I, N> {
  readonly type: T;
  /** What a message tells of the item; the item itself where it is not given. */
  readonly value?: (item: N) => R;
  /** Messages a stream holds, about; 10,000 where it is not given. */
  readonly maxLength?: number;
}

/** What {@link cacheView} takes. `I` is the source's item, `N` the item `where` lets through, `R` the entry. */
export type CacheViewOptions<
  I extends object,
  N extends I,
  R extends object,
  T extends CacheType = CacheType,
> =
  | EntryOptions<I, N, R, T & EntryType>
  | SortedSetOptions<I, N, T & "sorted-set">
  | SetOptions<I, N, T & "set">
  | ListOptions<I, N, R, T & "list">
  | NotificationOptions<I, N, R, T & NotificationType>;

/** All options of any kind of view, as a declaration is read. */
interface AnyOptions extends CacheFunctions {
  readonly version?: number;
  readonly source: ViewSource;
  readonly type: CacheType;
  readonly ttlSeconds?: number;
  readonly ttlJitter?: number;
  readonly hot?: "all" | "pulled" | ((entry: Item) => boolean);
  readonly maxValueBytes?: number;
  readonly keep?: number;
  readonly spare?: number;
  readonly maxLength?: number;
}

const DEFAULT_MAX_LENGTH = 10_000;

/**
 * Declares a view kept in Redis or Valkey.
 *
 * @example
 * cacheView({ name: "hot-orders", source: orders, type: "hash", key: (o) => `order:${o.orderId}`, ttlSeconds: 3600 });
 */
export function cacheView<
  I extends object,
  N extends I = I,
  R extends object = N,
  T extends CacheType = CacheType,
>(options: CacheViewOptions<I, N, R, T>): CacheView<R, T> {
  const all = options as unknown as AnyOptions;
  const versioned = { view: all.name, version: all.version ?? 1 };
  const name = viewName(versioned);
  const keyPrefix = versionKeyPrefix(versioned);
  const { source, type, ttlSeconds, ttlJitter = 0, maxValueBytes, keep } = all;
  return {
    kind: "cache-view",
    name,
    source,
    type: type as T,
    keyPrefix,
    ...(ttlSeconds !== undefined && { ttlSeconds }),
    ttlJitter,
    isHot: compileHot(name, all.hot),
    ...(maxValueBytes !== undefined && { maxValueBytes }),
    ...(keep !== undefined && { keep }),
    spare: all.spare ?? keep ?? 0,
    maxLength: all.maxLength ?? DEFAULT_MAX_LENGTH,
    ...(isData(all.where) && { filter: all.where }),
    definition: definitionOf({
      kind: "cache-view",
      source: source?.table,
      type,
      ...{ where: all.where, key: all.key, value: all.value, member: all.member },
      ...{ score: all.score, hot: all.hot, maxValueBytes, keep },
    }),
    rowsOf: compileCacheRows({ ...all, name, keyPrefix }),
    mistakes: cacheMistakes({ ...all }),
  };
}

function compileHot(view: string, hot: AnyOptions["hot"]): (value: Item) => boolean {
  if (typeof hot === "function") return (value) => callView(view, "hot", () => hot(value));
  return () => hot !== "pulled";
}
