import type { Item } from "../change/attribute-value.js";
import { isMillraceError } from "../errors.js";
import {
  asHashEntry,
  asJsonEntry,
  encodeHashEntry,
  encodeJsonEntry,
} from "../sink/redis/encode-entry.js";
import { fingerprint, isTooLarge } from "../sink/redis/script-call.js";
import type { CacheView } from "../view/cache-view.js";
import { memberKey, parseMemberKey } from "../view/member-key.js";

/** What the source says about a row of a cache view. */
export interface Expectation {
  /** The value as readers should find it; absent where they should find nothing. */
  readonly value?: Item;
  /** Fingerprint of the item the row belongs to, where it belongs to one alone; of what should not be there, whose it is. */
  readonly owner?: string;
  /** Whether readers may as well find nothing: the view does not keep all it derives, or not for ever. */
  readonly mayBeAbsent?: boolean;
}

/**
 * What the cache should hold of an item, by the key under which readers look for it: of a set's member, whoever
 * contributes it.
 *
 * @returns `undefined` where the view cannot take the item; what is in the cache of it is then as quarantine left it.
 */
export function expectationsOf(
  view: CacheView,
  owner: string,
  item: Item | undefined,
): ReadonlyMap<string, Expectation> | undefined {
  if (item === undefined) return new Map();
  try {
    const rows = view.rowsOf(item);
    return new Map(
      rows.map(({ key, value }) => [shownKey(view, key), expectation(view, owner, value)]),
    );
  } catch (thrown) {
    if (isMillraceError(thrown)) return undefined;
    throw thrown;
  }
}

/** An item, and one of the keys it derives, derived, or is said to. */
export interface OwnedKey {
  readonly key: string;
  /** Key text of the item. */
  readonly owner: string;
}

/** What the cache should hold of an item under one key; `undefined` where nothing can be said of that. */
export function expectationOf(
  view: CacheView,
  { key, owner }: OwnedKey,
  item: Item | undefined,
): Expectation | undefined {
  const expected = expectationsOf(view, owner, item);
  if (!expected) return undefined;
  // A set's member may be another item's as well.
  const gone = view.type === "set" ? undefined : { owner: fingerprint(owner) };
  return expected.get(key) ?? gone;
}

/** The key of a row as readers know it: a member of a set is one, however many items contribute it. */
export function shownKey(view: CacheView, key: string): string {
  if (view.type !== "set") return key;
  const { collection, member } = parseMemberKey(key);
  return memberKey(collection, member);
}

function expectation(view: CacheView, owner: string, value: Item): Expectation {
  const mayEnd = view.ttlSeconds !== undefined;
  switch (view.type) {
    case "json":
    case "hash": {
      if (isOversized(view, value)) return { owner: fingerprint(owner) };
      const mayBeAbsent = mayEnd || !view.isHot(value);
      const read = view.type === "json" ? asJsonEntry(value) : asHashEntry(value);
      return { value: read, owner: fingerprint(owner), mayBeAbsent };
    }
    case "set":
      return { value, mayBeAbsent: mayEnd };
    case "list": {
      const element = asJsonEntry(value["value"] as Item);
      return {
        value: { ...value, value: element },
        owner: fingerprint(owner),
        mayBeAbsent: mayEnd,
      };
    }
    default:
      return { value, owner: fingerprint(owner), mayBeAbsent: mayEnd };
  }
}

function isOversized(view: CacheView, value: Item): boolean {
  if (view.maxValueBytes === undefined) return false;
  // A stamp has one length, whatever its version.
  const stamp = "0".repeat(STAMP_LENGTH);
  return isTooLarge(
    view,
    view.type === "hash" ? encodeHashEntry(value) : [encodeJsonEntry(stamp, value)],
  );
}

/** Version, ~ and owner. */
const STAMP_LENGTH = 64 + 1 + 8;
