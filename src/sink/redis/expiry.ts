import type { CacheView } from "../../view/cache-view.js";

/** The parts of a view that say how long what it keeps lives. */
type Living = Pick<CacheView, "ttlSeconds" | "ttlJitter">;

/**
 * When an entry ends, Unix seconds, or 0 for never: counted from its change, so that a replay does not extend its life.
 *
 * Jitter shortens the life by a share that follows from the key: keys made together do not end together, and the same
 * change ends at the same time however often it is written.
 */
export function expiresAtSeconds(view: Living, key: string, changedAtSeconds: number): number {
  const ttlSeconds = ttlOf(view, key);
  return ttlSeconds === 0 ? 0 : changedAtSeconds + ttlSeconds;
}

/** How long an entry under this key lives, in whole seconds, or 0 for ever. */
export function ttlOf({ ttlSeconds = 0, ttlJitter }: Living, key: string): number {
  if (ttlSeconds === 0 || ttlJitter === 0) return ttlSeconds;
  return Math.max(1, Math.floor(ttlSeconds * (1 - ttlJitter * shareOf(key))));
}

/** A number from 0 to below 1 that follows from the text: FNV-1a. */
function shareOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}
