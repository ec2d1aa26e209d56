import { itemSizeBytes } from "../../change/encode-item.js";
import { MillraceError } from "../../errors.js";
import { type AggregateView, isDirect } from "../../view/aggregate/aggregate-view.js";
import { addExactly } from "../../view/aggregate/decimal.js";
import { TTL_ATTRIBUTE } from "../../view/key.js";
import type { Mutation } from "../../view/row.js";
import {
  addEffects,
  type CounterEffect,
  type Effects,
  noEffects,
  type ValueEffect,
} from "./effects.js";
import {
  type Action,
  type AddWrite,
  type Condition,
  MOST_ACTIONS,
  type PutWrite,
  type Store,
} from "./store.js";
import {
  ATTRIBUTE,
  contributionPlace,
  contributionStamp,
  counterOf,
  digest,
  encodeContribution,
  membersAttribute,
  type StoredContribution,
} from "./workings.js";

/** A contribution to be written: the mutation that asks for it, what is stored, and what shall be. */
export interface Pending {
  readonly mutation: Mutation<AggregateView>;
  /** Absent where nothing is stored of the item. */
  readonly stored: StoredContribution | undefined;
  readonly next: StoredContribution;
}

/**
 * What a writer chooses its counter of spread groups by. It keeps to one for as long as nobody else is met there, so that
 * writers soon have one each.
 */
export interface Lane {
  seed: string;
}

/** Bytes of the items put in one transaction; DynamoDB takes 4 MB with everything around them. */
const MOST_BYTES = 3 * 1024 * 1024;

/**
 * Cuts contributions into runs that each fit one transaction: a transaction is split only between contributions.
 *
 * Contributions of one group are put side by side, so that as few transactions as can be touch one group.
 *
 * @returns the runs, and the contributions that need more actions than a transaction has.
 */
export function packTransactions(
  view: AggregateView,
  pending: readonly Pending[],
): { readonly runs: readonly (readonly Pending[])[]; readonly tooLarge: readonly Pending[] } {
  const runs: Pending[][] = [];
  const tooLarge: Pending[] = [];
  let run: Pending[] = [];
  let effects = noEffects();
  let bytes = 0;
  for (const each of sortedByGroup(pending)) {
    const own = effectsOf(view, [each]);
    const weight = bytesOf(each, own);
    if (1 + sizeOf(own) > MOST_ACTIONS) {
      tooLarge.push(each);
      continue;
    }
    const actions = run.length + 1 + sizeOf(own) + newIn(effects, own);
    if (run.length > 0 && (actions > MOST_ACTIONS || bytes + weight > MOST_BYTES)) {
      runs.push(run);
      [run, effects, bytes] = [[], noEffects(), 0];
    }
    run.push(each);
    addEffectsOf(effects, view, each);
    bytes += weight;
  }
  if (run.length > 0) runs.push(run);
  return { runs, tooLarge };
}

/** How many actions the effects already there need that the new ones do not. */
function newIn(effects: Effects, own: Effects): number {
  const only = (before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>) =>
    [...before.keys()].filter((text) => !after.has(text)).length;
  return (
    only(effects.counters, own.counters) +
    only(effects.values, own.values) +
    only(effects.entries, own.entries)
  );
}

function sizeOf({ counters, values, entries }: Effects): number {
  return counters.size + values.size + entries.size;
}

function bytesOf({ mutation, next }: Pending, { entries }: Effects): number {
  let bytes = itemSizeBytes(encodeContribution(next, mutation.changedAtSeconds));
  for (const entry of entries.values())
    if (entry.type === "put") bytes += itemSizeBytes(entry.attributes);
  return bytes;
}

function sortedByGroup(pending: readonly Pending[]): readonly Pending[] {
  const groupOf = ({ stored, next }: Pending) =>
    JSON.stringify(next.parts[0]?.group ?? stored?.parts[0]?.group ?? null);
  return pending
    .map((each) => ({ each, group: groupOf(each) }))
    .sort((a, b) => (a.group < b.group ? -1 : a.group > b.group ? 1 : 0))
    .map(({ each }) => each);
}

function effectsOf(view: AggregateView, run: readonly Pending[], counter = 0): Effects {
  const effects = noEffects();
  for (const each of run) addEffectsOf(effects, view, each, counter);
  return effects;
}

function addEffectsOf(effects: Effects, view: AggregateView, each: Pending, counter = 0): void {
  const { mutation, stored, next } = each;
  addEffects(effects, view, mutation.owner, { from: stored?.parts ?? [], to: next.parts, counter });
}

