import { decodeItem, type Item, type WireItem } from "../../change/attribute-value.js";
import { encodeItem } from "../../change/encode-item.js";
import { MillraceError } from "../../errors.js";
import { type AggregateView, isDirect } from "../../view/aggregate/aggregate-view.js";
import { RESERVED_ATTRIBUTE, TTL_ATTRIBUTE } from "../../view/key.js";
import { mapBounded } from "../bounded.js";
import { asError } from "./commit-run.js";
import { figuresOf } from "./group-figures.js";
import type { CheckWrite, Place, Store } from "./store.js";
import { foreignRow } from "./transaction.js";
import { ATTRIBUTE, counterPlace, digest, expiry, placeText, rowPlace } from "./workings.js";

/** A group whose row may have to be brought in line with the workings. */
export interface Unsettled {
  readonly group: Item;
  /** Time of the latest change of it, Unix seconds. */
  readonly changedAtSeconds: number;
}

/** Times a row is tried again that somebody else writes too. */
const MOST_TRIES = 8;
const GROUPS_AT_ONCE = 16;

/** A group to settle, by its key text. */
type Entry = readonly [text: string, unsettled: Unsettled];

/** Looks at a row and makes it right: `false` where somebody else wrote it meanwhile, and it has to be looked at again. */
type Settle = (entry: Entry, seen: Seen) => Promise<boolean>;

/**
 * Brings the rows of groups in line with the workings, as they are now or were at a moment during the call.
 *
 * @returns the error of each group that could not be, by key text; the others are settled.
 */
export async function settleGroups(
  store: Store,
  view: AggregateView,
  groups: ReadonlyMap<string, Unsettled>,
): Promise<ReadonlyMap<string, MillraceError>> {
  const errors = new Map<string, MillraceError>();
  const settle: Settle = isDirect(view)
    ? (entry, seen) => removeIfEmpty(store, view, entry, seen)
    : (entry, seen) => settleRow(store, view, entry, seen);
  const wanted: Wanted = new Map();
  let open: readonly Entry[] = [...groups];
  for (let attempt = 0; attempt < MOST_TRIES && open.length > 0; attempt++)
    open = await settleAll(store, view, open, settle, { errors, wanted });
  for (const [text] of open) errors.set(text, keepsChanging(view, text));
  return errors;
}

/** Of each group, how often its counters had been changed when they were first looked at. */
type Wanted = Map<string, readonly number[]>;

/** Settles each group once, and returns those to be looked at again. */
async function settleAll(
  store: Store,
  view: AggregateView,
  open: readonly Entry[],
  settle: Settle,
  { errors, wanted }: { readonly errors: Map<string, MillraceError>; readonly wanted: Wanted },
): Promise<readonly Entry[]> {
  try {
    const seen = await look(store, view, open, wanted);
    const settled = await mapBounded(seen, GROUPS_AT_ONCE, async (each) => {
      try {
        return await settle(each.entry, each);
      } catch (thrown) {
        errors.set(each.entry[0], asError(thrown));
        return true;
      }
    });
    return seen.filter((_, i) => settled[i] === false).map(({ entry }) => entry);
  } catch (thrown) {
    for (const [text] of open) errors.set(text, asError(thrown));
    return [];
  }
}

function keepsChanging(view: AggregateView, text: string): MillraceError {
  return new MillraceError(
    "unavailable",
    `view "${view.name}": the row ${text} was changed by others ${MOST_TRIES} times while it was written; trying again`,
    { context: { view: view.name, key: text } },
  );
}

/** A row, and the counters that were read after it. */
interface Seen {
  readonly entry: Entry;
  readonly row: WireItem | undefined;
  /** The mark of the row itself, empty where there is none. */
  readonly rowMark: string;
  readonly counters: readonly (WireItem | undefined)[];
  /** Says of which states of the counters a row was made. */
  readonly counterMark: string;
}

/**
 * Reads the rows of groups and their counters, where they are apart from the rows: rows first ({@link settleRow}), but of a
 * spread group all at once, because its counters tell by how often they were changed which of two states is the newer.
 *
 * Leaves out rows that others have meanwhile made of all that was in the counters when they were first looked at: writers
 * that meet in the row of a spread group need not each write it, only wait for one who began after them.
 */
