import { LRUCache } from "lru-cache";

import type { Item } from "../change/attribute-value.js";
import { classifyRedisError } from "../sink/redis/classify-error.js";
import { parseExactJson } from "../sink/redis/encode-entry.js";
import { entryRow } from "../sink/redis/read-entries.js";
import { defineScripts, type RedisClient } from "../sink/redis/send-scripts.js";
import type { CacheView, EntryType } from "../view/cache-view.js";
import { currentView, type VersionLookup, type Versions } from "./current-view.js";
import { type FillSettings, readThrough } from "./read-through.js";
import type { ItemLoader } from "./source-item.js";

/** What {@link createCacheReader} takes. */
export interface CacheReaderOptions extends Partial<FillSettings> {
  /** A client the reader shares with whoever made it; it is not closed. */
  readonly redis: RedisClient;
  /** Reads an item of a view's source, for entries that are missed; without it a miss stays one. */
  readonly loadItem?: ItemLoader;
  /** Says which version of a view is read: `currentVersions()`. Needed where several versions of a view are given. */
  readonly currentVersion?: VersionLookup;
}

/** An entry as it is read: JSON as it was put, of a hash every field as text. */
export type CachedEntry<R extends object, T extends EntryType> = T extends "hash"
  ? { readonly [Name in keyof R]: string }
  : R;

/** A member of a sorted set. */
export interface ScoredMember {
  readonly member: string;
  readonly score: number;
}

/** How an entry is read. */
export interface GetOptions {
  /** Key attributes of the source's item that the entry comes from: a miss is then filled from it. */
  readonly from?: Item;
}

/**
 * Reads cache views as they are declared; rejects with `unavailable` where Redis does not answer.
 *
 * A view is one version of it, or a list of those that may be switched to, of which the current one is read. A key is
 * what the view's own function gives.
 */
export interface CacheReader {
  /**
   * The entry under a key, or `undefined`. With `from`, a miss is filled from the source, by one reader at a time: others
   * wait for it, or are given what this reader read last, where `staleMs` allows it. What the pipeline pushes meanwhile wins over the fill, and an item that has left stays absent.
   */
  get<R extends object, T extends EntryType>(
    view: Versions<CacheView<R, T>>,
    key: string,
    options?: GetOptions,
  ): Promise<CachedEntry<R, T> | undefined>;
  /** The entries under keys, in the order of the keys, without filling any. */
  getMany<R extends object, T extends EntryType>(
    view: Versions<CacheView<R, T>>,
    keys: readonly string[],
  ): Promise<readonly (CachedEntry<R, T> | undefined)[]>;
  /** The highest members of a sorted set, highest first; all it shows where no count is given. */
  top(
    view: Versions<CacheView<object, "sorted-set">>,
    key: string,
    count?: number,
  ): Promise<readonly ScoredMember[]>;
  /** The members of a set, in no order. */
  members(view: Versions<CacheView<object, "set">>, key: string): Promise<readonly string[]>;
  /** The elements of a list, highest first; all it shows where no count is given. */
  recent<R extends object>(
    view: Versions<CacheView<R, "list">>,
    key: string,
    count?: number,
  ): Promise<readonly R[]>;
}

const DEFAULTS: FillSettings = { leaseMs: 3_000, waitMs: 3_000, negativeTtlSeconds: 0, staleMs: 0 };
/** Entries that are remembered in case they may be given stale; the hottest stay. */
const MOST_REMEMBERED = 10_000;

/** Makes a reader of cache views. */
export function createCacheReader(options: CacheReaderOptions): CacheReader {
  const { redis, loadItem } = options;
  defineScripts(redis);
  const filling = new Map<string, Promise<Item | undefined>>();
  const settings = { ...DEFAULTS, ...options };
  const { staleMs } = settings;
  /** As they were read, so that nobody who was given one changes it. */
  const remembered =
    staleMs > 0 ? new LRUCache<string, Raw>({ max: MOST_REMEMBERED, ttl: staleMs }) : undefined;

  /** One process asks once, however many of its callers miss the same key at the same time; but for those who have a stale answer. */
  function fillOnce(view: CacheView, key: string, load: ItemLoader, from: Item) {
    const id = `${view.name} ${key}`;
    const running = filling.get(id);
    const stale = entryRow(key, remembered?.get(key) ?? null)?.value;
    if (running && !stale) return running;
    const miss = { redis, view, key, load, from, settings, ...(stale && { stale }) };
    if (running) return readThrough(miss);
    const started = readThrough(miss).finally(() => filling.delete(id));
    filling.set(id, started);
    return started;
  }

  const current = (versions: Versions<CacheView>) => currentView(versions, options.currentVersion);
  const keyIn = async (versions: Versions<CacheView>, key: string) =>
    (await current(versions)).keyPrefix + key;

  return {
    async get(versions, ownKey, { from } = {}) {
      const view = await current(versions);
      const key = view.keyPrefix + ownKey;
      const raw = await readRaw(redis, view, key).catch((error: unknown) => {
        if (from && loadItem) return null;
        throw error;
      });
      const entry = entryRow(key, raw)?.value;
      if (entry && raw) remembered?.set(key, raw);
      const found =
        entry === undefined && from && loadItem ? await fillOnce(view, key, loadItem, from) : entry;
      return found as never;
    },
    async getMany(versions, keys) {
      const view = await current(versions);
      const entries = keys.map((key) => readOne(redis, view, view.keyPrefix + key));
      return (await Promise.all(entries)) as CachedEntry<never, never>[];
    },
    async top(versions, ownKey, count = 0) {
      const key = await keyIn(versions, ownKey);
      const read = await answered(key, redis.zrevrange(key, 0, count - 1, "WITHSCORES"));
      return Array.from({ length: read.length / 2 }, (_, i) => ({
        member: read[2 * i] as string,
        score: Number(read[2 * i + 1]),
      }));
    },
    async members(versions, ownKey) {
      const key = await keyIn(versions, ownKey);
      return answered(key, redis.smembers(key));
    },
    async recent<R>(versions: Versions<CacheView>, ownKey: string, count = 0) {
      const key = await keyIn(versions, ownKey);
      const read = await answered(key, redis.lrange(key, 0, count - 1));
      return read.map((text) => parseExactJson(text) as R);
    },
  };
}

/** The entry under a key without its bookkeeping. */
export async function readOne(
  redis: RedisClient,
  view: Pick<CacheView, "type">,
  key: string,
): Promise<Item | undefined> {
  return entryRow(key, await readRaw(redis, view, key))?.value;
}

/** An entry as Redis has it: a text, or a hash, which is empty where there is none. */
type Raw = string | Record<string, string>;

function readRaw(
  redis: RedisClient,
  { type }: Pick<CacheView, "type">,
  key: string,
): Promise<Raw | null> {
  return answered<Raw | null>(key, type === "hash" ? redis.hgetall(key) : redis.get(key));
}

async function answered<T>(key: string, reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (thrown) {
    throw classifyRedisError(thrown, key);
  }
}
