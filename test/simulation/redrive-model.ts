import type { Item } from "../../src/change/attribute-value.js";
import type { Change } from "../../src/change/change.js";
import { decodeRecord, type StreamRecord } from "../../src/change/decode-record.js";
import type { Version } from "../../src/change/version.js";
import { createAggregateSink } from "../../src/sink/aggregate/aggregate-sink.js";
import { ANY_VIEW } from "../../src/state/quarantine.js";
import type { AggregateView } from "../../src/view/aggregate/aggregate-view.js";
import { CONTRIBUTION_KEY } from "../../src/view/aggregate/compile-contribution.js";
import { type Declarations, viewsOf } from "../../src/view/declarations.js";
import { type Mutation, type Row, sameValue } from "../../src/view/row.js";
import type { View } from "../../src/view/view.js";
import type { FencedItem, LiftableQuarantine } from "./liftable-quarantine.js";
import type { Process } from "./process-under-fault.js";
import { mended, type SourceTable } from "./source-table.js";

/** Longest time between the steps, in which anything may happen beside. */
const PAUSE_MS = 60;
const PAUSE_BEFORE_LIFT_MS = 200;

/** What redrive works on. */
export interface RedriveOptions {
  readonly declarations: Declarations;
  readonly quarantine: LiftableQuarantine;
  readonly sources: readonly SourceTable[];
  readonly process: Process;
  readonly log: (line: () => string) => void;
}

/**
 * Brings quarantined items up to date and lifts their fences, by the protocol of rule V8; a model of it, to be replaced
 * by the operation itself.
 *
 * - the item is read, and the rows it derives now are written at the version of the newest change behind the fence,
 *   beating what has that very version; rows of any image behind the fence that it does not derive are deleted;
 * - the item is read again, and if it changed meanwhile, all is done again;
 * - the fence is lifted only if nothing was parked meanwhile.
 */
export async function redriveAll(options: RedriveOptions): Promise<void> {
  for (const fence of options.quarantine.fenced()) {
    try {
      await redriveItem(options, fence);
    } catch (thrown) {
      options.log(() => `  redrive of ${fence.view} ${fence.itemKey}: ${String(thrown)}`);
    }
  }
}

async function redriveItem(options: RedriveOptions, fence: FencedItem): Promise<void> {
  const { log, quarantine, declarations, process } = options;
  const records = fence.entries.flatMap((entry) => entry.records).map(mended);
  const source = options.sources.find(({ table }) => table === fence.source)!;
  const changes = records.map((record) => decodeRecord(record, () => source.keys));
  const { itemKey, version, changedAtSeconds } = newestOf(fence, changes);
  const views = viewsOf(declarations, fence.source);
  if (fence.view === ANY_VIEW) {
    // Now that it can be read, it belongs behind a fence of its item in every view.
    for (const { name } of views) {
      const entry = { ...fence.entries[0]!, view: name, itemKey, position: version, records };
      await process.quarantine.park(entry);
    }
  } else {
    const view = views.find(({ name }) => name === fence.view)!;
    const images = changes.flatMap((change) => [change.oldImage, change.newImage]);
    const touched = new Map(
      images.flatMap((image) => rowsOf(view, image)).map((row) => [row.key, row]),
    );
    await settle(options, { view, source, touched, owner: itemKey, version, at: changedAtSeconds });
  }
  await process.clock.sleep(process.clock.random() * PAUSE_BEFORE_LIFT_MS);
  const lifted = quarantine.lift(fence);
  log(() => `  redrive of ${fence.view} ${fence.itemKey}: ${lifted}`);
}

/** The newest change behind a fence; of what a backfill parked, the read that it failed at, which every change beats. */
function newestOf(fence: FencedItem, changes: readonly Change[]) {
  const [first, ...rest] = changes;
  if (first) return rest.reduce((a, b) => (a.version > b.version ? a : b), first);
  const { position, parkedAtMs } = fence.entries[fence.entries.length - 1]!;
  const changedAtSeconds = Math.floor(parkedAtMs / 1000);
  return { itemKey: fence.itemKey, version: position as Version, changedAtSeconds };
}

interface Settling {
  readonly view: View;
  readonly source: SourceTable;
  /** Rows that may be there: those of any image behind the fence. */
  readonly touched: ReadonlyMap<string, Row>;
  readonly owner: string;
  readonly version: Version;
  readonly at: number;
}

async function settle(options: RedriveOptions, settling: Settling): Promise<void> {
  const { view, source, touched, owner, at } = settling;
  if (view.kind === "aggregate-view") return contribute(options, settling, view);
  const { clock } = options.process;
  for (let round = 1; ; round++) {
    const item = currentItem(source, owner);
    const wanted = rowsOf(view, item);
    // Longer, so that it beats the version it extends, and nothing that came later.
    const version = `${settling.version}+${round}` as Version;
    const common = { view, version, owner, changedAtSeconds: at };
    const keys = new Set(wanted.map(({ key }) => key));
    const mutations: Mutation<View>[] = [
      ...[...touched.values()]
        .filter(({ key }) => !keys.has(key))
        .map(({ key, value }) => ({ type: "delete" as const, key, value, ...common })),
      ...wanted.map(({ key, value }) => ({ type: "put" as const, key, value, ...common })),
    ];
    await clock.sleep(clock.random() * PAUSE_MS);
    const results = await options.process.sink.apply(mutations);
    const failure = results.find((result) => result.outcome === "failed");
    if (failure?.outcome === "failed") throw failure.error;
    if (sameValue(item, currentItem(source, owner))) return;
  }
}

/**
 * Makes the item contribute what it is now, at the version of the newest change behind the fence: whatever changes it
 * afterwards is parked, and makes redrive go round again, or comes when the fence is gone.
 */
async function contribute(
  { process }: RedriveOptions,
  { source, owner, version, at }: Settling,
  view: AggregateView,
): Promise<void> {
  const [row] = rowsOf(view, currentItem(source, owner));
  const target = { view, key: CONTRIBUTION_KEY, version, owner, changedAtSeconds: at };
  const sink = createAggregateSink({ store: process.store });
  const [result] = await sink.apply([
    row ? { type: "put", value: row.value, ...target } : { type: "delete", value: {}, ...target },
  ]);
  if (result?.outcome === "failed") throw result.error;
}

function rowsOf(view: View, image: Item | undefined): readonly Row[] {
  return image ? view.rowsOf(image) : [];
}

/** The item as its declaration knows it: a view's row without the bookkeeping; a tombstone or empty group as nothing. */
export function currentItem(source: SourceTable, itemKey: string): Item | undefined {
  const { _millrace: bookkeeping, ...item } = source.get(itemKey) ?? {};
  if (bookkeeping === undefined) return source.get(itemKey);
  return bookkeeping === 0 || (bookkeeping as { d?: boolean }).d ? undefined : item;
}

/** The item a record is about, also where it arrived broken. */
export function itemKeyOf(record: StreamRecord, keys: readonly string[]): string {
  return decodeRecord(mended(record), () => keys).itemKey;
}
