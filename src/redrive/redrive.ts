import { MillraceError } from "../errors.js";
import { ANY_VIEW, type QuarantineSummary, type StandingFence } from "../state/quarantine.js";
import { followedTables } from "../view/declarations.js";
import type { View } from "../view/view.js";
import { discard, handOn } from "./hand-on.js";
import type { RedriveOptions, RedriveParts } from "./parts.js";
import { beginBatch } from "./patience.js";
import { redriveBatch } from "./redrive-batch.js";
import {
  createResults,
  type ItemResult,
  type RedriveReport,
  type Results,
  staying,
} from "./result.js";

/** Items taken up together: as many as one call reads. */
const BATCH_ITEMS = 100;
/** Passes over items that wait for a row which another quarantined item may be about to leave. */
const MOST_PASSES = 5;
/** Where a record is kept whose source could not be told. */
const UNKNOWN_SOURCE = "unknown";

/**
 * Brings quarantined items up to date and lifts their fences (rule V8), while the stream flows on.
 *
 * Records that could not be read come first, then every view's items, in batches; what is behind a collision again, as
 * long as other items leave quarantine and may have left the row. Safe to be stopped, killed, repeated, and run beside
 * itself. Rejects with `configuration` where nothing can be done at all: a view's table is missing, say.
 */
export async function redrive(
  parts: RedriveParts,
  options: RedriveOptions = {},
): Promise<RedriveReport> {
  const results = createResults();
  const run = startRun(parts, options, results);
  if (options.onProgress)
    for await (const fences of batchesOf(parts, options.selection ?? {}, run))
      run.expect(fences.length);
  if (options.selection?.view === undefined || options.selection.view === ANY_VIEW)
    await handAllOn(parts, options, run);
  for (let pass = 1; ; pass++) {
    const { redriven, collided } = await redriveAll(parts, options, run);
    if (options.dryRun || redriven === 0 || collided === 0 || pass === MOST_PASSES) break;
    results.again();
  }
  if (!options.dryRun) await releaseLeftovers(parts, options, run);
  const { stays } = results;
  const views = [...results.views.values()];
  const stopped = options.signal?.aborted ?? false;
  const ok = !stopped && views.every((view) => view.stays === 0);
  return { ok, dryRun: options.dryRun ?? false, stopped, views, stays };
}

/** A redrive under way. */
interface Run {
  /** Declared names of the tables whose items may be in quarantine. */
  readonly sources: readonly string[];
  readonly isStopped: () => boolean;
  /** Counts results, tells how far things are, and waits where it goes too fast. */
  tell(results: readonly ItemResult[]): Promise<void>;
  /** Expects so many more items. */
  expect(items: number): void;
}

function startRun(
  { declarations, clock }: RedriveParts,
  { signal, itemsPerSecond, onProgress }: RedriveOptions,
  results: Results,
): Run {
  const startedAtMs = clock.nowMs();
  let [done, total] = [0, 0];
  return {
    sources: [...followedTables(declarations).map(({ table }) => table), UNKNOWN_SOURCE],
    isStopped: () => signal?.aborted ?? false,
    expect: (items) => void (total += items),
    async tell(some) {
      for (const result of some) results.add(result);
      done += some.length;
      onProgress?.({ done: Math.min(done, total), total });
      const aheadMs = (done / (itemsPerSecond ?? Infinity)) * 1000 - (clock.nowMs() - startedAtMs);
      if (aheadMs > 0) await clock.sleep(aheadMs);
    },
  };
}

async function handAllOn(parts: RedriveParts, options: RedriveOptions, run: Run): Promise<void> {
  for await (const fences of batchesOf(parts, { ...options.selection, view: ANY_VIEW }, run))
    for (const fence of fences) {
      if (run.isStopped()) return;
      const result = await handOn(parts, fence, options);
      if (result) await run.tell([result]);
    }
}

/** One pass over the items of all views that are meant. */
async function redriveAll(
  parts: RedriveParts,
  options: RedriveOptions,
  run: Run,
): Promise<{ readonly redriven: number; readonly collided: number }> {
  const { selection = {} } = options;
  let [redriven, collided] = [0, 0];
  if (selection.view === ANY_VIEW) return { redriven, collided };
  const views = new Map<string, View>(parts.declarations.views.map((view) => [view.name, view]));
  for await (const fences of batchesOf(parts, selection, run)) {
    if (run.isStopped()) break;
    const name = fences[0]?.view ?? "";
    if (name === ANY_VIEW) continue;
    const view = views.get(name);
    const results = view
      ? await redriveBatch(parts, view, fences, options)
      : await giveUpAll(parts, fences, options);
    redriven += results.filter(({ outcome }) => outcome === "redriven").length;
    collided += results.filter(({ reason }) => reason?.code === "collision").length;
    await run.tell(results);
  }
  return { redriven, collided };
}

/** The fences that are meant, as they are listed, each batch of one view. */
async function* batchesOf(
  { quarantine, declarations }: RedriveParts,
  { view, itemKey }: NonNullable<RedriveOptions["selection"]>,
  { sources }: Run,
): AsyncGenerator<readonly StandingFence[]> {
  let batch: StandingFence[] = [];
  for (const source of sources) {
    const views = view === undefined ? declarations.views.map(({ name }) => name) : [view];
    const fences =
      itemKey === undefined
        ? quarantine.standing(source, view)
        : (await Promise.all(views.map((name) => quarantine.fenceOf({ source, view: name, itemKey })))).filter((fence) => fence !== undefined); // prettier-ignore
    for await (const fence of fences) {
      if (batch.length === BATCH_ITEMS || (batch[0] && batch[0].view !== fence.view)) {
        yield batch;
        batch = [];
      }
      batch.push(fence);
    }
    if (batch.length > 0) yield batch;
    batch = [];
  }
}

/** Items of a view that is not declared any more have nothing to be redriven into. */
async function giveUpAll(
  parts: RedriveParts,
  fences: readonly StandingFence[],
  { dryRun, onDiscard }: RedriveOptions,
): Promise<readonly ItemResult[]> {
  const results: ItemResult[] = [];
  for (const fence of fences) {
    const message = `view "${fence.view}" is not declared; declare it again, or give its items up by --discard`;
    if (dryRun || !onDiscard) results.push(staying(fence, new MillraceError("refused", message)));
    else results.push(await discard(parts, fence, await parts.quarantine.entriesOf(fence), onDiscard)); // prettier-ignore
  }
  return results;
}

/** Removes entries that a crash has left without their fence, and tells of those that no declared source leads to. */
async function releaseLeftovers(
  { quarantine, clock }: RedriveParts,
  { selection = {} }: RedriveOptions,
  run: Run,
): Promise<void> {
  const isMeant = ({ itemKey, code }: QuarantineSummary) =>
    (selection.itemKey === undefined || selection.itemKey === itemKey) &&
    (selection.code === undefined || selection.code === code);
  for await (const summary of quarantine.summaries(selection.view)) {
    if (run.isStopped()) return;
    const { insist } = beginBatch(clock);
    if (!isMeant(summary)) continue;
    const fence = await insist(() => quarantine.fenceOf(summary));
    if (!fence) await insist(() => quarantine.release(summary));
    if (!fence || run.sources.includes(summary.source)) continue;
    const message = `no view follows table "${summary.source}" any more; declare one, and redrive again`;
    await run.tell([staying(summary, new MillraceError("refused", message))]);
  }
}
