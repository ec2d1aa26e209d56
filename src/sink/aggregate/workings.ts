import { createHash } from "node:crypto";

import { decodeItem, type Item, type WireItem } from "../../change/attribute-value.js";
import { type EncodedItem, encodeItem } from "../../change/encode-item.js";
import { keyText } from "../../change/item-key.js";
import { parseVersion, type Version, VERSION_LENGTH } from "../../change/version.js";
import { type AggregateView, isDirect } from "../../view/aggregate/aggregate-view.js";
import type { Part } from "../../view/aggregate/contribution.js";
import { RESERVED_ATTRIBUTE, TTL_ATTRIBUTE } from "../../view/key.js";
import { TOMBSTONE_TTL_SECONDS } from "../sink.js";
import { orderText } from "./order-text.js";
import { type Place, WORKINGS_KEY } from "./store.js";

/*
 * A view's workings, all in one table of partition `pk` and sort `sk`:
 *
 *   item#<owner>              contribution   what an item contributes: `v` version, `p` parts, `l` groups it left last;
 *                                            `v` goes on with ~<n> where the version's parts were corrected n times
 *   group#<n>#<group>         counter        the n-th counter of a group: sums, `m` members, `t` mark of the last change,
 *                                            and `r` how often it was changed, where a group has several
 *   order#<measure>#<group>   <value><owner> an item's place in a measure that orders: `b` value, `k` what is kept
 *   value#<measure>#<group>   <value>        a value to tell apart: `n` how many items have it; never 0
 *
 * A view that only counts and sums, and is not spread, has no counters there: they are its rows. `_millrace` is then
 * the number of members; otherwise it is a map of `v`, a mark of this very row, and `t` and `r`, of the counters it was
 * made of.
 */

/** Attributes of the workings, and of a row's bookkeeping. */
export const ATTRIBUTE = {
  version: "v",
  parts: "p",
  left: "l",
  members: "m",
  mark: "t",
  revision: "r",
  by: "b",
  kept: "k",
  references: "n",
} as const;

/** What is stored of an item in a view: its version, what it contributes, and the groups that it left last. */
export interface StoredContribution {
  readonly version: Version;
  /** How often what is stored at this version was corrected. */
  readonly corrections: number;
  /** Empty for a tombstone. */
  readonly parts: readonly Part[];
  /** Groups whose rows may still show the item, where a crash came between the two. */
  readonly left: readonly Item[];
}

/** Where an item's contribution is. */
export function contributionPlace(view: AggregateView, owner: string): Place {
  return workingsPlace(view, `item#${bounded(owner)}`, "contribution");
}

/** Whether an item of the workings is a contribution. */
export function isContribution(wire: WireItem): boolean {
  return partitionOf(wire).startsWith("item#");
}

/** Whose contribution is at a place: an owner, or where that is long the short text that stands for it everywhere. */
export function contributionOwner({ key }: Pick<Place, "key">): string {
  return partitionOf(key).slice("item#".length);
}

/** The text a group has within the keys of workings. */
export function groupInWorkings(group: string): string {
  return bounded(group);
}

/** What an item of the workings is: of which group, and of which measure where it is of one. */
export type WorkingsPart =
  | { readonly type: "contribution" | "other" }
  | { readonly type: "counter"; readonly group: string; readonly n: number }
  | { readonly type: "entry" | "value"; readonly group: string; readonly measure: string };

/** Says what an item of a view's workings is. */
export function workingsPart(view: AggregateView, wire: WireItem): WorkingsPart {
  const partition = partitionOf(wire);
  if (isContribution(wire)) return { type: "contribution" };
  const counter = /^group#(\d+)#/.exec(partition);
  if (counter)
    return { type: "counter", group: partition.slice(counter[0].length), n: Number(counter[1]) };
  for (const [type, kind] of [
    ["entry", "order"],
    ["value", "value"],
  ] as const) {
    for (const measure of Object.keys(view.measures)) {
      const prefix = `${kind}#${measure}#`;
      if (partition.startsWith(prefix))
        return { type, measure, group: partition.slice(prefix.length) };
    }
  }
  return { type: "other" };
}

function partitionOf(wire: WireItem): string {
  return wire[WORKINGS_KEY.partition]?.S ?? "";
}

/** A contribution as it is stored; one without parts is a tombstone, and expires. */
export function encodeContribution(
  { version, corrections, parts, left }: StoredContribution,
  changedAtSeconds: number,
): EncodedItem {
  return {
    ...encodeItem({
      [ATTRIBUTE.version]: contributionStamp({ version, corrections }),
      [ATTRIBUTE.parts]: parts,
      [ATTRIBUTE.left]: left,
    }),
    ...(parts.length === 0 && { [TTL_ATTRIBUTE]: expiry(changedAtSeconds) }),
  };
}

