import { Cluster, type Redis } from "ioredis";

import type { Item } from "../../change/attribute-value.js";
import type { CacheView } from "../../view/cache-view.js";
import { memberKey, parseMemberKey } from "../../view/member-key.js";
import type { StoredRow } from "../sink.js";
import { classifyRedisError } from "./classify-error.js";
import {
  asHashEntry,
  asJsonEntry,
  encodeHashEntry,
  encodeJsonEntry,
  parseExactJson,
} from "./encode-entry.js";
import { parseStamp, readEntries, readEntry } from "./read-entries.js";
import { companionKey, isCompanionKey } from "./redis-key.js";
import { redisType } from "./redis-sink.js";
import { fingerprint, isTooLarge } from "./script-call.js";
import { defineScripts, type RedisClient, sendScript } from "./send-scripts.js";

/** What Redis shows under a key, or as a member; without version and owner where no ledger vouches for it. */
export type HeldEntry = Omit<StoredRow, "version" | "owner"> &
  Partial<Pick<StoredRow, "version" | "owner">>;

/**
 * Reads a cache as its readers see it, for whoever compares it with what it should be, and mends what only shows it.
 *
 * An entry that carries no version is somebody else's, and not looked at.
 */
export function createCacheHolder(redis: RedisClient) {
  defineScripts(redis);

  async function told<T>(key: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (thrown) {
      throw classifyRedisError(thrown, key);
    }
  }

  return {
    scan: (view: CacheView) => scanHeld(redis, view),
    get: (view: CacheView, key: string) =>
      told(key, () =>
        isEntry(view) ? readEntry(redis, view, key) : readShownMember(redis, view, key),
      ),
    shown: (view: CacheView, collection: string) =>
      told(collection, () => readShown(redis, view, collection)),
    contributions: (view: CacheView, key: string) => told(key, () => readHeld(redis, view, key)),
    /** The highest score that a collection has cut off, up to which it knows nothing of what it does not hold. */
    cutOff: (_view: CacheView, collection: string) =>
      told(collection, async () => {
        const score = await redis.hget(companionKey(collection, "ledger"), "#cut");
        return score === null ? undefined : Number(score);
      }),
    /** Makes what a collection shows, and its ranking, again of what its ledger knows. */
    async rebuild(view: CacheView, collection: string): Promise<void> {
      const ledger = companionKey(collection, "ledger");
      const keep = view.keep ?? 0;
      const ranking = keep === 0 ? collection : companionKey(collection, "ranking");
      const isSet = view.type === "set";
      const args = isSet ? [collection, ledger] : [collection, ranking, ledger, view.type, keep];
      await told(collection, () =>
        sendScript(redis, { script: isSet ? "rebuildSet" : "rebuildRanking", args }),
      );
    },
    asRead: (view: CacheView, value: Item): Item =>
      view.type === "hash" ? asHashEntry(value) : asJsonEntry(value),
    /** Whether a row is kept in memory before anybody asks for it. */
    isKept(view: CacheView, value: Item): boolean {
      if (!isEntry(view)) return true;
      const stamp = "x".repeat(73);
      const texts = view.type === "hash" ? encodeHashEntry(value) : [encodeJsonEntry(stamp, value)];
      return view.isHot(value) && !isTooLarge(view, texts);
    },
    fingerprint,
  };
}

function isEntry({ type }: CacheView): boolean {
  return type === "json" || type === "hash";
}

async function* scanHeld(redis: RedisClient, view: CacheView): AsyncGenerator<HeldEntry> {
  const type = redisType(view);
  if (type === undefined) return;
  const nodes = redis instanceof Cluster ? redis.nodes("master") : [redis];
  for (const node of nodes) {
    for await (const found of node.scanStream({ count: 500, type })) {
      const keys = [...new Set(found as string[])].filter((key) => !isCompanionKey(key));
      if (isEntry(view)) yield* readEntries(node, view, keys);
      else for (const key of keys) yield* await readShown(node, view, key);
    }
  }
}

/** All that a collection shows, highest first, with the ledger's word for each. A collection without a ledger is not ours. */
async function readShown(
  redis: RedisClient | Redis,
  view: CacheView,
  collection: string,
): Promise<readonly HeldEntry[]> {
  const ledgerKey = companionKey(collection, "ledger");
  const ledger: Record<string, string> = await redis.hgetall(ledgerKey);
  if (Object.keys(ledger).length === 0) return [];
  const row = (member: string, value: Item): HeldEntry => {
    const stamp = ledger[`=${member}`];
    const known = stamp === undefined ? {} : versionAndOwner(stamp);
    return { key: memberKey(collection, member), value, ...known };
  };
  if (view.type === "set") {
    const contributed = new Map<string, string>();
    for (const [field, stamp] of Object.entries(ledger))
      if (field.startsWith("=")) contributed.set(field.slice(9), stamp);
    return (await redis.smembers(collection)).map((member) => {
      const stamp = contributed.get(member);
      return {
        key: memberKey(collection, member),
        value: { member },
        ...(stamp && versionAndOwner(stamp)),
      };
    });
  }
  if (view.type === "list") {
    const members = await redis.zrevrange(companionKey(collection, "ranking"), 0, -1, "WITHSCORES");
    const elements = await redis.lrange(collection, 0, -1);
    return elements.map((element, i) => {
      const member = members[2 * i] ?? `element ${i}`;
      const score = Number(members[2 * i + 1] ?? NaN);
      return row(member, { member, score, value: readElement(element) });
    });
  }
  const read = await redis.zrevrange(collection, 0, -1, "WITHSCORES");
  return read.flatMap((member, i) =>
    i % 2 === 0 ? [row(member, { member, score: Number(read[i + 1]) })] : [],
  );
}

/** What people put into a list need not be JSON. */
function readElement(element: string): unknown {
  try {
    return parseExactJson(element);
  } catch {
    return element;
  }
}

async function readShownMember(
  redis: RedisClient,
  view: CacheView,
  key: string,
): Promise<HeldEntry | undefined> {
  const { collection, member } = parseMemberKey(key);
  if (view.type === "set")
    return (await redis.sismember(collection, member)) === 1
      ? { key, value: { member } }
      : undefined;
  if (view.type === "list" || view.keep !== undefined)
    return (await readShown(redis, view, collection)).find((each) => each.key === key);
  const [score, stamp] = await Promise.all([
    redis.zscore(collection, member),
    redis.hget(companionKey(collection, "ledger"), `=${member}`),
  ]);
  if (score === null) return undefined;
  return { key, value: { member, score: Number(score) }, ...(stamp && versionAndOwner(stamp)) };
}

/** What the ledger holds of one member: of a set, by each item that contributes it. */
async function readHeld(
  redis: RedisClient,
  view: CacheView,
  key: string,
): Promise<readonly StoredRow[]> {
  const { collection, member } = parseMemberKey(key);
  const ledger = await redis.hgetall(companionKey(collection, "ledger"));
  return Object.entries(ledger).flatMap(([field, stamp]) => {
    const known = view.type === "set" ? field.slice(9) : field.slice(1);
    if (!field.startsWith("=") || known !== member) return [];
    const { rest } = parseStamp(stamp);
    const end = rest.indexOf("~");
    const score = Number(rest.slice(0, end));
    const value: Item =
      view.type === "set"
        ? { member }
        : view.type === "list"
          ? { member, score, value: parseExactJson(rest.slice(end + 1)) }
          : { member, score };
    return [{ key, value, ...versionAndOwner(stamp) }];
  });
}

function versionAndOwner(stamp: string) {
  const { version, owner } = parseStamp(stamp);
  return { version, owner };
}
