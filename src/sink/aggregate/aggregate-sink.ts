import type { Item } from "../../change/attribute-value.js";
import { isNewer } from "../../change/version.js";
import { MillraceError } from "../../errors.js";
import { type AggregateView, isDirect } from "../../view/aggregate/aggregate-view.js";
import type { Contribution, Part } from "../../view/aggregate/contribution.js";
import { type Mutation, sameValue } from "../../view/row.js";
import type { ApplyResult } from "../sink.js";
import { asError, commitRun } from "./commit-run.js";
import { readableRow, settleGroups, type Unsettled } from "./settle-groups.js";
import type { Store } from "./store.js";
import { type Lane, packTransactions, type Pending, tooManyActions } from "./transaction.js";
import {
  contributionPlace,
  decodeContribution,
  groupText,
  rowPlace,
  type StoredContribution,
} from "./workings.js";

/** The row of a group, without Millrace's own bookkeeping. */
export interface StoredGroup {
  /** Key text of the row. */
  readonly key: string;
  readonly value: Item;
}

/** Where the rows of aggregate views live. */
export interface AggregateSink {
  /** As {@link Sink.apply}: never rejects, and answers each contribution, in the order given. */
  apply(mutations: readonly Mutation<AggregateView>[]): Promise<readonly ApplyResult[]>;
  /**
   * Puts right what items contribute, as {@link Sink.correct}: a mutation is done only if the stored contribution has
   * exactly its version, and other parts; the difference is added and the groups are settled as ever.
   */
  correct(mutations: readonly Mutation<AggregateView>[]): Promise<readonly ApplyResult[]>;
  /** The row of the group that has these key attributes, strongly consistent. */
  get(view: AggregateView, group: Item): Promise<StoredGroup | undefined>;
  /** The rows of all groups of a view, in no order. */
  scan(view: AggregateView): AsyncIterable<StoredGroup>;
  close(): Promise<void>;
}

/** What {@link createAggregateSink} takes. */
export interface AggregateSinkOptions {
  readonly store: Store;
}

/** Times a contribution is read again because somebody else wrote it, or a value of its own, between read and write. */
const MOST_TRIES = 5;

/**
 * A sink of aggregate views, exact whatever happens to it (rule V5).
 *
 * Why it comes true. Let an item's contribution be the parts stored for it, and a group's row what the stored
 * contributions add up to.
 *
 * 1. Contributions, counters, entries and counts of values are only ever changed together, in one transaction that adds
 *    (new - stored) on condition that the stored version is the one that was read. So they agree with each other at every
 *    moment, and an item counts once at the newest version that was ever applied: a delivery repeated, a call whose answer
 *    was lost, or a second writer finds its version there already, and is stale. A correction keeps the version and counts
 *    itself beside it, so that whoever read the contribution before has to read it again.
 * 2. A row that is its own counter is part of that transaction. It only has to go when it is empty, which is done on
 *    condition that it is empty then: right whoever does it, and however late.
 * 3. Any other row is worked out after the transaction ("settled"). Whoever writes it names the state of the counters it
 *    was made of, and writes on condition that the row is still the one read before them. So no writer can put back
 *    what another has written since, and whoever changed a counter goes on until the row is made of that change or a later
 *    one.
 * 4. A writer that dies between transaction and settling leaves a contribution that names every group it touched: those it
 *    is in, and those it left. Its changes are delivered again. If the stored version is as new, the groups are settled
 *    then; if a newer one is to be written, the groups left are settled before it is, and all others after it. Neither
 *    is ever acknowledged before: a group that could not be settled fails the contribution as retriable.
 */
export function createAggregateSink({ store }: AggregateSinkOptions): AggregateSink {
  const lane: Lane = { seed: "" };

  async function change(
    mutations: readonly Asked[],
    next: NextContribution,
  ): Promise<readonly ApplyResult[]> {
    const results = new Map<Asked, ApplyResult>();
    const views = new Set(mutations.map(({ view }) => view));
    await Promise.all(
      [...views].map((view) =>
        applyView(
          store,
          view,
          mutations.filter((mutation) => mutation.view === view),
          { results, unsettled: new Map(), lane, next },
        ),
      ),
    );
    return mutations.map((mutation) => results.get(mutation) as ApplyResult);
  }

  return {
    apply: (mutations) => change(mutations, newerContribution),
    correct: (mutations) => change(mutations, correctedContribution),
    async get(view, group) {
      const [wire] = await store.read([rowPlace(view, group)]);
      const value = wire && readableRow(view, wire);
      return value && { key: groupText(view, value), value };
    },
    async *scan(view) {
      for await (const wire of store.scan(view.table)) {
        const value = readableRow(view, wire);
        if (value) yield { key: groupText(view, value), value };
      }
    },
    close: async () => undefined,
  };
}

type Asked = Mutation<AggregateView>;

/** The answers so far, and the groups to be settled before they are final, each with those who wait for it. */
interface Progress {
  readonly results: Map<Asked, ApplyResult>;
  readonly unsettled: Map<string, Unsettled & { readonly waiting: Asked[] }>;
  readonly lane: Lane;
  readonly next: NextContribution;
}

/** What shall be stored of an item instead of what is; `undefined` where that stays, and the mutation is stale. */
type NextContribution = (
  mutation: Asked,
  stored: StoredContribution | undefined,
) => StoredContribution | undefined;