/** Reads {@link encodeContribution} back. */
export function decodeContribution(wire: WireItem): StoredContribution {
  const { v, p, l } = decodeItem(wire) as { v: string; p: readonly Part[]; l: readonly Item[] };
  const version = parseVersion(v.slice(0, VERSION_LENGTH));
  return { version, corrections: Number(v.slice(VERSION_LENGTH + 1)), parts: p, left: l };
}

/** What tells two states of one contribution apart: its version, and how often it was corrected there. */
export function contributionStamp({
  version,
  corrections,
}: Pick<StoredContribution, "version" | "corrections">): string {
  return corrections === 0 ? version : `${version}~${corrections}`;
}

/** When something that is deleted may be forgotten. */
export function expiry(changedAtSeconds: number): { N: string } {
  return { N: String(changedAtSeconds + TOMBSTONE_TTL_SECONDS) };
}

/** The key text of a group's row, which names the group everywhere. */
export function groupText(view: AggregateView, group: Item): string {
  return keyText(
    view.key.map(({ name }) => name),
    group,
  );
}

/** Where the row of a group is. */
export function rowPlace(view: AggregateView, group: Item): Place {
  const key = Object.fromEntries(view.key.map(({ name }) => [name, group[name]]));
  return { table: view.table, key: encodeItem(key) };
}

/** Where the n-th counter of a group is. */
export function counterPlace(view: AggregateView, group: string, n: number): Place {
  return workingsPlace(view, `group#${n}#${bounded(group)}`, "counter");
}

/**
 * The counter that a transaction adds to, for every group it touches: one of the view's, whichever. What a group has is
 * the sum of its counters, so it does not matter that an item is added to one of them and taken from another.
 */
export function counterOf(view: AggregateView, mark: string): number {
  if (view.spread === 1) return 0;
  return createHash("sha256").update(mark).digest().readUInt32BE(0) % view.spread;
}

/** The partition of a group's entries in a measure that orders. */
export function orderPartition(measure: string, group: string): string {
  return `order#${measure}#${bounded(group)}`;
}

/** Where an item's entry in a measure that orders is. */
export function orderPlace(
  view: AggregateView,
  measure: string,
  group: string,
  by: unknown,
  owner: string,
): Place {
  return workingsPlace(view, orderPartition(measure, group), orderText(by) + bounded(owner));
}

/** Where the count of items with one value of a measure that tells values apart is. */
export function valuePlace(
  view: AggregateView,
  measure: string,
  group: string,
  value: unknown,
): Place {
  const text = typeof value === "boolean" ? `b${value}` : orderText(value);
  return workingsPlace(view, `value#${measure}#${bounded(group)}`, text);
}

/** One text for each place. */
export function placeText({ table, key }: Place): string {
  return `${table} ${JSON.stringify(Object.values(key))}`;
}

/** The attribute that holds the number of a group's members, where its counters are. */
export function membersAttribute(view: AggregateView): string {
  return isDirect(view) ? RESERVED_ATTRIBUTE : ATTRIBUTE.members;
}

/** The attribute of a counter that a measure is kept in. */
export function measureAttribute(view: AggregateView, measure: string): string {
  return isDirect(view) ? measure : `of ${measure}`;
}

/** The attribute of a counter for the sum that an average is made of. */
export function sumAttribute(measure: string): string {
  return `sum ${measure}`;
}

/** The attribute of a counter for the count that an average is made of. */
export function countAttribute(measure: string): string {
  return `count ${measure}`;
}

function workingsPlace(view: AggregateView, partition: string, sort: string): Place {
  const { partition: pk, sort: sk } = WORKINGS_KEY;
  return { table: view.workingsTable, key: { [pk]: { S: partition }, [sk]: { S: sort } } };
}

/** Bytes left to an identity: a sort key holds 1024, and a value to order by up to half of them. */
const MOST_IDENTITY_BYTES = 400;

/** An item key may be as long as a partition and a sort key together; a digest tells apart those that are cut. */
function bounded(text: string): string {
  if (Buffer.byteLength(text) <= MOST_IDENTITY_BYTES) return text;
  return `${text.slice(0, 80)}…${digest(text)}`;
}

/** A short text that nothing else has. */
export function digest(...texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text).update("\n");
  return hash.digest("base64url").slice(0, 27);
}