/**
 * The one transaction that writes a run of contributions and everything that follows from them (rule V5): each
 * contribution on condition that what is stored is what was read, and one update a group for all of them together.
 */
export async function planTransaction(
  store: Store,
  view: AggregateView,
  run: readonly Pending[],
  lane: Lane,
): Promise<readonly Action[]> {
  lane.seed ||= markOf(run);
  const effects = effectsOf(view, run, counterOf(view, lane.seed));
  const values = await planValues(store, effects);
  return [
    ...run.map(contributionWrite),
    ...effects.entries.values(),
    ...values,
    ...[...effects.counters.values()].flatMap((counter) => counterWrite(view, run, counter)),
  ];
}

function contributionWrite({ mutation, stored, next }: Pending): PutWrite {
  const { view, owner, changedAtSeconds } = mutation;
  return {
    type: "put",
    ...contributionPlace(view, owner),
    attributes: encodeContribution(next, changedAtSeconds),
    condition: stored
      ? { type: "equals", path: [ATTRIBUTE.version], value: { S: contributionStamp(stored) } }
      : { type: "absent" },
  };
}

/**
 * Counts how many items have each value, and adds to the counter what that makes of the number of values.
 *
 * The condition of each write says no more than what the counter takes for granted: that a value which is new was not
 * there, that one which stays does, that one which goes had these items and no other.
 */
async function planValues(store: Store, { values, counters }: Effects): Promise<readonly Action[]> {
  const changed = [...values.values()].filter(({ delta }) => delta !== 0);
  const stored = await store.read(changed.map(({ place }) => place));
  return changed.map((effect, i) => {
    const before = Number(stored[i]?.[ATTRIBUTE.references]?.N ?? 0);
    const appears = (before + effect.delta > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
    const counter = counters.get(effect.counter);
    if (counter) {
      const { numbers } = counter;
      numbers[effect.attribute] = addExactly(numbers[effect.attribute] ?? "0", appears);
    }
    return valueWrite(effect, before);
  });
}

function valueWrite({ place, delta }: ValueEffect, before: number): Action {
  const attribute = ATTRIBUTE.references;
  if (before === 0 && delta > 0) {
    const attributes = { [attribute]: { N: String(delta) } };
    return { type: "put", ...place, attributes, condition: { type: "absent" } };
  }
  if (before > 0 && before + delta === 0) {
    const value = { N: String(before) };
    return { type: "delete", ...place, condition: { type: "equals", path: [attribute], value } };
  }
  const condition: Condition = { type: "above", attribute, bound: Math.max(0, -delta) };
  return { type: "add", ...place, numbers: { [attribute]: String(delta) }, condition };
}

/** In a row of its own, a counter that stays as it is needs no write; apart from the row, it marks the change. */
function counterWrite(
  view: AggregateView,
  run: readonly Pending[],
  { place, numbers }: CounterEffect,
): readonly AddWrite[] {
  if (isDirect(view)) {
    if (Object.values(numbers).every((number) => number === "0")) return [];
    const condition: Condition = { type: "absent-or-has", attribute: membersAttribute(view) };
    return [{ type: "add", ...place, numbers, condition }];
  }
  const set = { [ATTRIBUTE.mark]: { S: markOf(run) } };
  const counted = view.spread > 1 ? { ...numbers, [ATTRIBUTE.revision]: "1" } : numbers;
  return [{ type: "add", ...place, numbers: counted, set, remove: [TTL_ATTRIBUTE] }];
}

/** A mark that no other transaction leaves: an item's contribution is written once at each version and correction. */
function markOf(run: readonly Pending[]): string {
  return digest(...run.flatMap(({ mutation, next }) => [mutation.owner, contributionStamp(next)]));
}

/** Whether an action is the update of a row that is its own counter: only an item of somebody else refuses it. */
export function isRowGuard(action: Action): boolean {
  return action.condition?.type === "absent-or-has";
}

/** Somebody else wrote an item where a group's row belongs. */
export function foreignRow(view: AggregateView, place: string): MillraceError {
  return new MillraceError(
    "refused",
    `view "${view.name}": table "${view.table}" holds an item ${place} that Millrace did not write; delete it, or give the view a table of its own`,
    { context: { view: view.name } },
  );
}

/** An item's contribution that no transaction can hold. */
export function tooManyActions(view: AggregateView, owner: string): MillraceError {
  return new MillraceError(
    "invalid-row",
    `view "${view.name}": item ${owner} changes more than ${MOST_ACTIONS} rows at once, which no transaction can hold; put it in fewer groups, or give the view fewer measures that order or tell values apart`,
    { context: { view: view.name, key: owner } },
  );
}