async function look(
  store: Store,
  view: AggregateView,
  entries: readonly Entry[],
  wanted: Wanted,
): Promise<readonly Seen[]> {
  const rowPlaces = entries.map(([, { group }]) => rowPlace(view, group));
  const places = isDirect(view) ? [] : entries.flatMap(([text]) => countersOf(view, text));
  const isSpread = view.spread > 1;
  const first = await store.read(isSpread ? [...rowPlaces, ...places] : rowPlaces);
  const counters = isSpread
    ? first.slice(entries.length)
    : places.length > 0
      ? await store.read(places)
      : [];
  const perGroup = places.length / entries.length;
  const seen = entries.map((entry, i): Seen => {
    const row = first[i];
    const own = counters.slice(i * perGroup, (i + 1) * perGroup);
    const rowMark = markedIn(row, ATTRIBUTE.version);
    return { entry, row, rowMark, counters: own, counterMark: digest(...own.map(markOf)) };
  });
  if (!isSpread) return seen;
  return seen.filter(({ entry: [text], row, counters: own }) => {
    const first = wanted.get(text) ?? own.map(revisionOf);
    wanted.set(text, first);
    return !isAtLeast(revisionsIn(row), first);
  });
}

/** How often the counters that a row was made of had been changed; none where there is no row. */
function revisionsIn(row: WireItem | undefined): readonly number[] {
  const made = row?.[RESERVED_ATTRIBUTE]?.M?.[ATTRIBUTE.revision]?.L ?? [];
  return made.map(({ N }) => Number(N ?? 0));
}

function isAtLeast(revisions: readonly number[], least: readonly number[]): boolean {
  return least.every((revision, n) => (revisions[n] ?? 0) >= revision);
}

function encodedRevision(counter: WireItem | undefined): { N: string } {
  return { N: String(revisionOf(counter)) };
}

function revisionOf(counter: WireItem | undefined): number {
  return Number(counter?.[ATTRIBUTE.revision]?.N ?? 0);
}

function countersOf(view: AggregateView, text: string): readonly Place[] {
  return Array.from({ length: view.spread }, (_, n) => counterPlace(view, text, n));
}

/** A row that is its own counter is always right, but goes when nobody is left in the group: whoever deletes it. */
async function removeIfEmpty(
  store: Store,
  view: AggregateView,
  [, { group }]: Entry,
  { row }: Seen,
): Promise<boolean> {
  if (row?.[RESERVED_ATTRIBUTE]?.N !== "0") return true;
  const condition = { type: "equals", path: [RESERVED_ATTRIBUTE], value: { N: "0" } } as const;
  // Refused means that somebody is in the group again, which is just as well.
  await store.write({ type: "delete", ...rowPlace(view, group), condition });
  return true;
}

/**
 * Writes the row that the counters and entries of a group add up to.
 *
 * A row names the counters it was made of. The row is read before the counters, the counters before the entries, and
 * the row is written only if it is still the one that was read. So of two that settle one group the second to write
 * has to begin again, and then sees what the first one saw, or something newer. In a spread group row and counters are
 * read together, and a row that was made of newer counters than were read is looked at again.
 */
async function settleRow(
  store: Store,
  view: AggregateView,
  [text, { group, changedAtSeconds }]: Entry,
  seen: Seen,
): Promise<boolean> {
  const place = rowPlace(view, group);
  if (seen.row && seen.rowMark === "") throw foreignRow(view, text);
  if (!isAtLeast(seen.counters.map(revisionOf), revisionsIn(seen.row))) return false;
  if (membersOf(seen) === 0) {
    if (!(await removeRow(store, place, seen))) return false;
    // Counters that are not zero each by itself are only right together, and would not expire together.
    if (view.spread === 1) await forget(store, countersOf(view, text), seen, changedAtSeconds);
    return true;
  }
  if (markedIn(seen.row, ATTRIBUTE.mark) === seen.counterMark) return true;
  const figures = await figuresOf(store, view, text, seen.counters);
  const mark = digest(seen.rowMark, seen.counterMark);
  const attributes = {
    ...encodeItem(figures),
    [RESERVED_ATTRIBUTE]: {
      M: {
        [ATTRIBUTE.version]: { S: mark },
        [ATTRIBUTE.mark]: { S: seen.counterMark },
        ...(view.spread > 1 && { [ATTRIBUTE.revision]: { L: seen.counters.map(encodedRevision) } }),
      },
    },
  };
  return writeRow(store, place, countersOf(view, text), seen, attributes);
}

