import { createHash } from "node:crypto";

import { decodeItem, type Item, type WireItem } from "../../change/attribute-value.js";
import type { EncodedItem } from "../../change/encode-item.js";
import { addEffects, noEffects } from "../../sink/aggregate/effects.js";
import type { Place } from "../../sink/aggregate/store.js";
import { WORKINGS_KEY } from "../../sink/aggregate/store.js";
import {
  ATTRIBUTE,
  contributionOwner,
  contributionStamp,
  groupInWorkings,
  groupText,
  measureAttribute,
  type StoredContribution,
  workingsPart,
} from "../../sink/aggregate/workings.js";
import type { AggregateView } from "../../view/aggregate/aggregate-view.js";
import { addExactly, negated } from "../../view/aggregate/decimal.js";
import { canonicalText } from "../../view/canonical-text.js";

/** A summary of many places and what is there, in which the order does not matter. */
type Summary = bigint;

const MODULUS = 1n << 128n;

/** What a group's contributions add up to, or what is stored of that: as sums, so that it takes little memory. */
export interface Sums {
  /** By attribute of the counters; distinct values are not among them. */
  numbers: Record<string, string>;
  entries: Summary;
  values: Summary;
  /** By attribute, how many values there are. */
  readonly distinct: Record<string, number>;
  /** Of the contributions themselves, so that two looks tell whether they saw the same. */
  contributions: Summary;
  /** Every place, where all is asked for in order to put it right. */
  readonly places?: Map<string, { readonly place: Place; readonly attributes: EncodedItem }>;
}

/** A group as its contributions say, and as its counters, entries and values are. */
export interface GroupSums {
  /** The group's text, where it is known in full. */
  text?: string;
  readonly wanted: Sums;
  readonly held: Sums;
}

/** A group with nothing in it, yet. */
export function emptyGroup(inDetail = false): GroupSums {
  return { wanted: emptySums(inDetail), held: emptySums(inDetail) };
}

function emptySums(inDetail: boolean): Sums {
  const sums = { numbers: {}, entries: 0n, values: 0n, distinct: {}, contributions: 0n };
  return inDetail ? { ...sums, places: new Map() } : sums;
}

/** One line of what a group has: what a contribution adds to it, or an item of its workings. */
export interface GroupLine {
  readonly group: string;
  /** Adds the line to the group's sums. */
  readonly add: (sums: GroupSums) => void;
}

/** What a contribution adds to its groups. */
export function contributionLines(
  view: AggregateView,
  wire: WireItem,
  stored: StoredContribution,
): readonly GroupLine[] {
  const owner = contributionOwner({ key: wire as EncodedItem });
  const stamp = `${owner} ${contributionStamp(stored)}`;
  return stored.parts.map((part) => {
    const text = groupText(view, part.group);
    const effects = noEffects();
    addEffects(effects, view, owner, { from: [], to: [part], counter: 0 });
    return {
      group: groupInWorkings(text),
      add(sums) {
        sums.text = text;
        const { wanted } = sums;
        wanted.contributions = add(wanted.contributions, hash(stamp));
        for (const { numbers } of effects.counters.values())
          for (const [name, number] of Object.entries(numbers))
            wanted.numbers[name] = addExactly(wanted.numbers[name] ?? "0", number);
        for (const entry of effects.entries.values())
          if (entry.type === "put") addEntry(wanted, entry, entry.attributes);
        for (const { place, attribute, delta } of effects.values.values())
          addValue(wanted, place, attribute, delta);
      },
    };
  });
}

/** What an item of the workings, which is no contribution, says of its group. */
export function workingsLine(view: AggregateView, wire: WireItem): GroupLine | undefined {
  const part = workingsPart(view, wire);
  const place = placeOf(view, wire);
  switch (part.type) {
    case "counter":
      return { group: part.group, add: ({ held }) => addCounter(view, held, wire) };
    case "entry": {
      const { pk: _pk, sk: _sk, ...attributes } = wire as EncodedItem;
      return { group: part.group, add: ({ held }) => addEntry(held, place, attributes) };
    }
    case "value": {
      const count = Number(wire[ATTRIBUTE.references]?.N ?? 0);
      const attribute = measureAttribute(view, part.measure);
      return { group: part.group, add: ({ held }) => addValue(held, place, attribute, count) };
    }
    case "contribution":
    case "other":
      return undefined;
  }
}

/** Adds a counter, which in a view that only counts is the row itself. */
export function addCounter(view: AggregateView, held: Sums, wire: WireItem): void {
  for (const name of counterAttributes(view)) {
    const number = wire[name]?.N;
    if (number !== undefined) held.numbers[name] = addExactly(held.numbers[name] ?? "0", number);
  }
}

