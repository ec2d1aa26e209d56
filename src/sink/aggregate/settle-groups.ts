import { decodeItem, type Item, type WireItem } from "../../change/attribute-value.js";
import { encodeItem } from "../../change/encode-item.js";
import { isMillraceError, messageOf, MillraceError } from "../../errors.js";
import { type AggregateView, isDirect } from "../../view/aggregate/aggregate-view.js";
import { addExactly, holdableNumber, meanOf } from "../../view/aggregate/decimal.js";
import type { MeasureSpec, OrderedSpec } from "../../view/aggregate/measure.js";
import { RESERVED_ATTRIBUTE, TTL_ATTRIBUTE } from "../../view/key.js";
import { mapBounded } from "../bounded.js";
import type { CheckWrite, Place, Store } from "./store.js";
import { foreignRow } from "./transaction.js";
import {
  ATTRIBUTE,
  countAttribute,
  counterPlace,
  digest,
  expiry,
  groupText,
  measureAttribute,
  orderPartition,
  placeText,
  rowPlace,
  sumAttribute,
} from "./workings.js";

/** A group whose row may have to be brought in line with the workings. */
export interface Unsettled {
  readonly group: Item;
  /** Time of the latest change of it, Unix seconds. */
  readonly changedAtSeconds: number;
}

/** Times a row is tried again that somebody else writes too. */
const MOST_TRIES = 8;
const GROUPS_AT_ONCE = 16;

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
  const settle = isDirect(view) ? removeIfEmpty : settleRow;
  await mapBounded([...groups], GROUPS_AT_ONCE, async ([text, unsettled]) => {
    try {
      await settle(store, view, unsettled);
    } catch (thrown) {
      errors.set(
        text,
        isMillraceError(thrown)
          ? thrown
          : new MillraceError("refused", messageOf(thrown), { cause: thrown }),
      );
    }
  });
  return errors;
}

/** A row that is its own counter is always right, but goes when nobody is left in the group: whoever deletes it. */
async function removeIfEmpty(store: Store, view: AggregateView, { group }: Unsettled) {
  const place = rowPlace(view, group);
  const [row] = await store.read([place]);
  if (row?.[RESERVED_ATTRIBUTE]?.N !== "0") return;
  const condition = { type: "equals", path: [RESERVED_ATTRIBUTE], value: { N: "0" } } as const;
  await store.write({ type: "delete", ...place, condition });
}

/** A row, and the counters that were read after it. */
interface Seen {
  readonly row: WireItem | undefined;
  /** The mark of the row itself, empty where there is none. */
  readonly rowMark: string;
  readonly counters: readonly (WireItem | undefined)[];
  /** Says of which states of the counters a row was made. */
  readonly counterMark: string;
}

/**
 * Writes the row that the counters and entries of a group add up to.
 *
 * A row names the counters it was made of. The row is read before the counters, the counters before the entries, and
 * the row is written only if it is still the one that was read. So of two that settle one group the second to write
 * has to begin again, and then sees what the first one saw, or something newer.
 */
async function settleRow(store: Store, view: AggregateView, unsettled: Unsettled): Promise<void> {
  const { group } = unsettled;
  const place = rowPlace(view, group);
  const text = groupText(view, group);
  const counterPlaces = Array.from({ length: view.spread }, (_, n) => counterPlace(view, text, n));
  for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
    const seen = await look(store, view, place, counterPlaces);
    if (membersOf(seen) === 0) {
      if (await removeRow(store, place, seen)) {
        await forget(store, counterPlaces, seen, unsettled.changedAtSeconds);
        return;
      }
      continue;
    }
    if (markedIn(seen.row, ATTRIBUTE.mark) === seen.counterMark) return;
    const figures = await figuresOf(store, view, text, seen);
    const mark = digest(seen.rowMark, seen.counterMark);
    const attributes = {
      ...encodeItem(figures),
      [RESERVED_ATTRIBUTE]: {
        M: { [ATTRIBUTE.version]: { S: mark }, [ATTRIBUTE.mark]: { S: seen.counterMark } },
      },
    };
    if (await writeRow(store, place, counterPlaces, seen, attributes)) return;
  }
  throw new MillraceError(
    "unavailable",
    `view "${view.name}": the row ${text} was changed by others ${MOST_TRIES} times while it was written; trying again`,
    { context: { view: view.name, key: text } },
  );
}

async function look(
  store: Store,
  view: AggregateView,
  place: Place,
  counterPlaces: readonly Place[],
): Promise<Seen> {
  const [row] = await store.read([place]);
  const rowMark = markedIn(row, ATTRIBUTE.version);
  if (row && rowMark === "") throw foreignRow(view, placeText(place));
  const counters = await store.read(counterPlaces);
  const counterMark = digest(...counters.map(markOf));
  return { row, rowMark, counters, counterMark };
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

/** The measures of a group, from the sum of its counters and the ends of its orders. */
async function figuresOf(
  store: Store,
  view: AggregateView,
  group: string,
  { counters }: Seen,
): Promise<Item> {
  const total = (attribute: string) =>
    counters.reduce((sum, counter) => addExactly(sum, counter?.[attribute]?.N ?? "0"), "0");
  const figures: Record<string, unknown> = {};
  for (const [measure, spec] of Object.entries(view.measures)) {
    const figure = await figureOf(store, view, group, measure, spec, total);
    if (figure !== undefined) figures[measure] = figure;
  }
  return figures;
}

async function figureOf(
  store: Store,
  view: AggregateView,
  group: string,
  measure: string,
  spec: MeasureSpec,
  total: (attribute: string) => string,
): Promise<unknown> {
  switch (spec.kind) {
    case "count":
    case "count-if":
    case "sum":
    case "distinct-count":
      return holdableNumber(total(measureAttribute(view, measure)));
    case "avg": {
      const count = total(countAttribute(measure));
      return count === "0" ? undefined : meanOf(total(sumAttribute(measure)), count);
    }
    case "ordered":
      return orderedFigure(store, view, orderPartition(measure, group), spec);
  }
}

async function orderedFigure(
  store: Store,
  view: AggregateView,
  partition: string,
  { descending, limit, shows }: OrderedSpec,
): Promise<unknown> {
  const entries = await store.query({ table: view.workingsTable, partition, descending, limit });
  const shown = entries.map((entry) => {
    const { [ATTRIBUTE.by]: by, [ATTRIBUTE.kept]: kept } = decodeItem(entry);
    return shows === "value" ? by : kept;
  });
  return shows === "list" ? shown : shown[0];
}

/** The row of a group as its readers see it; `undefined` where no item is left in it. */
export function readableRow(view: AggregateView, wire: WireItem): Item | undefined {
  const { [RESERVED_ATTRIBUTE]: bookkeeping, ...own } = wire;
  if (bookkeeping?.N === "0") return undefined;
  if (bookkeeping === undefined) throw foreignRow(view, JSON.stringify(own).slice(0, 200));
  return decodeItem(own);
}
