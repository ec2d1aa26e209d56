/** Where a row lives that shares its Redis key with others. */
export interface MemberKey {
  /** The Redis key of the whole collection. */
  readonly collection: string;
  /** What tells the row apart within it. */
  readonly member: string;
}

/**
 * The key of a row that is one of many under one Redis key: the collection, the member and, where several items may
 * contribute one member, the item.
 */
export function memberKey(collection: string, member: string, item?: string): string {
  return JSON.stringify(item === undefined ? [collection, member] : [collection, member, item]);
}

/** Reads collection and member out of a {@link memberKey}. */
export function parseMemberKey(key: string): MemberKey {
  const [collection, member] = JSON.parse(key) as [string, string];
  return { collection, member };
}
