import type { Item, NumberValue } from "../../change/attribute-value.js";

declare const resultOf: unique symbol;

/**
 * One figure of a group: a measure of items `I`, which a row shows as an `R`.
 *
 * Made by {@link count} and its siblings, and given to an aggregate view under the name of the row's attribute. It is a
 * function: what an item gives it, unchecked.
 */
export interface Measure<in I, out R> {
  (item: I): unknown;
  readonly spec: MeasureSpec;
  /** Of the type alone: never there. */
  readonly [resultOf]?: R;
}

/** What a measure does, as the view's machinery sees it. */
export type MeasureSpec =
  | { readonly kind: "count" }
  | { readonly kind: "count-if"; readonly holds: (item: Item) => unknown }
  | { readonly kind: "sum" | "avg" | "distinct-count"; readonly of: Reading }
  | OrderedSpec;

/** A measure that shows the first entries of a group in some order: the least, the greatest, the latest, the top k. */
export interface OrderedSpec {
  readonly kind: "ordered";
  /** What it was declared by, for messages. */
  readonly name: "min" | "max" | "top-k" | "latest" | "earliest";
  readonly by: Reading;
  readonly descending: boolean;
  /** How many entries it shows. */
  readonly limit: number;
  /** Whether it shows what it orders by, what was kept of the one item, or a list of what was kept. */
  readonly shows: "value" | "kept" | "list";
  /** What is kept of an item; nothing where the value itself is shown. */
  readonly keep?: (item: Item) => unknown;
}

/** How a measure reads an item: by an attribute's name, or by a function. */
export type Reading = string | ((item: Item) => unknown);

/** A number of any kind. */
export type Numeric = number | bigint | NumberValue;

/** A value that items can be ordered by: numbers come before text, text in the order of its bytes. */
export type Orderable = Numeric | string;

/** A value that can be told apart from others. */
export type Distinguishable = Orderable | boolean;

type Absent = null | undefined;

/** An item whose attribute `A`, where it has a value at all, has a `V`. */
type Having<A extends string, V> = { readonly [Name in A]?: V | Absent };

declare const attributeName: unique symbol;

/** Stands for the type of attribute `A`, until the item is known. */
interface ValueOf<A extends string> {
  readonly [attributeName]: A;
}

/** What a measure shows once the item is known. */
export type ResultOf<M, I> = M extends Measure<never, infer R> ? Known<R, I> : never;

type Known<R, I> =
  R extends ValueOf<infer A> ? (A extends keyof I ? Exclude<I[A], Absent> : never) : R;

function measure<I, R>(spec: MeasureSpec): Measure<I, R> {
  return Object.assign((item: I) => givenBy(spec, item as Item), { spec });
}

function givenBy(spec: MeasureSpec, item: Item): unknown {
  switch (spec.kind) {
    case "count":
      return undefined;
    case "count-if":
      return spec.holds(item) ? true : undefined;
    case "sum":
    case "avg":
    case "distinct-count":
      return readingOf(spec.of, item);
    case "ordered": {
      const by = readingOf(spec.by, item);
      if (by === undefined) return undefined;
      return spec.keep ? { by, kept: spec.keep(item) } : { by };
    }
  }
}

/** What a reading says of an item; null is as good as nothing. */
function readingOf(reading: Reading, item: Item): unknown {
  return (typeof reading === "string" ? item[reading] : reading(item)) ?? undefined;
}

/** How many items the group has. */
export function count(): Measure<unknown, number> {
  return measure({ kind: "count" });
}

/** How many items of the group the predicate holds for. */
export function countIf<I>(holds: (item: I) => boolean): Measure<I, number> {
  return measure({ kind: "count-if", holds: holds as (item: Item) => unknown });
}

/**
 * The sum of an attribute, or of what a function gives, exact to 38 digits; items without a value add nothing.
 *
 * A sum that needs more than 38 digits is never rounded: the change that asks for it is refused and quarantined. Where a
 * group is spread, no single counter may need them, and the row lacks the sum for as long as all together do.
 */
export function sum<const A extends string>(
  attribute: A,
): Measure<Having<A, Numeric>, number | NumberValue>;
export function sum<I>(of: (item: I) => Numeric | Absent): Measure<I, number | NumberValue>;
export function sum(of: unknown): Measure<never, number | NumberValue> {
  return measure({ kind: "sum", of: of as Reading });
}

