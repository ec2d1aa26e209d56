import type { StreamRecord } from "../change/decode-record.js";
import type { ErrorCode } from "../errors.js";

/** Stands for all views where a record is poison before any view is asked: it could not be decoded. */
export const ANY_VIEW = "*";

/** A poison change, kept whole: everything needed to understand it and to redrive it. */
export interface QuarantineEntry {
  readonly view: string;
  /** Declared name of the source's table. */
  readonly source: string;
  /** Key text of the item; for a record that could not be decoded, its sequence number. */
  readonly itemKey: string;
  /** Sorts entries of one item by age; the version of the change, or whatever a malformed record offered. */
  readonly position: string;
  /** The stream records, verbatim, oldest first: the changes of the item in one batch. */
  readonly records: readonly StreamRecord[];
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly stack?: string };
  /** When it was parked, Unix milliseconds. */
  readonly parkedAtMs: number;
}

/** A fence: the item's later changes in the view join its quarantine until it is redriven (rule V8). */
export interface Fence {
  readonly view: string;
  readonly itemKey: string;
  /** How many times something was parked; redrive lifts the fence only if this has not changed meanwhile. */
  readonly parked: number;
}

/** A fence as whoever means to lift it sees it. */
export interface StandingFence extends Fence {
  readonly source: string;
  /** Another one each time something is parked, and never the same again, also of a fence that is raised anew. */
  readonly stamp: string;
}

/** An entry as it is held, with what tells it apart from the same change parked again. */
export interface HeldEntry {
  readonly entry: QuarantineEntry;
  readonly handle: string;
}

/** What an entry is about, without its records. */
export interface QuarantineSummary extends Pick<
  QuarantineEntry,
  "view" | "source" | "itemKey" | "position" | "parkedAtMs"
> {
  readonly code: ErrorCode;
  readonly message: string;
  /** Stream records it holds. */
  readonly changes: number;
  readonly handle: string;
}

/**
 * What became of a fence that was to be lifted.
 *
 * `parked-meanwhile`: it stands, with more behind it than was seen. `gone`: somebody else has lifted it.
 */
export type Lift = "lifted" | "parked-meanwhile" | "gone";

/** The fences that stand for one source's items. */
export interface Fences {
  /** The fence of an item in a view, if one stands. */
  of(view: string, itemKey: string): Fence | undefined;
  readonly size: number;
}

/** An item, in a view that follows a source. */
export interface ItemInView {
  readonly source: string;
  readonly view: string;
  readonly itemKey: string;
}

/** The durable store of poison changes and of the fences around their items. */
export interface Quarantine {
  /** All fences of a source, strongly consistent; one cheap read when there are none. */
  fences(source: string): Promise<Fences>;
  /**
   * Stores the entry and raises or keeps the item's fence, both or neither; durable when it resolves.
   *
   * With `joining`, does so only if the fence still stands, and answers `fence-gone` otherwise: the item was redriven
   * meanwhile, and the change has to be processed like any other.
   */
  park(
    entry: QuarantineEntry,
    options?: { readonly joining: boolean },
  ): Promise<"parked" | "fence-gone">;
  /** Entries of one view, or of all, oldest first within an item. */
  list(view?: string): AsyncIterable<QuarantineEntry>;
  /** What the entries of one view, or of all, are about, in no order of views; reads no records. */
  summaries(view?: string): AsyncIterable<QuarantineSummary>;
  /** The fences of a source, of one view or of all, however many; strongly consistent, page by page. */
  standing(source: string, view?: string): AsyncIterable<StandingFence>;
  /** The fence of one item, strongly consistent. */
  fenceOf(item: ItemInView): Promise<StandingFence | undefined>;
  /** The entries of one item, oldest first, strongly consistent: at least all that a fence read before covers. */
  entriesOf(item: Pick<ItemInView, "view" | "itemKey">): Promise<readonly HeldEntry[]>;
  /**
   * Lifts a fence if nothing was parked since it was read, and then removes the entries behind it (rule V8).
   *
   * In this order, because an entry without a fence is done with, while a fence without its entries could never be
   * redriven. What a crash in between leaves is removed by {@link Quarantine.release}.
   *
   * Requires all entries that the fence covers. An entry parked again in the meantime, behind a fence of its own, stays.
   */
  lift(fence: StandingFence, entries: readonly HeldEntry[]): Promise<Lift>;
  /** Removes an entry whose item has no fence; answers whether it did. */
  release(entry: QuarantineSummary): Promise<boolean>;
}
