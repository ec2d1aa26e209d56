import type { Sink } from "../../../src/sink/sink.js";
import { type CacheView, cacheView } from "../../../src/view/cache-view.js";
import { parseMemberKey } from "../../../src/view/member-key.js";
import type { Mutation, Row } from "../../../src/view/row.js";
import { source } from "../../../src/view/source.js";
import { visibleRows } from "../../../src/view/visible-rows.js";
import { version } from "./subject.js";

/** An item of the collections under test. */
export interface Guest {
  id: string;
  /** The collection it belongs to. */
  room: string;
  /** The member it is, of a set. */
  name: string;
  rank: number;
}

/** A sink of collections, opened for the contract. */
export interface CollectionsUnderTest {
  readonly sink: Sink<CacheView>;
  /** What a plain reader sees under a collection's key: members (and scores), or a list's values; in order. */
  readonly shown: (view: CacheView, collection: string) => Promise<readonly unknown[]>;
  readonly close: () => Promise<void>;
}

const guests = source<Guest>({ table: "guests", key: ["id"] });
const KEEP = 3;
const SPARE = 2;

/** One view of each kind of collection, as they are declared. */
export const COLLECTIONS = {
  "a set": cacheView({
    name: "names",
    source: guests,
    type: "set",
    key: ({ room }) => `{${room}}:names`,
    member: ({ name }) => name,
  }),
  "a sorted set of all": cacheView({
    name: "ranks",
    source: guests,
    type: "sorted-set",
    key: ({ room }) => `{${room}}:ranks`,
    member: ({ id }) => id,
    score: ({ rank }) => rank,
  }),
  "a sorted set of the highest": cacheView({
    name: "top",
    source: guests,
    type: "sorted-set",
    key: ({ room }) => `{${room}}:top`,
    member: ({ id }) => id,
    score: ({ rank }) => rank,
    keep: KEEP,
    spare: SPARE,
  }),
  "a list of the newest": cacheView({
    name: "newest",
    source: guests,
    type: "list",
    key: ({ room }) => `{${room}}:newest`,
    score: ({ rank }) => rank,
    value: ({ id, name, rank }) => ({ id, name, rank }),
    keep: KEEP,
    spare: SPARE,
  }),
} as const;

/** The mutation of an item's one row. */
export function mutationOf(
  view: CacheView,
  type: "put" | "delete",
  guest: Guest,
  n: number,
): Mutation<CacheView> {
  const [row] = view.rowsOf({ ...guest }) as [Row];
  return {
    type,
    view,
    ...row,
    version: version(n),
    owner: JSON.stringify([guest.id]),
    changedAtSeconds: Math.floor(Date.now() / 1000),
  };
}

/** What a plain reader would see of rows: the oracle's answer to {@link CollectionsUnderTest.shown}. */
export async function shownOf(
  sink: Sink<CacheView>,
  view: CacheView,
  collection: string,
): Promise<readonly unknown[]> {
  const rows: Row[] = [];
  for await (const { key, value } of sink.scan(view)) if (value) rows.push({ key, value });
  const own = visibleRows(view, rows).filter(
    ({ key }) => parseMemberKey(key).collection === collection,
  );
  if (view.type === "list") return own.map(({ value }) => value["value"]);
  if (view.type === "set") return own.map(({ value }) => value["member"]).sort();
  return own.flatMap(({ value }) => [value["member"], String(value["score"])]);
}