/**
 * The average of an attribute, or of what a function gives: the exact sum by the exact count, to 38 digits.
 *
 * Absent from the row while no item of the group has a value.
 */
export function avg<const A extends string>(
  attribute: A,
): Measure<Having<A, Numeric>, number | NumberValue | undefined>;
export function avg<I>(
  of: (item: I) => Numeric | Absent,
): Measure<I, number | NumberValue | undefined>;
export function avg(of: unknown): Measure<never, number | NumberValue | undefined> {
  return measure({ kind: "avg", of: of as Reading });
}

/** The least value of an attribute, or of what a function gives; absent while no item has one. */
export function min<const A extends string>(
  attribute: A,
): Measure<Having<A, Orderable>, ValueOf<A> | undefined>;
export function min<I, V extends Orderable>(of: (item: I) => V | Absent): Measure<I, V | undefined>;
export function min(of: unknown): Measure<never, unknown> {
  return ordered("min", of, { descending: false, limit: 1, shows: "value" });
}

/** The greatest value of an attribute, or of what a function gives; absent while no item has one. */
export function max<const A extends string>(
  attribute: A,
): Measure<Having<A, Orderable>, ValueOf<A> | undefined>;
export function max<I, V extends Orderable>(of: (item: I) => V | Absent): Measure<I, V | undefined>;
export function max(of: unknown): Measure<never, unknown> {
  return ordered("max", of, { descending: true, limit: 1, shows: "value" });
}

/** How many different values an attribute, or a function, has in the group; exact, also when values leave. */
export function distinctCount<const A extends string>(
  attribute: A,
): Measure<Having<A, Distinguishable>, number>;
export function distinctCount<I>(of: (item: I) => Distinguishable | Absent): Measure<I, number>;
export function distinctCount(of: unknown): Measure<never, number> {
  return measure({ kind: "distinct-count", of: of as Reading });
}

/** Names of the attributes of `I` that items can be ordered by. */
type OrderableAttribute<I> = {
  [Name in keyof I & string]-?: [Exclude<I[Name], Absent>] extends [Orderable] ? Name : never;
}[keyof I & string];

/** What {@link topK}, {@link latest} and {@link earliest} order by. */
export interface OrderOptions<I> {
  /** The attribute or function to order by; an item without a value does not take part. */
  readonly by: OrderableAttribute<I> | ((item: I) => Orderable | Absent);
}

/** What the row shows of an item; the item itself where it is not given. */
export interface KeepOptions<I, V extends object> extends OrderOptions<I> {
  readonly keep: (item: I) => V;
}

/** The k items with the greatest values, greatest first, as a list; equal values are told apart by the items' keys. */
export function topK<I, V extends object>(k: number, options: KeepOptions<I, V>): Measure<I, V[]>;
export function topK<I>(k: number, options: OrderOptions<I>): Measure<I, I[]>;
export function topK(k: number, options: object): Measure<never, unknown> {
  return orderedBy("top-k", options, { descending: true, limit: k, shows: "list" });
}

/** The item with the greatest value of an attribute, a time say, or of what a function gives; absent while none has one. */
export function latest<I, V extends object>(options: KeepOptions<I, V>): Measure<I, V | undefined>;
export function latest<I>(options: OrderOptions<I>): Measure<I, I | undefined>;
export function latest(options: object): Measure<never, unknown> {
  return orderedBy("latest", options, { descending: true, limit: 1, shows: "kept" });
}

/** The item with the least value; otherwise as {@link latest}. */
export function earliest<I, V extends object>(
  options: KeepOptions<I, V>,
): Measure<I, V | undefined>;
export function earliest<I>(options: OrderOptions<I>): Measure<I, I | undefined>;
export function earliest(options: object): Measure<never, unknown> {
  return orderedBy("earliest", options, { descending: false, limit: 1, shows: "kept" });
}

type Shape = Pick<OrderedSpec, "descending" | "limit" | "shows">;

function ordered(name: OrderedSpec["name"], by: unknown, shape: Shape): Measure<never, unknown> {
  return measure({ kind: "ordered", name, by: by as Reading, ...shape });
}

function orderedBy(
  name: OrderedSpec["name"],
  options: object,
  shape: Shape,
): Measure<never, unknown> {
  const { by, keep } = options as { by: Reading; keep?: (item: Item) => unknown };
  return measure({ kind: "ordered", name, by, ...shape, keep: keep ?? ((item) => item) });
}
