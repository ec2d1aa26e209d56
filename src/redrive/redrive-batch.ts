import type { Item } from "../change/attribute-value.js";
import { isMillraceError, MillraceError } from "../errors.js";
import { mapBounded } from "../sink/bounded.js";
import type { ApplyResult } from "../sink/sink.js";
import type { HeldEntry, StandingFence } from "../state/quarantine.js";
import { type Mutation, sameValue } from "../view/row.js";
import type { View } from "../view/view.js";
import type { RedriveOptions, RedriveParts, RedriveSink } from "./parts.js";
import { beginBatch, type Patience } from "./patience.js";
import { planItem } from "./plan-item.js";
import { type ItemResult, staying } from "./result.js";
import { writeAtVersion } from "./write-at-version.js";

/** Calls under way at once. */
const CALLS_AT_ONCE = 16;
/** How often an item is taken up again because more of it was parked meanwhile. */
const MOST_ROUNDS = 10;

/** An item on its way out of quarantine. */
interface Open {
  readonly fence: StandingFence;
  /** Whether somebody else lifted the fence, so that only this process's own writes are to be looked at once more. */
  readonly gone: boolean;
  readonly entries: readonly HeldEntry[];
  /** The item as it was read in the rounds before, newest last: what it derived then may have been written. */
  readonly seen: readonly (Item | undefined)[];
}

/** An item with what is to be done about it. */
interface Planned {
  readonly open: Open;
  readonly item: Item | undefined;
  readonly mutations: readonly Mutation<View>[];
}

/**
 * Redrives some fenced items of one view together, and says of each what became of it.
 *
 * In this order, which the argument in `write-at-version.ts` leans on: the fence, the entries behind it, the item as it is,
 * its rows, and then the fence is lifted if it still is the one that was read; else once more from the beginning.
 */
export async function redriveBatch(
  parts: RedriveParts,
  view: View,
  fences: readonly StandingFence[],
  { dryRun = false, selection = {} }: Pick<RedriveOptions, "dryRun" | "selection">,
): Promise<readonly ItemResult[]> {
  const patience = beginBatch(parts.clock);
  const results: ItemResult[] = [];
  let open: readonly Open[] = fences.map((fence) => ({
    fence,
    gone: false,
    entries: [],
    seen: [],
  }));
  for (let round = 1; open.length > 0; round++) {
    const held = await readEntries(parts, patience, open, results);
    const chosen = selection.code === undefined || round > 1 ? held : held.filter(hasCode(selection.code)); // prettier-ignore
    const planned = await planAll(parts, patience, view, chosen, results);
    if (dryRun) return [...results, ...planned.map((each) => done(each))];
    const brought = await bringAll(parts, patience, view, planned, results);
    open = await liftAll(parts, patience, brought, results);
    if (round < MOST_ROUNDS) continue;
    results.push(...open.map(({ fence }) => staying(fence, keepsChanging())));
    return results;
  }
  return results;
}

function hasCode(code: string): (open: Open) => boolean {
  return ({ entries }) => entries.some(({ entry }) => entry.error.code === code);
}

/** Does something about each element; one that cannot be done is told, and a mistake of configuration ends it all. */
async function each<T extends { readonly fence: StandingFence }, R>(
  elements: readonly T[],
  results: ItemResult[],
  call: (element: T) => Promise<R | undefined>,
): Promise<readonly R[]> {
  const answers = await mapBounded(elements, CALLS_AT_ONCE, async (element) => {
    try {
      return await call(element);
    } catch (thrown) {
      if (isMillraceError(thrown) && thrown.code === "configuration") throw thrown;
      results.push(staying(element.fence, thrown));
      return undefined;
    }
  });
  return answers.filter((answer) => answer !== undefined);
}

