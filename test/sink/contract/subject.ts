import type { Item } from "../../../src/change/attribute-value.js";
import { streamVersion, type Version } from "../../../src/change/version.js";
import type { ApplyResult, Sink } from "../../../src/sink/sink.js";
import { canonicalText } from "../../../src/view/canonical-text.js";
import type { Mutation } from "../../../src/view/row.js";
import type { View } from "../../../src/view/view.js";
import { LABEL, sequenceNumber } from "../../support/records.js";

/** A sink, opened for the contract. */
export interface SinkUnderTest<V extends View> {
  readonly sink: Sink<V>;
  /** A view of items `{ id, … }`: one row an item, holding the item itself, found by its `id`. */
  readonly view: V;
  /** What a row's value looks like when it is read back. */
  readonly asRead: (value: Item) => Item;
  readonly close: () => Promise<void>;
}

/** What differs between sinks, and is promised all the same. */
export interface SinkPromises {
  /** Whether an older put that arrives after a delete loses. */
  readonly keepsTombstones: boolean;
  /** Whether a row above DynamoDB's limit is refused. */
  readonly limitsSize: boolean;
  /** Runs of each property; fewer where a run costs round trips. */
  readonly runs: number;
}

let used = 0;

/** An identity nobody has used before: tests share a table, and must not meet in it. */
export function freshId(): string {
  return `${process.pid}-${Date.now()}-${++used}`;
}

/** The n-th version of a stream. */
export function version(n: number, label = LABEL): Version {
  return streamVersion(label, sequenceNumber(n));
}

/** The mutation of the row of item `{ id, … }`. */
export function put<V extends View>(view: V, item: Item, n: number, owner?: string): Mutation<V> {
  return { type: "put", ...target(view, item, n, owner) };
}

/** The deletion of the row of item `{ id, … }`. */
export function remove<V extends View>(
  view: V,
  id: string,
  n: number,
  owner?: string,
): Mutation<V> {
  return { type: "delete", ...target(view, { id }, n, owner) };
}

/** What a put and a delete of an item share; by default the row belongs to the item. */
export function target<V extends View>(view: V, item: Item, n: number, owner?: string) {
  const id = String(item["id"]);
  const key = view.kind === "table-view" ? JSON.stringify([id]) : id;
  return {
    view,
    key,
    value: item,
    version: version(n),
    owner: owner ?? JSON.stringify([id]),
    changedAtSeconds: Math.floor(Date.now() / 1000),
  };
}

/** `applied`, `stale`, or the code of the error. */
export function said(result: ApplyResult | undefined): string {
  if (result === undefined) return "nothing";
  return result.outcome === "failed" ? result.error.code : result.outcome;
}

/** Filled before the tests run. */
export interface Opened<V extends View> {
  readonly under: SinkUnderTest<V>;
}

/** Applies one mutation after the other, and says what became of each. */
export async function applied<V extends View>(
  { under }: Opened<V>,
  ...mutations: Mutation<V>[]
): Promise<string[]> {
  const outcomes: string[] = [];
  for (const mutation of mutations) outcomes.push(said((await under.sink.apply([mutation]))[0]));
  return outcomes;
}

/** The row of an item as text, or `absent`. */
export async function read<V extends View>({ under }: Opened<V>, id: string): Promise<string> {
  const row = await under.sink.get(under.view, target(under.view, { id }, 1).key);
  return row?.value === undefined ? "absent" : canonicalText(row.value);
}

/** What {@link read} says of a row with this value. */
export function shown<V extends View>({ under }: Opened<V>, item: Item): string {
  return canonicalText(under.asRead(item));
}
