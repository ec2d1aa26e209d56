import { Cluster, type Redis } from "ioredis";

import { decodeNumber, type Item } from "../change/attribute-value.js";
import { keyText } from "../change/item-key.js";
import type { Version } from "../change/version.js";
import { companionKey, isCompanionKey } from "../sink/redis/redis-key.js";
import { redisType } from "../sink/redis/redis-sink.js";
import { fingerprint } from "../sink/redis/script-call.js";
import type { RedisClient } from "../sink/redis/send-scripts.js";
import type { CacheView } from "../view/cache-view.js";
import { memberKey, parseMemberKey } from "../view/member-key.js";
import { readContents } from "./cache-contents.js";
import type { Content } from "./content.js";

/** A row that was found in the cache, and whose item is to be found. */
export interface Candidate {
  readonly key: string;
  readonly version?: Version;
  /** Key text of the item it belongs to, where what is in the cache tells that. */
  readonly owner?: string;
}

/** What {@link sampleCache} takes. */
export interface CacheSample {
  readonly view: CacheView;
  /** What the view's keys begin with: a key does not tell its view. */
  readonly prefix: string;
  readonly size: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Pages of 1,000 keys that are looked through on a node, so that a probe does not go on for hours. */
const MOST_PAGES = 200;

/** Chooses rows of a view by chance among what is in the cache. Leaves out what Millrace did not write. */
export async function sampleCache(
  redis: RedisClient,
  { view, prefix, size, random }: CacheSample,
): Promise<readonly Candidate[]> {
  const keys: string[] = [];
  let seen = 0;
  for await (const key of scanKeys(redis, view, prefix)) {
    const place = keys.length < size ? keys.length : Math.floor(random() * (seen + 1));
    if (place < size) keys[place] = key;
    seen++;
  }
  const isEntry = view.type === "json" || view.type === "hash";
  const each = Math.ceil(size / Math.max(1, keys.length));
  const rows = isEntry
    ? keys
    : (await Promise.all(keys.map((key) => sampleMembers(redis, view, key, each)))).flat();
  const places = rows.map((key) => ({ key }));
  const contents = await readContents(redis, view, places);
  return rows.flatMap((key, i) => candidate(view, key, contents[i]) ?? []);
}

async function* scanKeys(
  redis: RedisClient,
  view: CacheView,
  prefix: string,
): AsyncGenerator<string> {
  const type = redisType(view);
  if (type === undefined) return;
  const pattern = `${prefix.replace(/[\\*?[\]^]/g, "\\$&")}*`;
  const met = new Set<string>();
  for (const node of redis instanceof Cluster ? redis.nodes("master") : [redis]) {
    for await (const found of pages(node, pattern, type)) {
      // SCAN may name a key twice.
      for (const key of found) if (!met.has(key) && !isCompanionKey(key)) yield met.add(key) && key;
    }
  }
}

async function* pages(node: Redis, pattern: string, type: string): AsyncGenerator<string[]> {
  let cursor = "0";
  for (let page = 0; page < MOST_PAGES; page++) {
    const [next, found] = await node.scan(cursor, "MATCH", pattern, "COUNT", 1000, "TYPE", type);
    yield found;
    if (next === "0") return;
    cursor = next;
  }
}

/** Rows of a collection that has a ledger; without one nobody says that it is Millrace's. */
async function sampleMembers(
  redis: RedisClient,
  view: CacheView,
  key: string,
  size: number,
): Promise<readonly string[]> {
  if ((await redis.exists(companionKey(key, "ledger"))) === 0) return [];
  const members = await shownMembers(redis, view, key, size);
  return members.map((member) => memberKey(key, member));
}

async function shownMembers(
  redis: RedisClient,
  { type, keep = 0 }: CacheView,
  key: string,
  size: number,
): Promise<readonly string[]> {
  if (type === "set") return redis.srandmember(key, size);
  if (type === "list") return redis.zrevrange(companionKey(key, "ranking"), 0, keep - 1);
  return await redis.zrandmember(key, size);
}

function candidate(
  view: CacheView,
  key: string,
  content: Content | undefined,
): Candidate | undefined {
  if (content?.state !== "present") return undefined;
  const { version } = content;
  const owner = ownerOf(view, key, content);
  return { key, ...(version !== undefined && { version }), ...(owner !== undefined && { owner }) };
}

/** The item an entry or a member comes from: only the fingerprint is kept, but the value often tells, and can be checked. */
function ownerOf(view: CacheView, key: string, { value, owner }: Content): string | undefined {
  const told = view.type === "list" ? parseMemberKey(key).member : keyIn(view, value as Item);
  return told !== undefined && owner === fingerprint(told) ? told : undefined;
}

/** The key of the source's item, where an entry has its attributes. */
function keyIn({ source }: CacheView, value: Item): string | undefined {
  const key: Record<string, unknown> = {};
  for (const { name, type } of source.key) {
    const found = value[name];
    // The fields of a hash are text.
    key[name] = type === "N" && typeof found === "string" ? numberOf(found) : found;
  }
  try {
    return keyText(Object.keys(key), key);
  } catch {
    return undefined;
  }
}

function numberOf(text: string): unknown {
  try {
    return decodeNumber(text);
  } catch {
    return undefined;
  }
}