function readEntries(
  { quarantine }: RedriveParts,
  { insist }: Patience,
  open: readonly Open[],
  results: ItemResult[],
): Promise<readonly Open[]> {
  return each(open, results, async (one) => {
    if (one.gone) return one;
    const entries = await insist(() => quarantine.entriesOf(one.fence));
    if (entries.length > 0) return { ...one, entries };
    // Somebody lifted it since it was listed; nothing was done here.
    if (!(await insist(() => quarantine.fenceOf(one.fence)))) return undefined;
    throw new MillraceError(
      "refused",
      "there is a fence and nothing behind it; backfill the item, and remove the fence from the state table by hand",
    );
  });
}

async function planAll(
  { sourceItems }: RedriveParts,
  { insist }: Patience,
  view: View,
  held: readonly Open[],
  results: ItemResult[],
): Promise<readonly Planned[]> {
  if (held.length === 0) return [];
  const owners = held.map(({ fence }) => fence.itemKey);
  const items = await insist(() => sourceItems.get(view.source, owners));
  return each(held, results, async (open) => {
    const { itemKey } = open.fence;
    const item = items.get(itemKey);
    const mutations = planItem({ view, itemKey, entries: open.entries, seen: open.seen, item });
    return { open, fence: open.fence, item, mutations };
  });
}

/** Brings all rows up to date, and returns the items of which every row is. */
async function bringAll(
  { sinks }: RedriveParts,
  patience: Patience,
  view: View,
  planned: readonly Planned[],
  results: ItemResult[],
): Promise<readonly Planned[]> {
  // A sink is only ever given views of the kind it is registered for.
  const sink = sinks[view.kind] as RedriveSink<View> | undefined;
  if (sink === undefined)
    throw new MillraceError("configuration", `there is no sink for view "${view.name}"`);
  const mutations = planned.flatMap((one) => one.mutations);
  const answers = await writeAtVersion(sink, mutations, patience);
  const brought: Planned[] = [];
  let next = 0;
  for (const one of planned) {
    const own = answers.slice(next, (next += one.mutations.length));
    const failure = own.find(isFailure);
    if (failure?.error.code === "configuration") throw failure.error;
    if (failure) results.push(staying(one.open.fence, failure.error));
    else brought.push(one);
  }
  return brought;
}

function isFailure(result: ApplyResult): result is Extract<ApplyResult, { outcome: "failed" }> {
  return result.outcome === "failed";
}

/** Lifts the fences, and returns the items that have to be taken up once more. */
function liftAll(
  { quarantine }: RedriveParts,
  { insist }: Patience,
  brought: readonly Planned[],
  results: ItemResult[],
): Promise<readonly Open[]> {
  const withFences = brought.map((one) => ({ ...one, fence: one.open.fence }));
  return each(withFences, results, async ({ open, item, mutations, fence }) => {
    const { entries } = open;
    const seen = [...open.seen, item];
    const again = { fence, gone: true, entries, seen };
    if (open.gone) {
      // Whoever lifted the fence let changes through that may have gone between what was read and written here.
      if (!sameValue(open.seen[open.seen.length - 1], item)) return again;
    } else {
      const lift = await insist(() => quarantine.lift(fence, entries));
      if (lift === "gone") return again;
      if (lift === "parked-meanwhile") {
        const now = await insist(() => quarantine.fenceOf(fence));
        return now ? { fence: now, gone: false, entries: [], seen } : again;
      }
    }
    results.push(done({ open, item, mutations }));
    return undefined;
  });
}

function done({ open: { fence }, mutations }: Planned): ItemResult {
  const { source, view, itemKey } = fence;
  const deletes = mutations.filter(({ type }) => type === "delete").length;
  const puts = mutations.length - deletes;
  return { source, view, itemKey, outcome: "redriven", puts, deletes };
}

function keepsChanging(): MillraceError {
  return new MillraceError(
    "unavailable",
    `changes of the item were parked ${MOST_ROUNDS} times between reading it and lifting its fence; redrive it again`,
  );
}
