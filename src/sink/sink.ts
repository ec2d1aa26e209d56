import type { Item } from "../change/attribute-value.js";
import type { Version } from "../change/version.js";
import type { MillraceError } from "../errors.js";
import type { Mutation } from "../view/row.js";
import type { View } from "../view/view.js";

/**
 * What became of a mutation.
 *
 * `applied`: the sink holds it now. `stale`: something at least as new was there; success, not an error. `skipped`: the
 * view does not keep such a row in memory (it is not hot, or too large), and nothing older is there either.
 */
export type Outcome = "applied" | "stale" | "skipped";

/** The answer to one mutation: an outcome, or the error that kept it from having one. */
export type ApplyResult =
  { readonly outcome: Outcome } | { readonly outcome: "failed"; readonly error: MillraceError };

/** A row as a sink holds it. */
export interface StoredRow {
  readonly key: string;
  readonly version: Version;
  /** What tells the source item apart that the row comes from: its key text, or a sink's fingerprint of it. */
  readonly owner: string;
  /** The row without Millrace's own bookkeeping; absent for a tombstone. */
  readonly value?: Item;
  /** When it expires, Unix seconds, where it does. */
  readonly expiresAtSeconds?: number;
}

/**
 * Where a view's rows live.
 *
 * Every sink keeps the one rule: a row is written only if what is stored is strictly older (rule V2), whoever
 * delivers, however often, in whatever order. Not a sink's job: deciding what a row is, ordering the changes of an
 * item, retrying, or giving up.
 */
export interface Sink<V extends View = View> {
  /**
   * Applies mutations in any order and answers each, in the order given.
   *
   * Requires at most one mutation for each (view, key, owner). Never rejects: what could not be done is answered
   * `failed`, with `retriable` saying whether the same mutation can succeed later. A row that another item owns is
   * `failed` with code `collision`, and left as it is.
   */
  apply(mutations: readonly Mutation<V>[]): Promise<readonly ApplyResult[]>;
  /**
   * Puts right what is stored: as {@link Sink.apply}, but a mutation is done only if what is stored under the key, row or
   * tombstone, has exactly the mutation's version and owner, and is answered `stale` otherwise.
   *
   * The version stays, so whatever the stream brings later still wins (rule V6). A put replaces the value, or turns a
   * tombstone into a row; a delete removes the row, leaving a tombstone of that version where the sink keeps them. A row
   * that expires goes on to expire when it was to. The owner may also be named as `get` and `scan` tell it.
   */
  correct(mutations: readonly Mutation<V>[]): Promise<readonly ApplyResult[]>;
  /** The row or tombstone under a key, strongly consistent where the store can be. */
  get(view: V, key: string): Promise<StoredRow | undefined>;
  /** All rows of a view, without tombstones, in no order. */
  scan(view: V): AsyncIterable<StoredRow>;
  /** Releases connections; the sink is not used afterwards. */
  close(): Promise<void>;
}

/** Seconds a tombstone is kept: the longest time a stale write can arrive, by default 24 h retention and as long again. */
export const TOMBSTONE_TTL_SECONDS = 2 * 24 * 60 * 60;
