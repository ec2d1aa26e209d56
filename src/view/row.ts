import { canonicalNumber, type Item, NumberValue } from "../change/attribute-value.js";
import type { Version } from "../change/version.js";
import { isMillraceError, messageOf, MillraceError } from "../errors.js";

/** One derived row or entry: its printable key in its sink, and what it holds. */
export interface Row {
  /** Identity within the view: the key text of a table row, or the Redis key of an entry. */
  readonly key: string;
  readonly value: Item;
}

/** What a sink must do to one row. */
export type Mutation<V = unknown> = Put<V> | Delete<V>;

interface MutationBase<V> {
  readonly view: V;
  readonly key: string;
  readonly version: Version;
  /** Key text of the source item the row comes from. */
  readonly owner: string;
  /** Time of the change, Unix seconds; expiry counts from here, so that a replay does not extend life. */
  readonly changedAtSeconds: number;
}

/** Make the row hold this value, unless something at least as new is there. */
export interface Put<V = unknown> extends MutationBase<V> {
  readonly type: "put";
  readonly value: Item;
  /** No earlier image of the item derived the row, so that most likely there is none yet; a sink may try that first. */
  readonly enters?: true;
}

/** Make the row absent, unless something at least as new is there. */
export interface Delete<V = unknown> extends MutationBase<V> {
  readonly type: "delete";
  /** A value the row may have had, from which a sink can read key attributes. */
  readonly value: Item;
}

/** Runs a view's own function, turning whatever it throws into a `view-failed` error that names the view. */
export function callView<T>(view: string, what: string, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (isMillraceError(thrown)) throw thrown;
    throw new MillraceError("view-failed", `view "${view}": ${what} threw: ${messageOf(thrown)}`, {
      cause: thrown,
      context: { view },
    });
  }
}

/** Whether two decoded values are equal: by content, with sets in any order and numbers by amount. */
export function sameValue(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) {
    return isNumeric(left) && isNumeric(right) && numberText(left) === numberText(right);
  }
  if (left instanceof NumberValue || right instanceof NumberValue) {
    return isNumeric(left) && isNumeric(right) && numberText(left) === numberText(right);
  }
  if (left instanceof Uint8Array) return right instanceof Uint8Array && sameBytes(left, right);
  if (left instanceof Set) return right instanceof Set && sameSet(left, right);
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((element, i) => sameValue(element, right[i]))
    );
  }
  if (Array.isArray(right) || right instanceof Set || right instanceof Uint8Array) return false;
  return sameItem(left as Item, right as Item);
}

function sameItem(left: Item, right: Item): boolean {
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  return names.every((name) => Object.hasOwn(right, name) && sameValue(left[name], right[name]));
}

function isNumeric(value: unknown): boolean {
  return typeof value === "number" || typeof value === "bigint" || value instanceof NumberValue;
}

function numberText(value: unknown): string {
  const text = String(value);
  return /^(NaN|-?Infinity)$/.test(text) ? text : canonicalNumber(text);
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

function sameSet(left: ReadonlySet<unknown>, right: ReadonlySet<unknown>): boolean {
  if (left.size !== right.size) return false;
  const texts = (set: ReadonlySet<unknown>) => [...set].map(elementText).sort();
  const others = texts(right);
  return texts(left).every((text, i) => text === others[i]);
}

function elementText(element: unknown): string {
  if (element instanceof Uint8Array) return `B${element.join()}`;
  return typeof element === "string" ? `S${element}` : `N${numberText(element)}`;
}
