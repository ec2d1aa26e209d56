import { createHash } from "node:crypto";

import { Cluster, type Redis } from "ioredis";

import { parseVersion, type Version, VERSION_LENGTH } from "../../change/version.js";
import { isMillraceError, MillraceError } from "../../errors.js";
import type { CacheView } from "../../view/cache-view.js";
import type { Mutation } from "../../view/row.js";
import { collisionError } from "../collision.js";
import {
  type ApplyResult,
  type Outcome,
  type Sink,
  type StoredRow,
  TOMBSTONE_TTL_SECONDS,
} from "../sink.js";
import { classifyRedisError } from "./classify-error.js";
import {
  encodeHashEntry,
  encodeJsonEntry,
  OWNER_FIELD,
  parseExactJson,
  VERSION_FIELD,
} from "./encode-entry.js";
import { isTombstoneKey, tombstoneKey } from "./redis-key.js";
import { SCRIPTS } from "./scripts.generated.js";

/** What {@link createRedisSink} takes. */
export interface RedisSinkOptions {
  /** A single node or a cluster. Closed with the sink. */
  readonly redis: Redis | Cluster;
}

type Reply = number | string;
type Arguments = (string | number)[];

/** The scripts as ioredis defines them: commands of the client, sent by EVALSHA and loaded where they are missing. */
interface ScriptCommands<Result> {
  millracePutJson(...args: Arguments): Result;
  millracePutHash(...args: Arguments): Result;
  millraceDelete(...args: Arguments): Result;
}
type ScriptName = keyof ScriptCommands<unknown>;

/**
 * A sink in Redis or Valkey: one script a mutation, pipelined; value and version in one key.
 *
 * {@link Sink.scan} yields every entry of the view's type that carries a version, since a key does not tell its view:
 * views that share a Redis tell their entries apart by the keys they give them.
 */
export function createRedisSink({ redis }: RedisSinkOptions): Sink<CacheView> {
  const { putJson, putHash, delete: remove } = SCRIPTS;
  redis.defineCommand("millracePutJson", putJson);
  redis.defineCommand("millracePutHash", putHash);
  redis.defineCommand("millraceDelete", remove);

  return {
    apply: (mutations) => applyAll(redis, mutations),
    async get(view, key) {
      try {
        const entry = await readEntry(redis, view, key);
        return entry ?? (await readTombstone(redis, key));
      } catch (thrown) {
        throw classifyRedisError(thrown, key);
      }
    },
    scan: (view) => scanEntries(redis, view),
    async close() {
      redis.disconnect();
    },
  };
}

async function applyAll(
  redis: Redis | Cluster,
  mutations: readonly Mutation<CacheView>[],
): Promise<readonly ApplyResult[]> {
  const results = new Array<ApplyResult>(mutations.length);
  const calls: { readonly i: number; readonly name: ScriptName; readonly args: Arguments }[] = [];
  mutations.forEach((mutation, i) => {
    try {
      calls.push({ i, ...callOf(mutation) });
    } catch (thrown) {
      results[i] = failed(mutation, thrown);
    }
  });
  const replies = await sendAll(redis, calls);
  calls.forEach(
    ({ i }, n) => (results[i] = resultOf(mutations[i] as Mutation<CacheView>, replies[n])),
  );
  return results;
}

/** Sends scripts and answers each with its reply or its error; on one node in one pipeline, in a cluster one by one. */
async function sendAll(
  redis: Redis | Cluster,
  calls: readonly { readonly name: ScriptName; readonly args: Arguments }[],
): Promise<readonly (Reply | Error)[]> {
  if (calls.length === 0) return [];
  if (redis instanceof Cluster) {
    const commands = redis as unknown as ScriptCommands<Promise<Reply>>;
    return Promise.all(
      calls.map(({ name, args }) => commands[name](...args).catch((error: Error) => error)),
    );
  }
  const pipeline = redis.pipeline();
  const commands = pipeline as unknown as ScriptCommands<void>;
  for (const { name, args } of calls) commands[name](...args);
  try {
    const answers = (await pipeline.exec()) ?? [];
    return calls.map((_, n) => answers[n]?.[0] ?? (answers[n]?.[1] as Reply));
  } catch (thrown) {
    return calls.map(() => thrown as Error);
  }
}

