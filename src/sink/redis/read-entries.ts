import type { Redis } from "ioredis";

import type { Item } from "../../change/attribute-value.js";
import { isVersion, parseVersion, type Version, VERSION_LENGTH } from "../../change/version.js";
import type { CacheView } from "../../view/cache-view.js";
import type { StoredRow } from "../sink.js";
import { classifyRedisError } from "./classify-error.js";
import { OWNER_FIELD, parseExactJson, VERSION_FIELD } from "./encode-entry.js";
import { companionKey } from "./redis-key.js";
import type { RedisClient } from "./send-scripts.js";

/** Version, owner and what follows them, as notes and ledgers hold them. */
export interface Stamp {
  readonly version: Version;
  readonly owner: string;
  readonly rest: string;
}

const OWNER_LENGTH = 8;
/** What an entry of JSON begins with: version and owner, before the reader's own attributes. */
const ENTRY_HEAD = new RegExp(
  `^\\{"${VERSION_FIELD}":"(.{${VERSION_LENGTH}})~(.{${OWNER_LENGTH}})"(?:,|(?=\\}))`,
);

/** The entry under a key, or the note of one that is absent. */
export async function readEntry(
  redis: RedisClient,
  view: CacheView,
  key: string,
): Promise<StoredRow | undefined> {
  const row = entryRow(key, view.type === "hash" ? await redis.hgetall(key) : await redis.get(key));
  if (!row) return readNote(redis, key);
  const expiresAtMs = await redis.pexpiretime(key);
  return expiresAtMs > 0 ? { ...row, expiresAtSeconds: expiresAtMs / 1000 } : row;
}

/** Reads the entries among keys; what is gone by then, or is not Millrace's, is left out. */
export async function* readEntries(
  node: Redis,
  view: CacheView,
  keys: readonly string[],
): AsyncGenerator<StoredRow> {
  const pipeline = node.pipeline();
  for (const key of keys) {
    if (view.type === "hash") pipeline.hgetall(key);
    else pipeline.get(key);
  }
  const answers = (await pipeline.exec()) ?? [];
  for (const [i, key] of keys.entries()) {
    const [error, read] = answers[i] ?? [];
    if (error) throw classifyRedisError(error, key);
    const entry = entryRow(key, read as string | Record<string, string> | null);
    if (entry) yield entry;
  }
}

/** The row in what GET or HGETALL answered; `undefined` where it is no entry of Millrace's. */
export function entryRow(
  key: string,
  read: string | Readonly<Record<string, string>> | null | undefined,
): (StoredRow & { readonly value: Item }) | undefined {
  if (typeof read === "object" && read !== null) {
    const { [VERSION_FIELD]: version, [OWNER_FIELD]: owner, ...value } = read;
    if (version === undefined || owner === undefined || !isVersion(version)) return undefined;
    return { key, version, owner, value };
  }
  if (typeof read !== "string") return undefined;
  const [head = "", version = "", owner = ""] = ENTRY_HEAD.exec(read) ?? [];
  if (!isVersion(version)) return undefined;
  // Without the version, whose digits would have every entry looked through for numbers that are long.
  const value = parseExactJson(`{${read.slice(head.length)}`);
  return { key, version, owner, value };
}

/** A tombstone, or the note of an entry that was left out; a lease or a reader's vain search says nothing of versions. */
export async function readNote(redis: RedisClient, key: string): Promise<StoredRow | undefined> {
  const note = await redis.get(companionKey(key, "note"));
  if (note === null || note.startsWith("0")) return undefined;
  const { version, owner } = parseStamp(note.replace("~", ""));
  return { key, version, owner };
}

/** Reads version and owner off the front of a text. */
export function parseStamp(text: string): Stamp {
  return {
    version: parseVersion(text.slice(0, VERSION_LENGTH)),
    owner: text.slice(VERSION_LENGTH, VERSION_LENGTH + OWNER_LENGTH),
    rest: text.slice(VERSION_LENGTH + OWNER_LENGTH),
  };
}
