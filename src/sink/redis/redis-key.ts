const COMPANIONS = ["note", "ranking", "ledger", "lease"] as const;

/** What Millrace keeps beside a key, in a key of its own: see the headers in `lua/include`. */
export type Companion = (typeof COMPANIONS)[number];

/**
 * A key that Millrace keeps beside another: in the same slot of a cluster, and never an entry itself.
 *
 * Requires a key without "{", or with a hash tag; cacheView refuses any other.
 */
export function companionKey(key: string, companion: Companion): string {
  return key.includes("{") ? `${key}:${companion}` : `{${key}}:${companion}`;
}

/** Whether a key is one that Millrace keeps beside another. */
export function isCompanionKey(key: string): boolean {
  return key.includes("{") && COMPANIONS.some((companion) => key.endsWith(`:${companion}`));
}
