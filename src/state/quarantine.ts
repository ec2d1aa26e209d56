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

/** The fences that stand for one source's items. */
export interface Fences {
  /** The fence of an item in a view, if one stands. */
  of(view: string, itemKey: string): Fence | undefined;
  readonly size: number;
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
}