async function applyView(
  store: Store,
  view: AggregateView,
  mutations: readonly Asked[],
  progress: Progress,
): Promise<void> {
  let open = mutations;
  for (let attempt = 0; attempt < MOST_TRIES && open.length > 0; attempt++)
    open = await attemptAll(store, view, open, progress);
  for (const asked of open) fail(progress, asked, keepsChanging(asked));
  const errors = await settleGroups(store, view, progress.unsettled);
  for (const [text, error] of errors)
    for (const asked of progress.unsettled.get(text)?.waiting ?? []) fail(progress, asked, error);
}

/** Answers what can be answered, and returns what has to be read again. */
async function attemptAll(
  store: Store,
  view: AggregateView,
  open: readonly Asked[],
  progress: Progress,
): Promise<readonly Asked[]> {
  try {
    const pending = await readPending(store, view, open, progress);
    const ready = await settleLeft(store, view, pending, progress);
    const { runs, tooLarge } = packTransactions(view, ready);
    for (const { mutation } of tooLarge)
      fail(progress, mutation, tooManyActions(view, mutation.owner));
    const again: Asked[] = [];
    // One after the other: runs of one view may touch the same group, and would conflict with each other.
    for (const run of runs) {
      const commit = await commitRun(store, view, run, progress.lane);
      for (const each of commit.done) applied(view, each, progress);
      for (const { pending: each, error } of commit.failed) fail(progress, each.mutation, error);
      again.push(...commit.again.map(({ mutation }) => mutation));
    }
    return again;
  } catch (thrown) {
    for (const asked of open)
      if (!progress.results.has(asked)) fail(progress, asked, asError(thrown));
    return [];
  }
}

/** Reads what is stored of each item; what is at least as new is answered, and its groups looked at once more. */
async function readPending(
  store: Store,
  view: AggregateView,
  open: readonly Asked[],
  progress: Progress,
): Promise<readonly Pending[]> {
  const wires = await store.read(open.map(({ owner }) => contributionPlace(view, owner)));
  return open.flatMap((mutation, i) => {
    const wire = wires[i];
    const stored = wire && decodeContribution(wire);
    const next = progress.next(mutation, stored);
    if (next) return [{ mutation, stored, next }];
    progress.results.set(mutation, { outcome: "stale" });
    if (stored === undefined) return [];
    const inside = isDirect(view) ? [] : stored.parts.map(({ group }) => group);
    waitFor(view, progress, mutation, [...inside, ...stored.left]);
    return [];
  });
}

function newerContribution(
  mutation: Asked,
  stored: StoredContribution | undefined,
): StoredContribution | undefined {
  if (stored && !isNewer(mutation.version, stored.version)) return undefined;
  return nextOf(mutation, stored, 0);
}

function correctedContribution(
  mutation: Asked,
  stored: StoredContribution | undefined,
): StoredContribution | undefined {
  if (stored?.version !== mutation.version || sameValue(stored.parts, partsOf(mutation)))
    return undefined;
  return nextOf(mutation, stored, stored.corrections + 1);
}

function nextOf(
  mutation: Asked,
  stored: StoredContribution | undefined,
  corrections: number,
): StoredContribution {
  const { view, version } = mutation;
  const parts = partsOf(mutation);
  return { version, corrections, parts, left: groupsLeft(view, stored?.parts ?? [], parts) };
}

function partsOf(mutation: Asked): readonly Part[] {
  return mutation.type === "put" ? (mutation.value as unknown as Contribution).parts : [];
}

function groupsLeft(view: AggregateView, from: readonly Part[], to: readonly Part[]): Item[] {
  const kept = new Set(to.map(({ group }) => groupText(view, group)));
  return from.map(({ group }) => group).filter((group) => !kept.has(groupText(view, group)));
}

/** Settles the groups that items left with their last change, because the next one will no longer name them. */
async function settleLeft(
  store: Store,
  view: AggregateView,
  pending: readonly Pending[],
  progress: Progress,
): Promise<readonly Pending[]> {
  const left = new Map<string, Unsettled>();
  for (const { mutation, stored } of pending)
    for (const group of stored?.left ?? [])
      left.set(groupText(view, group), { group, changedAtSeconds: mutation.changedAtSeconds });
  if (left.size === 0) return pending;
  const errors = await settleGroups(store, view, left);
  return pending.filter(({ mutation, stored }) => {
    const error = stored?.left
      .map((group) => errors.get(groupText(view, group)))
      .find((each) => each !== undefined);
    if (error) fail(progress, mutation, error);
    return error === undefined;
  });
}

function applied(view: AggregateView, { mutation, stored, next }: Pending, progress: Progress) {
  progress.results.set(mutation, { outcome: "applied" });
  const inside = isDirect(view)
    ? []
    : [...(stored?.parts ?? []), ...next.parts].map(({ group }) => group);
  waitFor(view, progress, mutation, [...inside, ...next.left]);
}

function waitFor(
  view: AggregateView,
  { unsettled }: Progress,
  asked: Asked,
  groups: readonly Item[],
): void {
  for (const group of groups) {
    const text = groupText(view, group);
    const known = unsettled.get(text);
    const changedAtSeconds = Math.max(asked.changedAtSeconds, known?.changedAtSeconds ?? 0);
    unsettled.set(text, { group, changedAtSeconds, waiting: [...(known?.waiting ?? []), asked] });
  }
}

function fail({ results }: Progress, asked: Asked, error: MillraceError): void {
  results.set(asked, { outcome: "failed", error });
}

function keepsChanging({ view, owner }: Asked): MillraceError {
  return new MillraceError(
    "unavailable",
    `view "${view.name}": what is stored of item ${owner}, or of a value it has, was changed by others ${MOST_TRIES} times between read and write; trying again`,
    { context: { view: view.name, key: owner } },
  );
}
