import type { Item } from "../../src/change/attribute-value.js";
import { keyText } from "../../src/change/item-key.js";
import { createAggregateSink } from "../../src/sink/aggregate/aggregate-sink.js";
import type { Store } from "../../src/sink/aggregate/store.js";
import {
  contributionPlace,
  decodeContribution,
  groupText,
} from "../../src/sink/aggregate/workings.js";
import type { Sink } from "../../src/sink/sink.js";
import type { AggregateView } from "../../src/view/aggregate/aggregate-view.js";
import { CONTRIBUTION_KEY } from "../../src/view/aggregate/compile-contribution.js";
import { type OwnedItem, recomputeGroups } from "../../src/view/aggregate/recompute-groups.js";
import { canonicalText } from "../../src/view/canonical-text.js";
import type { Declarations } from "../../src/view/declarations.js";
import type { Row } from "../../src/view/row.js";
import type { View } from "../../src/view/view.js";
import type { LiftableQuarantine } from "./liftable-quarantine.js";
import { currentItem, itemKeyOf } from "./redrive-model.js";
import type { SourceTable } from "./source-table.js";

/** What is compared. */
export interface CheckOptions {
  readonly declarations: Declarations;
  readonly sink: Sink;
  /** Where aggregate views are kept. */
  readonly store: Store;
  readonly quarantine: LiftableQuarantine;
  readonly sources: readonly SourceTable[];
}

/**
 * Recomputes every view from its source, and says where what is stored differs.
 *
 * Items that a fence keeps back, or a record of which could not be read, are left out: redrive brings them.
 */
export async function compareWithRecomputation(options: CheckOptions): Promise<string[]> {
  const differences: string[] = [];
  for (const view of options.declarations.views) {
    const source = options.sources.find(({ table }) => table === view.source.table)!;
    const keptBack = itemsKeptBack(options.quarantine, view, source);
    const [expected, stored] =
      view.kind === "aggregate-view"
        ? await groupsToCompare(options.store, view, source, keptBack)
        : [recompute(view, source, keptBack), await storedRows(options.sink, view, keptBack)];
    for (const key of new Set([...expected.keys(), ...stored.keys()])) {
      const [is, should] = [stored.get(key) ?? "absent", expected.get(key) ?? "absent"];
      if (is !== should)
        differences.push(`view "${view.name}", row ${key}: is ${is}, should be ${should}`);
    }
  }
  return differences;
}

type Texts = ReadonlyMap<string, string>;

async function storedRows(sink: Sink, view: View, keptBack: ReadonlySet<string>): Promise<Texts> {
  const texts = new Map<string, string>();
  for await (const { key, value, owner } of sink.scan(view))
    if (!keptBack.has(owner)) texts.set(key, canonicalText(value));
  return texts;
}

/**
 * The groups of a view as they should be and as they are.
 *
 * A group holds many items at once, so one that is kept back counts as what is stored of it. The groups it is in or just
 * left are themselves left out: their rows may wait for it, where a crash came between its transaction and them.
 */
async function groupsToCompare(
  store: Store,
  view: AggregateView,
  source: SourceTable,
  keptBack: ReadonlySet<string>,
): Promise<readonly [Texts, Texts]> {
  const contributions: OwnedItem[] = [];
  for (const item of source.items()) {
    const owner = keyText(source.keys, item);
    const current = keptBack.has(owner) ? undefined : currentItem(source, owner);
    for (const { value } of current ? view.rowsOf(current) : [])
      contributions.push({ owner, item: value });
  }
  const waiting = new Set<string>();
  for (const owner of keptBack) {
    const [wire] = await store.read([contributionPlace(view, owner)]);
    const { parts = [], left = [] } = wire ? decodeContribution(wire) : {};
    contributions.push({ owner, item: { parts } });
    for (const group of [...parts.map((part) => part.group), ...left])
      waiting.add(groupText(view, group));
  }
  const asTheyAre = { ...view, rowsOf: (item: Item) => [{ key: CONTRIBUTION_KEY, value: item }] };
  const texts = async (rows: Iterable<Row> | AsyncIterable<Row>) => {
    const found = new Map<string, string>();
    for await (const { key, value } of rows)
      if (!waiting.has(key)) found.set(key, canonicalText(value));
    return found;
  };
  const expected = await recomputeGroups(asTheyAre, contributions);
  return [await texts(expected), await texts(createAggregateSink({ store }).scan(view))];
}

function recompute(
  view: View,
  source: SourceTable,
  keptBack: ReadonlySet<string>,
): Map<string, string> {
  const expected = new Map<string, string>();
  for (const stored of source.items()) {
    const itemKey = keyText(source.keys, stored);
    const item: Item | undefined = currentItem(source, itemKey);
    if (!item || keptBack.has(itemKey)) continue;
    for (const { key, value } of view.rowsOf(item)) expected.set(key, canonicalText(value));
  }
  return expected;
}

function itemsKeptBack(
  quarantine: LiftableQuarantine,
  view: View,
  source: SourceTable,
): Set<string> {
  const keptBack = new Set<string>();
  for (const fence of quarantine.fenced()) {
    if (fence.source !== source.table) continue;
    if (fence.view === view.name) keptBack.add(fence.itemKey);
    if (fence.view !== "*") continue;
    for (const { records } of fence.entries)
      for (const record of records) keptBack.add(itemKeyOf(record, source.keys));
  }
  return keptBack;
}

/** Says what is in quarantine without a reason to be: nothing that trying again helps may get there. */
export function unreasonablyParked(quarantine: LiftableQuarantine, mayCollide: boolean): string[] {
  const isReason = ({ code, message }: { code: string; message: string }) =>
    code === "view-failed" ||
    code === "malformed-record" ||
    (code === "collision" && mayCollide) ||
    message.endsWith("this one waits behind it");
  return quarantine
    .fenced()
    .flatMap(({ entries }) => entries)
    .filter(({ error }) => !isReason(error))
    .map(
      ({ view, itemKey, error }) =>
        `view "${view}", item ${itemKey}: in quarantine for "${error.message}" (${error.code})`,
    );
}

/** Says which rows ran ahead of what their item's fence keeps back: order behind poison (SPEC G7). */
export async function rowsPastFences(options: CheckOptions): Promise<string[]> {
  const differences: string[] = [];
  for (const { view: name, itemKey, entries } of options.quarantine.fenced()) {
    // What could not be read was parked without a place in the order of its item; a collision is another item's doing.
    // Neither is what a backfill parks, since it does not know which changes were before.
    const isInOrder = entries.every(
      ({ error: { code }, records }) =>
        records.length > 0 && (code === "view-failed" || code === "refused"),
    );
    const view = options.declarations.views.find((each) => each.name === name);
    if (!view || !isInOrder || view.kind === "aggregate-view") continue;
    const newest = entries.reduce((max, { position }) => (position > max ? position : max), "");
    for await (const { key, owner, version } of options.sink.scan(view))
      // Redrive's own versions are longer than those they extend. A stream that was re-created is read beside the old
      // one, so that a change of it may be applied before the old one's poison is known.
      if (
        owner === itemKey &&
        labelOf(version) === labelOf(newest) &&
        version.slice(0, newest.length) > newest
      )
        differences.push(`view "${name}", row ${key}: went past the fence of item ${itemKey}`);
  }
  return differences;
}

/** The stream that a version is of. */
function labelOf(version: string): string {
  return version.slice(0, 23);
}
