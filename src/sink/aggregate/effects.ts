import type { Item } from "../../change/attribute-value.js";
import { encodeItem } from "../../change/encode-item.js";
import { type AggregateView, isDirect } from "../../view/aggregate/aggregate-view.js";
import type { OrderedValue, Part } from "../../view/aggregate/contribution.js";
import { addExactly, negated } from "../../view/aggregate/decimal.js";
import type { MeasureSpec } from "../../view/aggregate/measure.js";
import { sameValue } from "../../view/row.js";
import type { DeleteWrite, Place, PutWrite } from "./store.js";
import {
  ATTRIBUTE,
  countAttribute,
  counterPlace,
  groupText,
  measureAttribute,
  membersAttribute,
  orderPlace,
  placeText,
  rowPlace,
  sumAttribute,
  valuePlace,
} from "./workings.js";

/** What is to be added to one counter. */
export interface CounterEffect {
  readonly place: Place;
  /** Decimal texts by attribute. */
  readonly numbers: Record<string, string>;
}

/** How many more items have one value of a measure that tells values apart. */
export interface ValueEffect {
  readonly place: Place;
  /** The counter that shows how many values there are, as text of its place. */
  readonly counter: string;
  /** The attribute of the counter that shows it. */
  readonly attribute: string;
  delta: number;
}

/** What contributions change beside themselves; those of several items fold into one. */
export interface Effects {
  /** By text of their places, as all of these. */
  readonly counters: Map<string, CounterEffect>;
  readonly values: Map<string, ValueEffect>;
  readonly entries: Map<string, PutWrite | DeleteWrite>;
}

/** Effects of nothing. */
export function noEffects(): Effects {
  return { counters: new Map(), values: new Map(), entries: new Map() };
}

/** Adds to effects what becomes of the groups when an item contributes these parts instead of those (rule V5). */
export function addEffects(
  effects: Effects,
  view: AggregateView,
  owner: string,
  change: {
    readonly from: readonly Part[];
    readonly to: readonly Part[];
    readonly counter: number;
  },
): void {
  const { counter } = change;
  const to = new Map(change.to.map((part) => [groupText(view, part.group), part]));
  const from = new Map(change.from.map((part) => [groupText(view, part.group), part]));
  for (const [group, part] of from) {
    if (!isUnchanged(part, to.get(group))) addPart(effects, view, owner, counter, group, part, -1);
  }
  for (const [group, part] of to) {
    if (!isUnchanged(part, from.get(group))) addPart(effects, view, owner, counter, group, part, 1);
  }
}

function isUnchanged(part: Part, other: Part | undefined): boolean {
  return other !== undefined && sameValue(part.values, other.values);
}

type Sign = 1 | -1;

function addPart(
  effects: Effects,
  view: AggregateView,
  owner: string,
  n: number,
  group: string,
  part: Part,
  sign: Sign,
): void {
  const place = isDirect(view) ? rowPlace(view, part.group) : counterPlace(view, group, n);
  const counter = counterEffect(effects, place);
  const add = (attribute: string, number: unknown) => {
    const before = counter.numbers[attribute] ?? "0";
    counter.numbers[attribute] = addExactly(before, sign === 1 ? number : negated(number));
  };
  add(membersAttribute(view), 1);
  for (const [measure, spec] of Object.entries(view.measures)) {
    const value = part.values[measure];
    const attribute = measureAttribute(view, measure);
    for (const [name, number] of numbersOf(measure, attribute, spec, value)) add(name, number);
    if (value === undefined) continue;
    if (spec.kind === "distinct-count") {
      const where = valuePlace(view, measure, group, value);
      addValue(effects, { place: where, counter: placeText(place), attribute, delta: sign });
    }
    if (spec.kind === "ordered") {
      const { by, kept } = value as OrderedValue;
      const where = orderPlace(view, measure, group, by, owner);
      addEntry(effects, where, sign === 1 ? { by, ...(kept && { kept }) } : undefined);
    }
  }
}

/** What a part adds to the counter for a measure; 0 where nothing, so that the attribute is there from the first. */
function numbersOf(
  measure: string,
  attribute: string,
  spec: MeasureSpec,
  value: unknown,
): [string, unknown][] {
  switch (spec.kind) {
    case "count":
      return [[attribute, 1]];
    case "count-if":
      return [[attribute, value === true ? 1 : 0]];
    case "sum":
      return [[attribute, value ?? 0]];
    case "avg":
      return [
        [sumAttribute(measure), value ?? 0],
        [countAttribute(measure), value === undefined ? 0 : 1],
      ];
    case "distinct-count":
      return [[attribute, 0]];
    case "ordered":
      return [];
  }
}

function counterEffect({ counters }: Effects, place: Place): CounterEffect {
  const text = placeText(place);
  const known = counters.get(text);
  if (known) return known;
  const fresh = { place, numbers: {} };
  counters.set(text, fresh);
  return fresh;
}

function addValue({ values }: Effects, effect: ValueEffect): void {
  const text = placeText(effect.place);
  const known = values.get(text);
  if (known) known.delta += effect.delta;
  else values.set(text, effect);
}

/** An entry is one item's own: it is put, or deleted unless it is put as well. */
function addEntry({ entries }: Effects, place: Place, entry: OrderedValue | undefined): void {
  const text = placeText(place);
  if (entry === undefined) {
    entries.set(text, { type: "delete", ...place });
    return;
  }
  const { by, kept } = entry;
  const item: Item = { [ATTRIBUTE.by]: by, ...(kept && { [ATTRIBUTE.kept]: kept }) };
  entries.set(text, { type: "put", ...place, attributes: encodeItem(item) });
}
