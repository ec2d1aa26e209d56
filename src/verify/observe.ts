import type { Item } from "../change/attribute-value.js";
import { messageOf } from "../errors.js";
import { parseMemberKey } from "../view/member-key.js";
import type { Row } from "../view/row.js";
import { visibleRows } from "../view/visible-rows.js";
import {
  type Comparand,
  type Derived,
  digestOf,
  isCollection,
  isRanked,
  isSet,
} from "./comparand.js";
import type { Suspect } from "./find-suspects.js";
import type { FindingKind } from "./finding.js";
import type { HeldRow, VerifyPorts } from "./ports.js";

/** A row that some item derives now. */
export interface Wanted extends Derived {
  readonly owner: string;
}

/** A suspect as it is now: what its items say, what is held, and what is wrong with that. */
export interface Observation {
  readonly suspect: Suspect;
  readonly wanted: readonly Wanted[];
  readonly held: HeldRow | undefined;
  /** Absent where nothing is wrong. */
  readonly wrong?: { readonly kind: FindingKind; readonly reason: string };
  /** What the items said, as one text. */
  readonly wantedState: string;
  /** All that was seen, as one text: two that are equal saw the same. */
  readonly state: string;
}

/**
 * Looks at suspects once more: first at their items, strongly consistent, then at what is held. So what is held can be
 * newer than what the items said, and older only by as much as the stream is behind.
 */
export async function observeAll(
  ports: VerifyPorts,
  suspects: readonly Suspect[],
): Promise<readonly Observation[]> {
  const items = await readItems(ports, suspects);
  const observations: Observation[] = [];
  for (let from = 0; from < suspects.length; from += AT_ONCE)
    observations.push(
      ...(await Promise.all(
        suspects.slice(from, from + AT_ONCE).map((suspect) => observe(ports, suspect, items)),
      )),
    );
  return observations;
}

const AT_ONCE = 16;

type ItemsBySource = ReadonlyMap<string, ReadonlyMap<string, Item>>;

async function readItems(
  { source }: VerifyPorts,
  suspects: readonly Suspect[],
): Promise<ItemsBySource> {
  const bySource = new Map<string, Set<string>>();
  const sources = new Map(
    suspects.map(({ comparand: { view } }) => [view.source.table, view.source]),
  );
  for (const { comparand, owners } of suspects) {
    const { table } = comparand.view.source;
    const known = bySource.get(table) ?? new Set<string>();
    for (const owner of owners) known.add(owner);
    bySource.set(table, known);
  }
  const items = new Map<string, ReadonlyMap<string, Item>>();
  for (const [table, owners] of bySource) {
    const declared = sources.get(table);
    if (declared) items.set(table, await source.get(declared, [...owners]));
  }
  return items;
}

async function observe(
  ports: VerifyPorts,
  suspect: Suspect,
  items: ItemsBySource,
): Promise<Observation> {
  const { comparand, key, owners } = suspect;
  const found = items.get(comparand.view.source.table);
  const wanted: Wanted[] = [];
  let failure: string | undefined;
  for (const owner of owners) {
    const item = found?.get(owner);
    try {
      for (const row of item ? comparand.derive(owner, item) : [])
        if (row.key === key) wanted.push({ ...row, owner });
    } catch (thrown) {
      failure = messageOf(thrown);
    }
  }
  const held = await comparand.get(key);
  const wrong =
    failure === undefined
      ? await whatIsWrong(ports, suspect, wanted, held)
      : { kind: kindOf(comparand, "missing"), reason: `the view cannot take its item: ${failure}` };
  const wantedState = JSON.stringify([
    failure,
    ...wanted.map((row) => [row.owner, digestOf(row.value)]),
  ]);
  // What is shown of a member has no version of its own, and nothing has where it is not shown: the ledger tells.
  const known =
    isCollection(comparand.view) && ports.heldCache
      ? await ports.heldCache.contributions(comparand.view, key)
      : [];
  const heldState = JSON.stringify([
    [held?.version, held?.owner, held?.value && digestOf(held.value)],
    ...known.map((each) => [each.version, each.owner, digestOf(each.value)]),
  ]);
  const state = `${wantedState} ${heldState}`;
  return { suspect, wanted, held, ...(wrong && { wrong }), wantedState, state };
}