/** The attributes of a view's counters that are sums. */
export function counterAttributes(view: AggregateView): readonly string[] {
  const effects = noEffects();
  const group = Object.fromEntries(view.key.map(({ name }) => [name, "x"]));
  addEffects(effects, view, "", { from: [], to: [{ group, values: {} }], counter: 0 });
  return [...effects.counters.values()].flatMap(({ numbers }) => Object.keys(numbers));
}

/**
 * By attribute, what has to be added to the counters so that they say what the contributions do.
 *
 * It may be 0: every contribution names all attributes of the counters, so that one which is not there at all is to be
 * made, also where it says nothing.
 */
export function missingOf(
  view: AggregateView,
  { wanted, held }: GroupSums,
): Readonly<Record<string, string>> {
  const missing: Record<string, string> = {};
  const distinct = new Set(
    Object.entries(view.measures)
      .filter(([, spec]) => spec.kind === "distinct-count")
      .map(([measure]) => measureAttribute(view, measure)),
  );
  for (const name of counterAttributes(view)) {
    // Without every place, values cannot be told apart among contributions; those stored are compared by themselves.
    const values = wanted.places ? wanted.distinct : held.distinct;
    const should = distinct.has(name) ? String(values[name] ?? 0) : (wanted.numbers[name] ?? "0");
    const difference = addExactly(should, negated(held.numbers[name] ?? "0"));
    const isThere = wanted.numbers[name] === undefined || held.numbers[name] !== undefined;
    if (difference !== "0" || !isThere) missing[name] = difference;
  }
  return missing;
}

function addEntry(sums: Sums, place: Place, attributes: EncodedItem): void {
  sums.entries = add(
    sums.entries,
    hash(`${keyOf(place)} ${canonicalText(decodeItem(attributes))}`),
  );
  sums.places?.set(keyOf(place), { place, attributes });
}

/** Counts contributions of a value, or takes a stored value's count; how many values there are is known of those stored. */
function addValue(sums: Sums, place: Place, attribute: string, count: number): void {
  const text = keyOf(place);
  sums.values = (sums.values + hash(text) * BigInt(count)) % MODULUS;
  const known = sums.places?.get(text)?.attributes[ATTRIBUTE.references];
  const before = known !== undefined && "N" in known ? Number(known.N) : 0;
  if (known === undefined) sums.distinct[attribute] = (sums.distinct[attribute] ?? 0) + 1;
  const attributes = { [ATTRIBUTE.references]: { N: String(before + count) } };
  sums.places?.set(text, { place, attributes });
}

function add(left: Summary, right: Summary): Summary {
  return (left + right) % MODULUS;
}

function hash(text: string): Summary {
  return BigInt(`0x${createHash("sha256").update(text).digest("hex").slice(0, 32)}`);
}

/** Place as text. */
export function keyOf({ key }: Place): string {
  return JSON.stringify([key[WORKINGS_KEY.partition], key[WORKINGS_KEY.sort]]);
}

function placeOf(view: AggregateView, wire: WireItem): Place {
  const { partition, sort } = WORKINGS_KEY;
  return {
    table: view.workingsTable,
    key: { [partition]: wire[partition], [sort]: wire[sort] } as EncodedItem,
  };
}

/** The attributes a group is named by. */
export function groupOf(view: AggregateView, row: Item): Item {
  return Object.fromEntries(view.key.map(({ name }) => [name, row[name]]));
}

/** Sums as text, without places. */
export function encodeSums({ numbers, entries, values, distinct, contributions }: Sums): string {
  const summaries = [entries, values, contributions].map((summary) => summary.toString(36));
  return JSON.stringify([numbers, distinct, ...summaries]);
}

/** Adds what {@link encodeSums} wrote. */
export function addEncoded(sums: Sums, text: string): void {
  const [numbers, distinct, ...summaries] = JSON.parse(text) as [
    Record<string, string>,
    Record<string, number>,
    string,
    string,
    string,
  ];
  for (const [name, number] of Object.entries(numbers))
    sums.numbers[name] = addExactly(sums.numbers[name] ?? "0", number);
  for (const [name, count] of Object.entries(distinct))
    sums.distinct[name] = (sums.distinct[name] ?? 0) + count;
  const [entries = 0n, values = 0n, contributions = 0n] = summaries.map(parseSummary);
  sums.entries = add(sums.entries, entries);
  sums.values = add(sums.values, values);
  sums.contributions = add(sums.contributions, contributions);
}

function parseSummary(text: string): Summary {
  return [...text].reduce((sum, digit) => sum * 36n + BigInt(parseInt(digit, 36)), 0n);
}
