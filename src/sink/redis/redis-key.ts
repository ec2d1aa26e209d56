/**
 * The key of an entry's tombstone: in the entry's slot of a cluster, and never an entry itself.
 *
 * Requires a key without "{", or with a hash tag; cacheView refuses any other.
 */
export function tombstoneKey(key: string): string {
  return key.includes("{") ? `${key}:tombstone` : `{${key}}:tombstone`;
}

/** Whether a key is a tombstone's. */
export function isTombstoneKey(key: string): boolean {
  return key.endsWith(":tombstone") && key.includes("{");
}
