import { isMillraceError, type MillraceError } from "../errors.js";
import type { Clock } from "../pipeline/clock.js";
import { furthest, type SegmentState, type ViewCounts } from "../state/backfill-state.js";
import { bringUpToDate, type UpkeepPorts, type UpkeepResult } from "../upkeep/bring-up-to-date.js";
import type { View } from "../view/view.js";
import { type BackfillJob, type BackfillParts, patiently, upkeepOf } from "./backfill-parts.js";
import type { ItemPage } from "./item-pages.js";
import { createParking, createPoisonCheck } from "./park-items.js";
import { settleLeft } from "./settle-left.js";

/** What a worker is told while it works. */
export interface SegmentControl {
  /** Whether to stop after the page in work. */
  readonly isStopping: () => boolean;
  readonly onPage?: (page: Pick<ItemPage, "scanned">) => void;
}

/** Works on segments of one backfill, several at once if so asked. */
export interface SegmentWorker {
  /**
   * Goes over a segment from where the furthest of all workers came, first bringing up to date what others left behind.
   *
   * @returns how far it came; not `done` only where it was told to stop. Rejects when a store goes on failing, or when so
   * much is poison that it looks like a bad deploy; started again, it goes on from the last page.
   */
  work(segment: number, control: SegmentControl): Promise<SegmentState>;
}

/** How often the position is saved where nothing has to be written down. */
const SAVE_EVERY_MS = 2_000;

/**
 * Makes a worker.
 *
 * Its state of a segment is one item, which no other worker writes: where the page in work begins, and the rows being
 * written. A page's rows are written down over those of the page before, which are right by then; so a worker that dies
 * leaves one page's, whenever that is.
 */
export function createSegmentWorker(parts: BackfillParts, job: BackfillJob): SegmentWorker {
  const { state: store, clock } = parts;
  const { run, source, views, worker } = job;
  const checkPoison = createPoisonCheck();
  const park = createParking(parts, job);
  const workItems = createItemWork(parts, job);

  return {
    async work(segment, { isStopping, onPage = () => undefined }) {
      const known = await patiently(parts, () => store.segments(source.table, run.id));
      const own = known.filter((each) => each.segment === segment);
      const begun = furthest(own).get(segment);
      if (begun?.done) return begun;
      let state: SegmentState = { ...nothingDone(job, segment), ...begun, worker, rows: [] };
      const save = async (changes: Partial<SegmentState>) => {
        state = { ...state, ...changes, savedAtMs: clock.nowMs() };
        await patiently(parts, () => store.saveSegment(source.table, state));
      };
      const writeDown: UpkeepPorts["writeDown"] = (rows, atMs) => save({ rows, atMs });
      await settleLeft(parts, job, views, own, writeDown);
      for await (const { page, atMs } of readAhead(job, segment, state.after, clock)) {
        await parts.pace.read(page.readUnits);
        const results = await workItems(page, atMs, writeDown);
        const failures = results.flatMap((result) => result.failures);
        checkPoison(views, page.owners.length, failures);
        await park(failures);
        state = pastPage(state, page, results);
        onPage(page);
        const isStopped = page.next !== undefined && isStopping();
        if (isStopped || clock.nowMs() - state.savedAtMs > SAVE_EVERY_MS) await save({});
        if (isStopped) return state;
      }
      await save({ done: true });
      return state;
    },
  };
}

/** All of a page; or, where its rows' keys are too large to be written down together, one half after the other. */
function createItemWork(parts: BackfillParts, { run, source, views }: BackfillJob) {
  const upkeep = upkeepOf(parts, source);
  return async function workItems(
    { owners, items }: Pick<ItemPage, "owners" | "items">,
    atMs: number,
    writeDown: UpkeepPorts["writeDown"],
  ): Promise<readonly UpkeepResult[]> {
    let isWriting = false;
    const apply: UpkeepPorts["apply"] = (mutations) => {
      isWriting = true;
      return upkeep.apply(mutations);
    };
    const first = items && { first: { items, atMs } };
    try {
      const work = { views, label: run.label, owners, ...first };
      return [await bringUpToDate({ ...upkeep, writeDown, apply }, work)];
    } catch (thrown) {
      // Once something is written, what is written down must stay whole.
      if (isWriting || !isMillraceError(thrown) || thrown.code !== "refused") throw thrown;
      if (owners.length === 1) return [allFailed(views, owners, thrown, atMs)];
      const half = Math.ceil(owners.length / 2);
      const halves = [owners.slice(0, half), owners.slice(half)];
      const results: UpkeepResult[] = [];
      for (const own of halves)
        results.push(
          ...(await workItems({ owners: own, ...(items && { items }) }, atMs, writeDown)),
        );
      return results;
    }
  };
}

function allFailed(
  views: readonly View[],
  owners: readonly string[],
  error: MillraceError,
  atMs: number,
): UpkeepResult {
  const failures = owners.flatMap((owner) =>
    views.map(({ name: view }) => ({ view, owner, error, atMs })),
  );
  return { counts: new Map(), failures };
}

/** Pages of a segment, the next one read while one is worked on, each with a moment its items are not older than. */
async function* readAhead(
  { pages, run }: BackfillJob,
  segment: number,
  after: string | undefined,
  clock: Clock,
): AsyncGenerator<{ readonly page: ItemPage; readonly atMs: number }> {
  const iterator = pages.pages(segment, run.segments, after)[Symbol.asyncIterator]();
  const read = () => {
    const atMs = clock.nowMs();
    const next = iterator
      .next()
      .then(({ done, value }) => (done ? undefined : { page: value, atMs: value.atMs ?? atMs }));
    // Whoever waits for it is told; until then nobody is.
    next.catch(() => undefined);
    return next;
  };
  try {
    let ahead = read();
    for (;;) {
      const current = await ahead;
      if (!current) return;
      if (current.page.next !== undefined) ahead = read();
      yield current;
      if (current.page.next === undefined) return;
    }
  } finally {
    await iterator.return?.();
  }
}

/** A segment that nobody has begun. */
export function nothingDone({ run, worker }: BackfillJob, segment: number): SegmentState {
  const none = { done: false, scanned: 0, items: 0, views: {}, rows: [], atMs: 0, savedAtMs: 0 };
  return { run: run.id, segment, worker, ...none };
}

/** The page is done: what was written down for it needs no more looking at. */
function pastPage(
  { after: _begun, ...state }: SegmentState,
  page: ItemPage,
  results: readonly UpkeepResult[],
): SegmentState {
  return {
    ...state,
    ...(page.next !== undefined && { after: page.next }),
    rows: [],
    scanned: state.scanned + page.scanned,
    items: state.items + page.owners.length,
    views: results.reduce(addResult, state.views),
  };
}

function addResult(views: SegmentState["views"], { counts, failures }: UpkeepResult) {
  const sum: Record<string, ViewCounts> = { ...views };
  for (const [view, more] of counts) {
    const so = sum[view] ?? { applied: 0, stale: 0, skipped: 0, undone: 0, parked: 0 };
    sum[view] = {
      applied: so.applied + more.applied,
      stale: so.stale + more.stale,
      skipped: so.skipped + more.skipped,
      undone: so.undone + more.undone,
      parked: so.parked + failures.filter((failure) => failure.view === view).length,
    };
  }
  return sum;
}
