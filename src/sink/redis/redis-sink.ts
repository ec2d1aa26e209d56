import { Cluster, type Redis } from "ioredis";

import { isMillraceError, MillraceError, unreachable } from "../../errors.js";
import type { CacheView } from "../../view/cache-view.js";
import { isNotification } from "../../view/declarations.js";
import type { Mutation } from "../../view/row.js";
import { collisionError } from "../collision.js";
import type { ApplyResult, Outcome, Sink, StoredRow } from "../sink.js";
import { classifyRedisError } from "./classify-error.js";
import { readCollection, readMember } from "./read-collections.js";
import { readEntries, readEntry } from "./read-entries.js";
import { isCompanionKey } from "./redis-key.js";
import { type Correct, type ScriptCall, scriptCall } from "./script-call.js";
import { defineScripts, type RedisClient, type Reply, sendScripts } from "./send-scripts.js";

/** What {@link createRedisSink} takes. */
export interface RedisSinkOptions {
  /** A single node or a cluster. Closed with the sink. */
  readonly redis: RedisClient;
}

/**
 * A sink in Redis or Valkey: one script a mutation, pipelined; value and version in one key.
 *
 * {@link Sink.scan} yields every entry of the view's type that carries a version, since a key does not tell its view:
 * views that share a Redis tell their entries apart by the keys they give them. Of collections it yields what people
 * read, and nothing of notifications.
 */
export function createRedisSink({ redis }: RedisSinkOptions): Sink<CacheView> {
  defineScripts(redis);
  return {
    apply: (mutations) => changeAll(redis, mutations, 0),
    correct: (mutations) => changeAll(redis, mutations, 1),
    async get(view, key) {
      try {
        const isEntry = view.type === "json" || view.type === "hash";
        return await (isEntry ? readEntry : readMember)(redis, view, key);
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

/** Mutations sent at a time: the server works on some while the next are encoded. */
const CHUNK = 25;

async function changeAll(
  redis: RedisClient,
  mutations: readonly Mutation<CacheView>[],
  correct: Correct,
): Promise<readonly ApplyResult[]> {
  const chunks: Promise<readonly ApplyResult[]>[] = [];
  for (let from = 0; from < mutations.length; from += CHUNK)
    chunks.push(changeSome(redis, mutations.slice(from, from + CHUNK), correct));
  return (await Promise.all(chunks)).flat();
}

async function changeSome(
  redis: RedisClient,
  mutations: readonly Mutation<CacheView>[],
  correct: Correct,
): Promise<readonly ApplyResult[]> {
  const results = new Array<ApplyResult>(mutations.length);
  const calls: (ScriptCall & { readonly i: number })[] = [];
  mutations.forEach((mutation, i) => {
    try {
      if (correct && isNotification(mutation.view)) results[i] = { outcome: "stale" };
      else calls.push({ i, ...scriptCall(mutation, correct) });
    } catch (thrown) {
      results[i] = failed(mutation, thrown);
    }
  });
  const replies = await sendScripts(redis, calls);
  calls.forEach(
    (call, n) =>
      (results[call.i] = resultOf(mutations[call.i] as Mutation<CacheView>, call, replies[n])),
  );
  return results;
}

function resultOf(
  mutation: Mutation<CacheView>,
  { isTooLarge = false }: ScriptCall,
  reply: Reply | Error | undefined,
): ApplyResult {
  if (reply === 0 || reply === 1 || reply === 2)
    return { outcome: isTooLarge && reply === 1 ? "skipped" : OUTCOMES[reply] };
  if (typeof reply === "string")
    return { outcome: "failed", error: collisionError(mutation, `with fingerprint ${reply}`) };
  return failed(mutation, reply ?? new Error("no reply"));
}

const OUTCOMES: Readonly<Record<0 | 1 | 2, Outcome>> = { 0: "stale", 1: "applied", 2: "skipped" };

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

async function* scanEntries(redis: RedisClient, view: CacheView): AsyncGenerator<StoredRow> {
  const type = redisType(view);
  if (type === undefined) return;
  const nodes = redis instanceof Cluster ? redis.nodes("master") : [redis];
  for (const node of nodes) {
    for await (const found of node.scanStream({ count: 500, type })) {
      // SCAN may name a key twice, and a key may be gone by the time it is read.
      const keys = [...new Set(found as string[])].filter((key) => !isCompanionKey(key));
      yield* readKeys(node, view, keys);
    }
  }
}

async function* readKeys(
  node: Redis,
  view: CacheView,
  keys: readonly string[],
): AsyncGenerator<StoredRow> {
  if (view.type === "json" || view.type === "hash") yield* readEntries(node, view, keys);
  else for (const key of keys) yield* readCollection(node, view, key);
}

/** Redis's own word for what a view makes, as SCAN takes it; none for notifications, which are not kept. */
export function redisType({ type }: CacheView): string | undefined {
  switch (type) {
    case "json":
      return "string";
    case "sorted-set":
      return "zset";
    case "hash":
    case "set":
    case "list":
      return type;
    case "stream":
    case "channel":
      return undefined;
    default:
      return unreachable(type);
  }
}