function markOf(counter: WireItem | undefined): string {
  return counter?.[ATTRIBUTE.mark]?.S ?? "";
}

function markedIn(row: WireItem | undefined, name: string): string {
  return row?.[RESERVED_ATTRIBUTE]?.M?.[name]?.S ?? "";
}

function membersOf({ counters }: Seen): number {
  return counters.reduce((sum, counter) => sum + Number(counter?.[ATTRIBUTE.members]?.N ?? 0), 0);
}

/** Deletes the row of an empty group; `false` where somebody else changed it meanwhile. */
async function removeRow(store: Store, place: Place, { row, rowMark }: Seen): Promise<boolean> {
  if (row === undefined) return true;
  return (await store.write({ type: "delete", ...place, condition: rowIs(rowMark) })) === "done";
}

/**
 * Lets the counters of an empty group expire. They are not deleted at once: a counter that comes back with another
 * mark is what tells a late writer that what it saw is no more.
 */
async function forget(
  store: Store,
  places: readonly Place[],
  { counters }: Seen,
  changedAtSeconds: number,
): Promise<void> {
  for (const [n, counter] of counters.entries()) {
    if (counter === undefined || TTL_ATTRIBUTE in counter) continue;
    await store.write({
      type: "add",
      ...(places[n] as Place),
      numbers: {},
      set: { [TTL_ATTRIBUTE]: expiry(changedAtSeconds) },
      condition: counterIs(counter),
    });
  }
}

/**
 * Writes a row if it is still as it was read. A row that was absent has no mark to tell by: it is put in one
 * transaction with a look at the counters, or a writer that comes late would bring back a group that is gone.
 */
async function writeRow(
  store: Store,
  place: Place,
  counterPlaces: readonly Place[],
  { row, rowMark, counters }: Seen,
  attributes: ReturnType<typeof encodeItem>,
): Promise<boolean> {
  const put = { type: "put", ...place, attributes } as const;
  if (row !== undefined)
    return (await store.write({ ...put, condition: rowIs(rowMark) })) === "done";
  const checks = counterPlaces.map((counter, n): CheckWrite => {
    const seen = counters[n];
    return { type: "check", ...counter, condition: seen ? counterIs(seen) : { type: "absent" } };
  });
  const answer = await store.transact([...checks, { ...put, condition: { type: "absent" } }]);
  if (answer.done) return true;
  if (answer.reasons.every((reason) => reason === "none" || reason === "condition")) return false;
  if (answer.reasons.includes("invalid"))
    throw new MillraceError("invalid-row", `DynamoDB cannot hold the row ${placeText(place)}`);
  throw new MillraceError("unavailable", `the row ${placeText(place)} met other writers`);
}

function rowIs(mark: string) {
  const path = [RESERVED_ATTRIBUTE, ATTRIBUTE.version];
  return { type: "equals", path, value: { S: mark } } as const;
}

function counterIs(counter: WireItem) {
  return { type: "equals", path: [ATTRIBUTE.mark], value: { S: markOf(counter) } } as const;
}

/** The row of a group as its readers see it; `undefined` where no item is left in it. */
export function readableRow(view: AggregateView, wire: WireItem): Item | undefined {
  const { [RESERVED_ATTRIBUTE]: bookkeeping, ...own } = wire;
  if (bookkeeping?.N === "0") return undefined;
  if (bookkeeping === undefined) throw foreignRow(view, JSON.stringify(own).slice(0, 200));
  return decodeItem(own);
}
