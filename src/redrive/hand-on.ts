import type { Change } from "../change/change.js";
import { decodeRecord } from "../change/decode-record.js";
import { MillraceError } from "../errors.js";
import type { HeldEntry, QuarantineEntry, StandingFence } from "../state/quarantine.js";
import { followedTables, viewsOf } from "../view/declarations.js";
import type { RedriveOptions, RedriveParts } from "./parts.js";
import { beginBatch, type Patience } from "./patience.js";
import { type ItemResult, type Outcome, staying } from "./result.js";

/**
 * Takes up a record that could not be decoded when it came: if it can be by now, it becomes an entry, with a fence, of its
 * item in every view that follows its source, and is redriven from there as any other.
 *
 * Nothing is lost on the way: the entries are durable before this fence is lifted, and parking them again changes nothing.
 */
export async function handOn(
  parts: RedriveParts,
  fence: StandingFence,
  { dryRun = false, selection = {}, onDiscard }: RedriveOptions,
): Promise<ItemResult | undefined> {
  const patience = beginBatch(parts.clock);
  const held = await patience.insist(() => parts.quarantine.entriesOf(fence));
  const { code } = selection;
  if (code !== undefined && !held.some(({ entry }) => entry.error.code === code)) return undefined;
  let entries: readonly QuarantineEntry[];
  try {
    entries = held.flatMap(({ entry }) => entriesByView(parts, entry));
  } catch (thrown) {
    if (dryRun || !onDiscard) return staying(fence, thrown);
    return discard(parts, fence, held, onDiscard);
  }
  if (dryRun) return resultOf(fence, "handed-on");
  for (const entry of entries) await patience.insist(() => parts.quarantine.park(entry));
  return lift(parts, patience, fence, held, "handed-on");
}

/** Gives up what is behind a fence, once whoever asked for it has it. */
export async function discard(
  parts: RedriveParts,
  fence: StandingFence,
  held: readonly HeldEntry[],
  onDiscard: NonNullable<RedriveOptions["onDiscard"]>,
): Promise<ItemResult> {
  for (const { entry } of held) await onDiscard(entry);
  return lift(parts, beginBatch(parts.clock), fence, held, "discarded");
}

async function lift(
  { quarantine }: RedriveParts,
  { insist }: Patience,
  fence: StandingFence,
  held: readonly HeldEntry[],
  outcome: Outcome,
): Promise<ItemResult> {
  const { source, view, itemKey } = fence;
  const answer = await insist(() => quarantine.lift(fence, held));
  if (answer !== "parked-meanwhile") return { source, view, itemKey, outcome, puts: 0, deletes: 0 };
  const message = "more was parked meanwhile; redrive it again";
  return staying(fence, new MillraceError("unavailable", message));
}

/** One entry for each view. @throws where a record still cannot be read, or there is none. */
function entriesByView(parts: RedriveParts, entry: QuarantineEntry): readonly QuarantineEntry[] {
  const { declarations, declaredName } = parts;
  if (entry.records.length === 0) throw nothingToRead(parts, entry);
  const keys = new Map(followedTables(declarations).map((source) => [source.table, source.key]));
  return entry.records.flatMap((record) => {
    let source = entry.source;
    const change: Change = decodeRecord(record, (table) => {
      source = declaredName(table) ?? table;
      const key = keys.get(source);
      if (key) return key.map(({ name }) => name);
      throw new MillraceError("malformed-record", `no view follows table "${table}"`);
    });
    const { itemKey, version: position } = change;
    return viewsOf(declarations, source).map(({ name }) => ({
      ...{ ...entry, source, view: name, itemKey, position, records: [record] },
    }));
  });
}

function nothingToRead({ declarations }: RedriveParts, { source, error }: QuarantineEntry) {
  const names = viewsOf(declarations, source).map(({ name }) => name);
  const remedy = `run millrace backfill ${names.join(" ")}, then millrace redrive '*' --discard`;
  return new MillraceError(error.code, `${error.message}; ${remedy}`);
}

function resultOf({ source, view, itemKey }: StandingFence, outcome: Outcome): ItemResult {
  return { source, view, itemKey, outcome, puts: 0, deletes: 0 };
}
