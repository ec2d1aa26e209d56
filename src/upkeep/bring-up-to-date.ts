import { decodeItem, type Item } from "../change/attribute-value.js";
import { readVersion } from "../change/version.js";
import { decodeKey } from "../dynamodb/decode-key.js";
import { isMillraceError, messageOf, MillraceError } from "../errors.js";
import type { ApplyResult } from "../sink/sink.js";
import type { RowInWork } from "../state/backfill-state.js";
import { type Mutation, type Row, sameValue } from "../view/row.js";
import type { View } from "../view/view.js";

export type { RowInWork } from "../state/backfill-state.js";

/** What {@link bringUpToDate} works with. */
export interface UpkeepPorts {
  /** The items that have these keys, strongly consistent; those that are not there are left out. */
  read(owners: readonly string[]): Promise<ReadonlyMap<string, Item>>;
  /** Applies to the sink of each view, with retries: as {@link Sink.apply}. */
  apply(mutations: readonly Mutation<View>[]): Promise<readonly ApplyResult[]>;
  /**
   * Remembers durably, in place of what was written down before, the rows that are about to be written, and the
   * highest time that is part of their versions.
   */
  writeDown(rows: readonly RowInWork[], atMs: number): Promise<void>;
  /** Unix time in milliseconds. */
  nowMs(): number;
}

/** Items to be brought up to date, and what is known of them. */
export interface UpkeepWork {
  /** Views of one source. */
  readonly views: readonly View[];
  /** The label of the source's stream, read before any of the items. */
  readonly label: string;
  readonly owners: readonly string[];
  /** What a scan read of them already, at a moment not before `atMs`. */
  readonly first?: { readonly items: ReadonlyMap<string, Item>; readonly atMs: number };
  /** What somebody wrote down who did not finish; of owners among those above. */
  readonly left?: { readonly rows: readonly RowInWork[]; readonly atMs: number };
}

/** Counts of what became of rows. */
export interface UpkeepCounts {
  applied: number;
  /** Something at least as new was there. */
  stale: number;
  /** A cache view does not keep such a row. */
  skipped: number;
  /** Written, and then deleted again, because the item had changed. */
  undone: number;
}

/** An item that a view cannot take. */
export interface UpkeepFailure {
  readonly view: string;
  readonly owner: string;
  readonly error: MillraceError;
  /** Time of the read that it failed at. */
  readonly atMs: number;
}

/** What became of the items, by view. */
export interface UpkeepResult {
  readonly counts: ReadonlyMap<string, UpkeepCounts>;
  readonly failures: readonly UpkeepFailure[];
}

/** Reads of an item after which no row is put any more, only deleted: an item that never rests is the stream's. */
const MOST_READS = 5;

/**
 * Makes rows of items as they are now, beside the stream (rule V6): for backfill, and for repair of what is missing.
 *
 * Items are read, their rows written down and put at the version of that read; then the items are read again, and so on
 * until two reads in a row ask for the same rows. What was put and is no longer derived is deleted, at the version of
 * the read that says so, which is higher than any before.
 *
 * Why it comes true, whatever the pipeline does beside it. Let T be the last read of an item.
 *
 * 1. A row the item derives at T is there, or something from the stream was: every version of this kind loses against
 *    every one from the stream, whenever the read was, so nothing the pipeline wrote is ever overwritten or deleted.
 * 2. A row the item does not derive at T, and that was put here, is deleted at T. What the pipeline deletes leaves no
 *    version in a table without tombstones, so a put may bring back what it has just deleted: the item had changed
 *    before the put then, and the read after the put sees that.
 * 3. What changes the item after T comes through the stream, with both images, and puts or deletes each row that
 *    differs between them. Among the rows before the change are exactly those that were left at T.
 * 4. Two that work on the same item at once each undo what they put themselves, at versions above their own. A put that
 *    was stale wrote nothing, and is for whoever wrote the row.
 * 5. Whoever dies in between has written the rows down before the first put. Whoever finds them does 2 with them, at
 *    versions above theirs: what was not put is not there to be deleted, or is of the stream.
 *
 * It takes for granted that no write lands after its answer was waited for in vain, tried again and given (SPEC G2, limits), and
 * that the stream tells every change after the first read.
 *
 * A view that cannot take an item fails for that item alone, and what was put of it is deleted where the view's function
 * threw, since nobody can tell then which rows it should have.
 *
 * Rejects when a sink goes on failing retriably, or is set up wrongly; what was written down is to be gone over again then.
 */
export async function bringUpToDate(ports: UpkeepPorts, work: UpkeepWork): Promise<UpkeepResult> {
  const counts = new Map(work.views.map(({ name }) => [name, noCounts()]));
  const items = itemsInWork(work);
  let open: readonly ItemInWork[] = items;
  // Of two reads the later is the newer, whatever the clock does in between.
  const after = (ms = 0) => Math.max(ports.nowMs(), ms + 1);
  let atMs = work.left ? after(work.left.atMs) : (work.first?.atMs ?? after());
  let found = work.first?.items ?? (await ports.read(work.owners));
  for (let read = 1; ; read++) {
    const time = { label: work.label, atMs, isLast: read === MOST_READS };
    const steps: Step[] = [];
    open = open.filter(({ owner, parts }) => {
      const before = steps.length;
      for (const part of parts) steps.push(...stepsOf(part, found.get(owner), time));
      // What was read already may have been for long: an item is poison only as it is now.
      const isDoubtful = read === 1 && work.first !== undefined && parts.some(hasThrown);
      return steps.length > before || isDoubtful;
    });
    if (open.length === 0) break;
    if (steps.some(({ mutation }) => mutation.type === "put"))
      await ports.writeDown(rowsInWork(items), atMs);
    take(steps, await ports.apply(steps.map(({ mutation }) => mutation)), counts);
    if (time.isLast) break;
    atMs = after(atMs);
    found = await ports.read(open.map(({ owner }) => owner));
  }
  return { counts, failures: items.flatMap(({ parts }) => parts.flatMap(failuresOf)) };
}

