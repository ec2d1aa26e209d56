import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import type { Item } from "../change/attribute-value.js";
import { keyText } from "../change/item-key.js";
import { parseVersion, VERSION_LENGTH } from "../change/version.js";
import { asHashEntry, asJsonEntry } from "../sink/redis/encode-entry.js";
import { fillCall } from "../sink/redis/fill-call.js";
import { entryRow } from "../sink/redis/read-entries.js";
import { companionKey } from "../sink/redis/redis-key.js";
import type { ScriptCall } from "../sink/redis/script-call.js";
import { type RedisClient, sendScript } from "../sink/redis/send-scripts.js";
import type { CacheView } from "../view/cache-view.js";
import type { ItemLoader } from "./source-item.js";

/** How patiently a miss is filled. */
export interface FillSettings {
  /** How long one reader may take to fill; then another may, and the first one's fill is void. */
  readonly leaseMs: number;
  /** How long the others wait for it before they read the source themselves, without filling. */
  readonly waitMs: number;
  /** How long it is remembered that the source has no such item; 0 for not at all. A push ends it at once. */
  readonly negativeTtlSeconds: number;
  /** How old an entry may be that others are given in place of waiting, where this reader has read it before; 0 for never. */
  readonly staleMs: number;
}

/** One miss to fill. */
export interface Miss {
  readonly redis: RedisClient;
  readonly view: CacheView;
  readonly key: string;
  readonly load: ItemLoader;
  /** Key attributes of the source's item. */
  readonly from: Item;
  readonly settings: FillSettings;
  /** What to answer with in place of waiting for another reader's fill. */
  readonly stale?: Item;
}

const POLL_MS = 10;

/**
 * Fills an entry that was missed, and answers with it; `undefined` where there is none to be had.
 *
 * One reader holds the lease of a key. A push, a deletion among them, ends the lease: what the reader then brings is not
 * written. Where Redis does not answer, the source does.
 */
export async function readThrough(miss: Miss): Promise<Item | undefined> {
  const { redis, key, settings } = miss;
  const token = randomBytes(12).toString("base64url");
  const note = companionKey(key, "note");
  const startedAtMs = performance.now();
  const lease = () =>
    sendScript(redis, { script: "lease", args: [key, note, token, settings.leaseMs] }).catch(
      () => "down",
    );
  for (;;) {
    const answer = String(await lease());
    if (answer === "absent") return undefined;
    if (answer === "down") return asRead(miss, (await derive(miss)).value);
    if (answer.length === VERSION_LENGTH) {
      const filled = await fill(miss, token, answer);
      if (filled !== "lost") return filled.value;
    }
    const entry = answer === "there" || answer === "wait" ? await readBack(miss) : undefined;
    if (entry) return entry;
    if (answer === "wait" && miss.stale) return miss.stale;
    if (performance.now() - startedAtMs > settings.waitMs)
      return asRead(miss, (await derive(miss)).value);
    if (answer === "wait") await sleep(POLL_MS);
  }
}

/** Loads and writes under a lease; `lost` where something newer was pushed meanwhile. */
async function fill(
  miss: Miss,
  token: string,
  leftOutAt: string,
): Promise<"lost" | { readonly value?: Item }> {
  const { redis, view, key, settings } = miss;
  const endLease = (absentForSeconds: number) =>
    sendScript(redis, {
      script: "endLease",
      args: [companionKey(key, "note"), token, absentForSeconds],
    }).catch(() => 0);
  let call: ScriptCall | undefined;
  let value: Item | undefined;
  try {
    const derived = await derive(miss);
    value = derived.value;
    // What was read is at least as new as the change that left the entry out before.
    const version = leftOutAt > derived.version ? parseVersion(leftOutAt) : derived.version;
    call = value && fillCall({ view, key, token, version, owner: ownerOf(miss), value });
  } catch (thrown) {
    await endLease(0);
    throw thrown;
  }
  if (!value) return (await endLease(settings.negativeTtlSeconds)) === 0 ? "lost" : {};
  const asked = asRead(miss, value);
  if (!call) {
    await endLease(0);
    return { value: asked as Item };
  }
  // A fill that could not be written is a miss more next time, and no reason to refuse the answer.
  const reply = await sendScript(redis, call).catch(() => 1);
  return reply === 0 ? "lost" : { value: asked as Item };
}

/** What the source derives under the key now. */
async function derive({ view, key, load, from }: Miss) {
  const { item, version } = await load(view.source, from);
  const value = item && view.rowsOf(item).find((row) => row.key === key)?.value;
  return { value, version };
}

async function readBack({ redis, view, key }: Miss): Promise<Item | undefined> {
  const read = view.type === "hash" ? redis.hgetall(key) : redis.get(key);
  return entryRow(key, await read)?.value;
}

function ownerOf({ view, from }: Miss): string {
  return keyText(
    view.source.key.map(({ name }) => name),
    from,
  );
}

/** A value as it would have been read from the cache. */
function asRead({ view }: Miss, value: Item | undefined): Item | undefined {
  if (!value) return undefined;
  return view.type === "hash" ? asHashEntry(value) : asJsonEntry(value);
}