function callOf(mutation: Mutation<CacheView>): { name: ScriptName; args: Arguments } {
  const { view, key, version } = mutation;
  const owner = fingerprint(mutation.owner);
  const common = [key, tombstoneKey(key), version, owner];
  if (mutation.type === "delete")
    return { name: "millraceDelete", args: [...common, TOMBSTONE_TTL_SECONDS] };
  const expiresAtMs =
    view.ttlSeconds === undefined ? 0 : (mutation.changedAtSeconds + view.ttlSeconds) * 1000;
  if (view.type === "hash") {
    return {
      name: "millracePutHash",
      args: [...common, expiresAtMs, ...encodeHashEntry(mutation.value)],
    };
  }
  return {
    name: "millracePutJson",
    args: [...common, encodeJsonEntry(`${version}~${owner}`, mutation.value), expiresAtMs],
  };
}

/** Tells the source items of one key apart in 8 characters; 48 bits, so two of them do not meet by chance. */
function fingerprint(owner: string): string {
  return createHash("sha256").update(owner).digest("base64url").slice(0, 8);
}

function resultOf(mutation: Mutation<CacheView>, reply: Reply | Error | undefined): ApplyResult {
  if (reply === 1 || reply === 0) return { outcome: OUTCOMES[reply] };
  if (typeof reply === "string")
    return { outcome: "failed", error: collisionError(mutation, `with fingerprint ${reply}`) };
  return failed(mutation, reply ?? new Error("no reply"));
}

const OUTCOMES: Readonly<Record<0 | 1, Outcome>> = { 0: "stale", 1: "applied" };

function failed({ view, key }: Mutation<CacheView>, thrown: unknown): ApplyResult {
  const { code, message, retriable, cause } = classifyRedisError(thrown, key);
  const named = isMillraceError(thrown) ? `view "${view.name}", entry ${key}: ${message}` : message;
  return {
    outcome: "failed",
    error: new MillraceError(code, named, {
      retriable,
      cause: cause ?? thrown,
      context: { view: view.name, key },
    }),
  };
}

async function readEntry(
  redis: Redis | Cluster,
  view: CacheView,
  key: string,
): Promise<StoredRow | undefined> {
  const row = rowOf(
    view,
    key,
    view.type === "hash" ? await redis.hgetall(key) : await redis.get(key),
  );
  if (!row) return undefined;
  const expiresAtMs = await redis.pexpiretime(key);
  return expiresAtMs > 0 ? { ...row, expiresAtSeconds: expiresAtMs / 1000 } : row;
}

function rowOf(view: CacheView, key: string, read: unknown): StoredRow | undefined {
  return view.type === "hash"
    ? hashRow(key, read as Record<string, string>)
    : jsonRow(key, read as string | null);
}

function hashRow(key: string, fields: Record<string, string>): StoredRow | undefined {
  const { [VERSION_FIELD]: version, [OWNER_FIELD]: owner, ...value } = fields;
  if (version === undefined || owner === undefined) return undefined;
  return { key, version: parseVersion(version), owner, value };
}

function jsonRow(key: string, text: string | null): StoredRow | undefined {
  if (!text?.startsWith(`{"${VERSION_FIELD}":"`)) return undefined;
  const { [VERSION_FIELD]: stamp, ...value } = parseExactJson(text);
  return typeof stamp === "string" ? { key, ...parseStamp(stamp), value } : undefined;
}

async function readTombstone(redis: Redis | Cluster, key: string): Promise<StoredRow | undefined> {
  const stamp = await redis.get(tombstoneKey(key));
  return stamp === null ? undefined : { key, ...parseStamp(stamp) };
}

function parseStamp(stamp: string): { version: Version; owner: string } {
  return {
    version: parseVersion(stamp.slice(0, VERSION_LENGTH)),
    owner: stamp.slice(VERSION_LENGTH + 1),
  };
}

async function* scanEntries(redis: Redis | Cluster, view: CacheView): AsyncGenerator<StoredRow> {
  const nodes = redis instanceof Cluster ? redis.nodes("master") : [redis];
  const type = view.type === "hash" ? "hash" : "string";
  for (const node of nodes) {
    for await (const keys of node.scanStream({ count: 500, type }))
      yield* readEntries(node, view, keys as string[]);
  }
}

/** SCAN may name a key twice, and a key may be gone by the time it is read. */
async function* readEntries(
  node: Redis,
  view: CacheView,
  found: readonly string[],
): AsyncGenerator<StoredRow> {
  const keys = [...new Set(found)].filter((key) => !isTombstoneKey(key));
  const pipeline = node.pipeline();
  for (const key of keys) {
    if (view.type === "hash") pipeline.hgetall(key);
    else pipeline.get(key);
  }
  const answers = (await pipeline.exec()) ?? [];
  for (const [i, key] of keys.entries()) {
    const [error, read] = answers[i] ?? [];
    if (error) throw classifyRedisError(error, key);
    const entry = rowOf(view, key, read);
    if (entry) yield entry;
  }
}
