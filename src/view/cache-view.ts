import type { Item } from "../change/attribute-value.js";
import { MillraceError } from "../errors.js";
import { type DataPredicate, predicateMistakes } from "./predicate.js";
import { callView, type Row } from "./row.js";
import {
  compileWhere,
  functionMistakes,
  type Guard,
  isData,
  viewNameMistakes,
  type Where,
} from "./table-view.js";
import type { SourceOf, ViewSource } from "./view.js";

/** How an entry is kept in Redis: one string of JSON, or a hash whose fields a plain HGETALL reads. */
export type CacheType = "json" | "hash";

/** A view kept in Redis or Valkey, one entry an item. */
export interface CacheView<R extends object = object> {
  readonly kind: "cache-view";
  readonly name: string;
  readonly source: ViewSource;
  readonly type: CacheType;
  /** How long an entry lives after the change that made it, in seconds; for ever where it is not given. */
  readonly ttlSeconds?: number;
  readonly filter?: DataPredicate<Item>;
  readonly rowsOf: (item: Item) => readonly Row[];
  readonly mistakes: readonly string[];
  readonly entry?: R;
}

/** What {@link cacheView} takes. `I` is the source's item, `N` the item `where` lets through, `R` the entry. */
export interface CacheViewOptions<I extends object, N extends I, R extends object> {
  readonly name: string;
  readonly source: SourceOf<I>;
  readonly where?: Guard<I, N> | Where<I>;
  readonly type: CacheType;
  /** The Redis key of an item's entry. Must follow from the item alone. */
  readonly key: (item: N) => string;
  /** What the entry holds; the item itself where it is not given. */
  readonly value?: (item: N) => R;
  readonly ttlSeconds?: number;
}

/**
 * Declares a view kept in Redis or Valkey.
 *
 * @example
 * cacheView({ name: "hot-orders", source: orders, type: "hash", key: (o) => `order:${o.orderId}`, ttlSeconds: 3600 });
 */
export function cacheView<I extends object, N extends I = I, R extends object = N>(
  options: CacheViewOptions<I, N, R>,
): CacheView<R> {
  const { name, source, type, ttlSeconds } = options;
  return {
    kind: "cache-view",
    name,
    source,
    type,
    ...(ttlSeconds !== undefined && { ttlSeconds }),
    ...(isData(options.where) && { filter: options.where }),
    rowsOf: compileEntries(options as unknown as CacheViewOptions<Item, Item, Item>),
    mistakes: mistakesOf(options),
  };
}

function mistakesOf(options: {
  name: string;
  where?: unknown;
  type: unknown;
  key: unknown;
  value?: unknown;
  ttlSeconds?: unknown;
}): string[] {
  const subject = `view "${options.name}"`;
  const mistakes = [
    ...viewNameMistakes(options.name),
    ...predicateMistakes(subject, options.where),
    ...functionMistakes(subject, "value", options.value),
  ];
  if (options.type !== "json" && options.type !== "hash") {
    mistakes.push(
      `${subject}: type is ${JSON.stringify(options.type)}; there are "json" and "hash"`,
    );
  }
  if (typeof options.key !== "function") {
    mistakes.push(
      `${subject}: key is ${JSON.stringify(options.key)}; give a function from the item to its Redis key`,
    );
  }
  const ttl = options.ttlSeconds;
  if (ttl !== undefined && !(Number.isInteger(ttl) && (ttl as number) > 0)) {
    mistakes.push(
      `${subject}: ttlSeconds is ${JSON.stringify(ttl)}; give a whole number of seconds above 0, or leave it out`,
    );
  }
  return mistakes;
}

function compileEntries(
  options: CacheViewOptions<Item, Item, Item>,
): (item: Item) => readonly Row[] {
  const { name, key, value } = options;
  const holds = compileWhere(name, options.where);
  return (item) => {
    if (!holds(item)) return [];
    const entryKey = callView(name, "key", () => key(item));
    requireRedisKey(name, entryKey);
    return [{ key: entryKey, value: value ? entryValue(name, value, item) : item }];
  };
}

function entryValue(view: string, value: (item: Item) => Item, item: Item): Item {
  const entry: unknown = callView(view, "value", () => value(item));
  if (typeof entry === "object" && entry !== null && !Array.isArray(entry)) return entry as Item;
  throw new MillraceError(
    "invalid-row",
    `view "${view}": a value is ${JSON.stringify(entry)}; return an object of attributes`,
    { context: { view } },
  );
}

/** Redis takes any bytes; these are the keys that would be a mistake, or land an entry and its tombstone in two slots. */
function requireRedisKey(view: string, key: unknown): asserts key is string {
  const fault = redisKeyFault(key);
  if (fault === undefined) return;
  throw new MillraceError(
    "invalid-row",
    `view "${view}": the Redis key ${JSON.stringify(key)} ${fault}`,
    { context: { view } },
  );
}

function redisKeyFault(key: unknown): string | undefined {
  if (typeof key !== "string" || key === "")
    return "is not a non-empty string; build it from attributes the item always has";
  // As a whole part between separators: "post:undefined-behaviour" is a key like any other.
  if (/(^|[:/{}|])(undefined|NaN)($|[:/{}|])|\[object Object\]/.test(key))
    return "contains a missing value; build it from attributes the item always has";
  if (key.includes("{") && !/^[^{]*\{[^}]+\}/.test(key))
    return 'has "{" without a hash tag; write {tag} or leave the brace out';
  return undefined;
}
