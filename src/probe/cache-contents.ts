import type { Version } from "../change/version.js";
import { parseExactJson } from "../sink/redis/encode-entry.js";
import { entryRow, parseStamp, readNote } from "../sink/redis/read-entries.js";
import { companionKey } from "../sink/redis/redis-key.js";
import { fingerprint } from "../sink/redis/script-call.js";
import type { RedisClient } from "../sink/redis/send-scripts.js";
import type { CacheView } from "../view/cache-view.js";
import { parseMemberKey } from "../view/member-key.js";
import type { Content } from "./content.js";

/** Where to look: a row's key, and of a set's member the item that contributes it. */
export interface Place {
  readonly key: string;
  /** Key text of the source item. */
  readonly owner?: string;
}

/** Reads what readers of a cache view see, and since when. Rejects where Redis does not answer. */
export async function readContents(
  redis: RedisClient,
  view: CacheView,
  places: readonly Place[],
): Promise<readonly Content[]> {
  return Promise.all(places.map((place) => readContent(redis, view, place)));
}

async function readContent(redis: RedisClient, view: CacheView, place: Place): Promise<Content> {
  try {
    switch (view.type) {
      case "json":
      case "hash":
        return await readEntry(redis, view, place.key);
      case "sorted-set":
        return await readScored(redis, view, place.key);
      case "list":
        return await readElement(redis, view, place.key);
      default:
        return await readSetMember(redis, place);
    }
  } catch (thrown) {
    if (!/WRONGTYPE/.test(String(thrown))) throw thrown;
    return { state: "foreign", value: "a value of another type" };
  }
}

async function readEntry(redis: RedisClient, view: CacheView, key: string): Promise<Content> {
  const read = view.type === "hash" ? await redis.hgetall(key) : await redis.get(key);
  if (read === null || (typeof read === "object" && Object.keys(read).length === 0)) {
    const note = await readNote(redis, key);
    return { state: "absent", ...(note && { version: note.version }) };
  }
  const row = own(() => entryRow(key, read));
  if (!row) return { state: "foreign", value: typeof read === "string" ? parsed(read) : read };
  return { state: "present", value: row.value, version: row.version, owner: row.owner };
}

async function readScored(redis: RedisClient, view: CacheView, key: string): Promise<Content> {
  const { collection, member } = parseMemberKey(key);
  const [score, { cut, ...stamp }] = await Promise.all([
    redis.zscore(collection, member),
    readLedger(redis, collection, member),
  ]);
  if (score === null) return absentMember(redis, view, { collection, cut, stamp });
  return { state: "present", value: { member, score: Number(score) }, ...stamp };
}

async function readElement(redis: RedisClient, view: CacheView, key: string): Promise<Content> {
  const { collection, member } = parseMemberKey(key);
  const ranking = companionKey(collection, "ranking");
  const [rank, score, { cut, ...stamp }] = await Promise.all([
    redis.zrevrank(ranking, member),
    redis.zscore(ranking, member),
    readLedger(redis, collection, member),
  ]);
  // The list has its elements in the order of the ranking.
  const element = rank === null ? null : await redis.lindex(collection, rank);
  if (element === null) return absentMember(redis, view, { collection, cut, stamp });
  const value = own(() => parseExactJson(element));
  if (value === undefined) return { state: "foreign", value: element };
  return { state: "present", value: { member, score: Number(score), value }, ...stamp };
}

/** A collection that has all it may show hides what ranks below that; one that has less, what was cut off before. */
async function absentMember(
  redis: RedisClient,
  { keep }: CacheView,
  { collection, cut, stamp }: AbsentMember,
): Promise<Content> {
  if (keep === undefined) return { state: "absent", ...stamp };
  const ranking = companionKey(collection, "ranking");
  const [, lowestShown = cut] = await redis.zrevrange(ranking, keep - 1, keep - 1, "WITHSCORES");
  const hidesUpTo = lowestShown !== undefined && { hidesUpTo: Number(lowestShown) };
  return { state: "absent", ...stamp, ...hidesUpTo };
}

interface AbsentMember {
  readonly collection: string;
  readonly cut: string | undefined;
  readonly stamp: { readonly version?: Version; readonly owner?: string };
}

async function readSetMember(redis: RedisClient, { key, owner }: Place): Promise<Content> {
  const { collection, member } = parseMemberKey(key);
  const contribution = owner === undefined ? "" : fingerprint(owner) + member;
  const [isThere, { version }] = await Promise.all([
    redis.sismember(collection, member),
    readLedger(redis, collection, contribution),
  ]);
  const stamp = version !== undefined && { version };
  return isThere === 1
    ? { state: "present", value: { member }, ...stamp }
    : { state: "absent", ...stamp };
}

/** What a collection's ledger knows of a member, whether it is held or gone. */
async function readLedger(
  redis: RedisClient,
  collection: string,
  member: string,
): Promise<{ readonly version?: Version; readonly owner?: string; readonly cut?: string }> {
  const ledger = companionKey(collection, "ledger");
  const [held, gone, cut] = await redis.hmget(ledger, `=${member}`, `-${member}`, "#cut");
  const stamp = held ?? gone;
  const known = stamp ? own(() => parseStamp(stamp)) : undefined;
  return {
    ...(known && { version: known.version }),
    // What is gone belongs to nobody.
    ...(known && held && { owner: known.owner }),
    ...(cut && { cut }),
  };
}

/** What is read, or nothing where it has not the form that Millrace gives it. */
function own<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function parsed(text: string): unknown {
  return own(() => parseExactJson(text) as unknown) ?? text;
}
