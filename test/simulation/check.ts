import type { Item } from "../../src/change/attribute-value.js";
import { keyText } from "../../src/change/item-key.js";
import type { Sink } from "../../src/sink/sink.js";
import { canonicalText } from "../../src/view/canonical-text.js";
import type { Declarations } from "../../src/view/declarations.js";
import type { View } from "../../src/view/view.js";
import type { LiftableQuarantine } from "./liftable-quarantine.js";
import { currentItem, itemKeyOf } from "./redrive-model.js";
import type { SourceTable } from "./source-table.js";

/** What is compared. */
export interface CheckOptions {
  readonly declarations: Declarations;
  readonly sink: Sink;
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
    const expected = recompute(view, source, keptBack);
    const stored = new Map<string, string>();
    for await (const { key, value, owner } of options.sink.scan(view))
      if (!keptBack.has(owner)) stored.set(key, canonicalText(value));
    for (const key of new Set([...expected.keys(), ...stored.keys()])) {
      const [is, should] = [stored.get(key) ?? "absent", expected.get(key) ?? "absent"];
      if (is !== should)
        differences.push(`view "${view.name}", row ${key}: is ${is}, should be ${should}`);
    }
  }
  return differences;
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
    const isInOrder = entries.every(
      ({ error: { code } }) => code === "view-failed" || code === "refused",
    );
    const view = options.declarations.views.find((each) => each.name === name);
    if (!view || !isInOrder) continue;
    const newest = entries.reduce((max, { position }) => (position > max ? position : max), "");
    for await (const { key, owner, version } of options.sink.scan(view))
      // Redrive's own versions are longer than those they extend.
      if (owner === itemKey && version.slice(0, newest.length) > newest)
        differences.push(`view "${name}", row ${key}: went past the fence of item ${itemKey}`);
  }
  return differences;
}