interface ItemInWork {
  readonly owner: string;
  readonly parts: readonly Part[];
}

/** What one item is to one view. */
interface Part {
  readonly view: View;
  readonly owner: string;
  /** Rows that may be there by our doing, or by that of whom we follow. */
  readonly rows: Map<string, RowState>;
  /** What the view's function threw of the item as it was read last. */
  thrown?: { readonly error: MillraceError; readonly atMs: number };
}

type RowState =
  | { readonly is: "unknown" | "deleted" }
  | { readonly is: "put"; readonly value: Item }
  | {
      readonly is: "refused";
      readonly value: Item;
      readonly error: MillraceError;
      readonly atMs: number;
    };

/** A mutation, and where it leads to if the sink takes it. */
interface Step {
  readonly mutation: Mutation<View>;
  readonly part: Part;
  readonly atMs: number;
}

function itemsInWork({ owners, views, left }: UpkeepWork): readonly ItemInWork[] {
  const known = new Map<string, Map<string, RowState>>();
  for (const { view, owner, key } of left?.rows ?? []) {
    const text = JSON.stringify([view, owner]);
    known.set(text, (known.get(text) ?? new Map<string, RowState>()).set(key, { is: "unknown" }));
  }
  return owners.map((owner) => ({
    owner,
    parts: views.map((view) => {
      const rows = known.get(JSON.stringify([view.name, owner]));
      return { view, owner, rows: rows ?? new Map<string, RowState>() };
    }),
  }));
}

/** Those deleted among them: the delete is only about to be done. */
function rowsInWork(items: readonly ItemInWork[]): RowInWork[] {
  const rows: RowInWork[] = [];
  for (const { owner, parts } of items)
    for (const part of parts)
      for (const key of part.rows.keys()) rows.push({ view: part.view.name, owner, key });
  return rows;
}

/** What a read asks to be done that is not done yet. */
function stepsOf(
  part: Part,
  item: Item | undefined,
  { label, atMs, isLast }: { label: string; atMs: number; isLast: boolean },
): readonly Step[] {
  const { view, owner, rows } = part;
  const changedAtSeconds = Math.floor(atMs / 1000);
  const target = { view, owner, version: readVersion(label, atMs), changedAtSeconds };
  const wanted = wantedRows(part, item, atMs);
  const steps: Step[] = [];
  for (const [key, state] of rows) {
    if (state.is === "deleted" || wanted.has(key)) continue;
    const value = keyOnly(view, key);
    steps.push({ mutation: { type: "delete", key, value, ...target }, part, atMs });
    rows.set(key, { is: "deleted" });
  }
  if (isLast) return steps;
  for (const { key, value } of wanted.values()) {
    const state = rows.get(key);
    if (state && isDone(state, value)) continue;
    const enters = !state && { enters: true as const };
    steps.push({ mutation: { type: "put", key, value, ...target, ...enters }, part, atMs });
    rows.set(key, { is: "put", value });
  }
  return steps;
}

/** Whether the row needs nothing more; one that collided may find its place left by now. */
function isDone(state: RowState, value: Item): boolean {
  if (state.is === "refused" && state.error.code === "collision") return false;
  return (state.is === "put" || state.is === "refused") && sameValue(state.value, value);
}

function wantedRows(part: Part, item: Item | undefined, atMs: number): ReadonlyMap<string, Row> {
  delete part.thrown;
  try {
    const rows = item === undefined ? [] : part.view.rowsOf(item);
    return new Map(rows.map((row) => [row.key, row]));
  } catch (thrown) {
    part.thrown = { error: viewError(part, thrown), atMs };
    return new Map();
  }
}

function viewError({ view: { name: view }, owner: key }: Part, thrown: unknown): MillraceError {
  if (isMillraceError(thrown)) return thrown;
  const options = { cause: thrown, context: { view, key } };
  return new MillraceError("view-failed", `view "${view}": ${messageOf(thrown)}`, options);
}

/** What a sink needs of a row to delete it: key attributes, which its key text tells. */
function keyOnly(view: View, key: string): Item {
  return view.kind === "table-view" ? decodeItem(decodeKey(view.key, key)) : {};
}

/** Counts answers, and remembers what a sink would not take. */
function take(
  steps: readonly Step[],
  results: readonly ApplyResult[],
  counts: ReadonlyMap<string, UpkeepCounts>,
): void {
  steps.forEach(({ mutation, part, atMs }, i) => {
    const result = results[i] as ApplyResult;
    const count = counts.get(part.view.name) as UpkeepCounts;
    if (result.outcome === "failed") {
      const { error } = result;
      if (error.retriable || error.code === "configuration" || mutation.type === "delete")
        throw error;
      part.rows.set(mutation.key, { is: "refused", value: mutation.value, error, atMs });
    } else if (mutation.type === "put") count[result.outcome]++;
    else if (result.outcome === "applied") count.undone++;
  });
}

function failuresOf({ view: { name: view }, owner, rows, thrown }: Part): UpkeepFailure[] {
  if (thrown) return [{ view, owner, ...thrown }];
  for (const state of rows.values())
    if (state.is === "refused") return [{ view, owner, error: state.error, atMs: state.atMs }];
  return [];
}

function hasThrown({ thrown }: Part): boolean {
  return thrown !== undefined;
}

function noCounts(): UpkeepCounts {
  return { applied: 0, stale: 0, skipped: 0, undone: 0 };
}