type Wrong = NonNullable<Observation["wrong"]>;

async function whatIsWrong(
  ports: VerifyPorts,
  { comparand }: Suspect,
  wanted: readonly Wanted[],
  held: HeldRow | undefined,
): Promise<Wrong | undefined> {
  const [first, second] = wanted;
  const value = held?.value;
  if (first === undefined)
    return value === undefined
      ? undefined
      : { kind: kindOf(comparand, "extra"), reason: heldInVain(comparand, held) };
  if (value === undefined) {
    if (wanted.every(({ optional }) => optional)) return undefined;
    if (isRanked(comparand.view) && !(await shouldBeShown(ports, comparand, first)))
      return undefined;
    return { kind: kindOf(comparand, "missing"), reason: `item ${first.owner} derives it` };
  }
  if (isSet(comparand.view)) return undefined;
  if (second !== undefined)
    return {
      kind: kindOf(comparand, "different"),
      reason: `items ${first.owner} and ${second.owner} both derive it, and only one can have it`,
    };
  if (digestOf(value) !== digestOf(first.value))
    return { kind: kindOf(comparand, "different"), reason: differenceOf(value, first.value) };
  if (held?.owner === undefined)
    return { kind: kindOf(comparand, "different"), reason: "Millrace did not write it" };
  if (!comparand.isOwner(held.owner, first.owner))
    return {
      kind: kindOf(comparand, "different"),
      reason: `it belongs to item ${held.owner}, but item ${first.owner} derives it`,
    };
  return undefined;
}

/** Parts of aggregates and what is in a cache in vain have kinds of their own. */
function kindOf({ view }: Comparand, kind: "missing" | "extra" | "different"): FindingKind {
  if (view.kind === "aggregate-view") return "wrong aggregate";
  return view.kind === "cache-view" && kind === "extra" ? "orphan" : kind;
}

function heldInVain({ view }: Comparand, held: HeldRow | undefined): string {
  const item = held?.owner === undefined ? "" : ` (it came from item ${held.owner})`;
  if (view.kind === "aggregate-view") return "the item contributes nothing any more";
  return `no item derives it${item}`;
}

function differenceOf(held: Item, wanted: Item): string {
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(held)])];
  const differing = names.filter((name) => digestOf(held[name]) !== digestOf(wanted[name]));
  const [name = ""] = differing;
  const more = differing.length > 1 ? `, and ${differing.length - 1} more` : "";
  return `${name} is ${brief(held[name])}, should be ${brief(wanted[name])}${more}`;
}

/** A value in few characters. */
export function brief(value: unknown): string {
  if (value === undefined) return "absent";
  const text = JSON.stringify(value, (_name, each: unknown) =>
    typeof each === "bigint" ? String(each) : each,
  );
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

/**
 * Whether a row that is not shown should be: not where it ranks below a full collection, nor below one that is shorter
 * because more have left than were spare, and that knows nothing of it (SPEC G31).
 */
async function shouldBeShown(
  { heldCache }: VerifyPorts,
  { view }: Comparand,
  wanted: Wanted,
): Promise<boolean> {
  if (!heldCache || !isRanked(view)) return true;
  const { collection, member } = parseMemberKey(wanted.key);
  const shown = (await heldCache.shown(view, collection)).map((row): Row => ({
    key: row.key,
    value: row.value ?? {},
  }));
  const own: Row = { key: wanted.key, value: { ...wanted.value, member } };
  const order = visibleRows({ ...view, keep: shown.length + 1 }, [...shown, own]);
  const isLowest = order[order.length - 1]?.key === own.key;
  if (!isLowest) return true;
  if (shown.length >= view.keep) return false;
  if ((await heldCache.contributions(view, wanted.key)).length > 0) return true;
  const cutOff = await heldCache.cutOff(view, collection);
  return cutOff === undefined || Number(wanted.value["score"]) > cutOff;
}
