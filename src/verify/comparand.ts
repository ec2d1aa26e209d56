import { createHash } from "node:crypto";

import { decodeItem, type Item } from "../change/attribute-value.js";
import { decodeKey } from "../dynamodb/decode-key.js";
import type { StoredContribution } from "../sink/aggregate/workings.js";
import {
  contributionOwner,
  contributionPlace,
  decodeContribution,
  isContribution,
} from "../sink/aggregate/workings.js";
import type { ApplyResult } from "../sink/sink.js";
import type { AggregateView } from "../view/aggregate/aggregate-view.js";
import type { CacheView } from "../view/cache-view.js";
import { canonicalText } from "../view/canonical-text.js";
import { memberKey, parseMemberKey } from "../view/member-key.js";
import type { Mutation, Row } from "../view/row.js";
import type { TableView } from "../view/table-view.js";
import type { View } from "../view/view.js";
import type { HeldRow, VerifyPorts } from "./ports.js";

/** A row that an item derives, as it looks when it is read back. */
export interface Derived {
  /** Under which it is compared. */
  readonly key: string;
  readonly value: Item;
  /** As the view derives it, for writing it. */
  readonly row: Row;
  /** Whether it may be absent by right. */
  readonly optional: boolean;
}

/** A view whose rows are compared, each with what one item derives. */
export interface Comparand {
  readonly view: View;
  derive(owner: string, item: Item): readonly Derived[];
  scan(): AsyncIterable<HeldRow>;
  get(key: string): Promise<HeldRow | undefined>;
  /** What all keys begin with that were derived so far. */
  readonly prefix: () => string;
  /** Whether an owner, as a row that is held names it, is this item. */
  readonly isOwner: (held: string, owner: string) => boolean;
  /** Key attributes, or whatever a sink needs to delete the row under this key. */
  keyOnly(key: string): Item;
  readonly apply: (mutations: readonly Mutation<View>[]) => Promise<readonly ApplyResult[]>;
  correct(mutation: Mutation<View>): Promise<ApplyResult | undefined>;
}

/** How a view's rows are compared. */
export function comparandOf(ports: VerifyPorts, view: View): Comparand {
  switch (view.kind) {
    case "table-view":
      return tableComparand(ports, view);
    case "aggregate-view":
      return contributionComparand(ports, view);
    case "cache-view":
      return cacheComparand(ports, view);
  }
}

/** A short text for a value: equal exactly where the values are. */
export function digestOf(value: unknown): string {
  return createHash("sha256").update(canonicalText(value)).digest("base64url").slice(0, 22);
}

/** Whether a view shows only the highest of what its items derive. */
export function isRanked(view: View): view is CacheView & { readonly keep: number } {
  return view.kind === "cache-view" && view.keep !== undefined;
}

function tableComparand(ports: VerifyPorts, view: TableView): Comparand {
  return {
    view,
    derive: (_owner, item) =>
      view.rowsOf(item).map((row) => ({ key: row.key, value: row.value, row, optional: false })),
    prefix: () => "",
    scan: () => ports.heldTables.scan(view),
    get: (key) => ports.heldTables.get(view, key),
    isOwner: (held, owner) => held === owner,
    keyOnly: (key) => decodeItem(decodeKey(view.key, key)),
    apply: (mutations) => ports.tables.apply(mutations as readonly Mutation<TableView>[]),
    correct: async (mutation) => (await ports.tables.correct([mutation as Mutation<TableView>]))[0],
  };
}

function contributionComparand(ports: VerifyPorts, view: AggregateView): Comparand {
  const held = (key: string, { version, parts }: StoredContribution): HeldRow => ({
    key,
    version,
    owner: key,
    ...(parts.length > 0 && { value: { parts } }),
  });
  return {
    view,
    derive: (owner, item) =>
      view.rowsOf(item).map((row) => ({
        key: contributionOwner(contributionPlace(view, owner)),
        value: row.value,
        row,
        optional: false,
      })),
    prefix: () => "",
    async *scan() {
      for await (const wire of ports.store.scan(view.workingsTable)) {
        const place = { table: view.workingsTable, key: wire as never };
        if (!isContribution(wire)) continue;
        const row = held(contributionOwner(place), decodeContribution(wire));
        if (row.value) yield row;
      }
    },
    async get(key) {
      const [wire] = await ports.store.read([contributionPlace(view, key)]);
      return wire && held(key, decodeContribution(wire));
    },
    // A long owner is held cut short; the key already says whose it is.
    isOwner: () => true,
    keyOnly: () => ({}),
    apply: (mutations) => ports.groups.apply(mutations as readonly Mutation<AggregateView>[]),
    correct: async (mutation) =>
      (await ports.groups.correct([mutation as Mutation<AggregateView>]))[0],
  };
}

function cacheComparand({ cache, heldCache }: VerifyPorts, view: CacheView): Comparand {
  if (!cache || !heldCache) throw new Error(`view "${view.name}" needs a cache`);
  const isEntry = view.type === "json" || view.type === "hash";
  const keyOf = (row: Row) => {
    if (isEntry) return row.key;
    const { collection, member } = parseMemberKey(row.key);
    return memberKey(collection, member);
  };
  let prefix: string | undefined;
  return {
    view,
    derive: (_owner, item) =>
      view.rowsOf(item).map((row) => {
        const key = keyOf(row);
        prefix = prefix === undefined ? key : commonPrefix(prefix, key);
        const optional = view.ttlSeconds !== undefined || !heldCache.isKept(view, row.value);
        return { key, value: heldCache.asRead(view, row.value), row, optional };
      }),
    prefix: () => prefix ?? "",
    scan: () => heldCache.scan(view),
    get: (key) => heldCache.get(view, key),
    isOwner: (held, owner) => held === heldCache.fingerprint(owner),
    keyOnly: () => ({}),
    apply: (mutations) => cache.apply(mutations as readonly Mutation<CacheView>[]),
    correct: async (mutation) => (await cache.correct([mutation as Mutation<CacheView>]))[0],
  };
}

function commonPrefix(left: string, right: string): string {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length++;
  return left.slice(0, length);
}
