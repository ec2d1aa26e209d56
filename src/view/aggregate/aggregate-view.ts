import type { Item } from "../../change/attribute-value.js";
import { type Definition, definitionOf } from "../definition.js";
import { type KeyAttribute, keyMistakes, RESERVED_ATTRIBUTES, resolveKey } from "../key.js";
import { type DataPredicate, predicateMistakes } from "../predicate.js";
import type { Row } from "../row.js";
import { type Source, tableNameMistakes } from "../source.js";
import {
  functionMistakes,
  type Guard,
  isData,
  type KeyOnceKnown,
  type Where,
} from "../table-view.js";
import type { SourceOf, ViewSource } from "../view.js";
import { versionTable, viewName, viewNameMistakes } from "../view-name.js";
import { compileContribution } from "./compile-contribution.js";
import type { Measure, MeasureSpec, ResultOf } from "./measure.js";

/** A view of one row a group, kept in a DynamoDB table of its own. Its table can be the source of further views. */
export interface AggregateView<R extends object = object> extends Omit<Source<R>, "kind"> {
  readonly kind: "aggregate-view";
  readonly name: string;
  readonly source: ViewSource;
  /** The table for what every item contributes; nobody but the sink reads it. */
  readonly workingsTable: string;
  /** By the attribute of the row that shows it. */
  readonly measures: Readonly<Record<string, MeasureSpec>>;
  /** Over how many counters a group's changes are spread; 1 where they are not. */
  readonly spread: number;
  /** The predicate where it is data, for pushing it down to the event source mapping. */
  readonly filter?: DataPredicate<Item>;
  /** What says which rows there are, for telling whether it was changed. */
  readonly definition: Definition;
  /** What an item contributes: one row under {@link CONTRIBUTION_KEY}, whose value is a Contribution, or none. */
  readonly rowsOf: (item: Item) => readonly Row[];
}

/** The measures of a view of items `I`, by name. */
export type Measures<I> = Record<string, Measure<I, unknown>>;

/** What names a group, from what `groupBy` returns. */
type GroupOf<A> = A extends readonly (infer G)[] ? G : A;

/** A row as its reader sees it, attribute by attribute. */
type Flat<R> = { [Name in keyof R]: R[Name] };

/** The row of a group: what names it, and its measures. */
export type GroupRow<A, M, I> = Flat<
  GroupOf<A> & { -readonly [Name in keyof M]: ResultOf<M[Name], I> }
>;

/** What {@link aggregateView} takes, of items `I`; `A` is what `groupBy` returns, `M` the measures. */
interface CommonOptions<I extends object, A extends object, M> {
  /** Name of the view, unique in the pipeline but for its versions. */
  readonly name: string;
  /** Which of the versions of that name; 1 where it is not given. */
  readonly version?: number;
  /** The group an item is in, or a list where it may be in several or none. Must follow from the item alone. */
  readonly groupBy: (item: I) => A;
  /** Key attributes of the row: all that `groupBy` names. */
  readonly key: KeyOnceKnown<GroupOf<A>>;
  /** The figures of a group's row, by attribute. */
  readonly measures: M;
  /** Spreads the changes of each group over so many counters, where one is too hot for all that write to it. */
  readonly spread?: number;
  /** Name of the view's table; the view's name where it is not given, with `-v2` from the second version on. */
  readonly table?: string;
}

/** What {@link aggregateView} takes. `I` is the source's item, `A` what `groupBy` returns, `M` the measures. */
export interface AggregateViewOptions<I extends object, A extends object, M> extends CommonOptions<
  I,
  A,
  M
> {
  readonly source: SourceOf<I>;
  /** Which items take part: a predicate as data, or a function. */
  readonly where?: Where<I>;
}

/** What {@link aggregateView} takes where a type guard says which items take part: items `N` of a source of `I`. */
export interface GuardedAggregateViewOptions<
  I extends object,
  N extends I,
  A extends object,
  M,
> extends CommonOptions<N, A, M> {
  readonly source: SourceOf<I>;
  readonly where: Guard<I, N>;
}

/**
 * Declares a view of one row a group: counts, sums, averages, extremes and leaders of the group's items, exact however
 * often and in whatever order changes are delivered. The row of a group that has no item left disappears.
 *
 * @example
 * aggregateView({
 *   name: "spending",
 *   source: orders,
 *   groupBy: ({ customerId, orderedAt }) => ({ customerId, day: bucket("day", orderedAt) }),
 *   key: ["customerId", "day"],
 *   measures: { orders: count(), total: sum("total"), largest: max("total") },
 * });
 */
export function aggregateView<
  I extends object,
  N extends I,
  M extends Measures<N>,
  A extends object = never,
>(options: GuardedAggregateViewOptions<I, N, A, M>): AggregateView<GroupRow<A, M, N>>;
export function aggregateView<I extends object, M extends Measures<I>, A extends object = never>(
  options: AggregateViewOptions<I, A, M>,
): AggregateView<GroupRow<A, M, I>>;
export function aggregateView(options: Options): AggregateView {
  const { source, spread = 1 } = options;
  const versioned = { view: options.name, version: options.version ?? 1 };
  const name = viewName(versioned);
  const table = options.table ?? versionTable(versioned);
  const key = resolveKey(options.key);
  const measures = measuresIn(options.measures);
  return {
    kind: "aggregate-view",
    name,
    source,
    table,
    workingsTable: `${table}-workings`,
    key,
    measures: Object.fromEntries(
      Object.entries(measures).map(([measure, { spec }]) => [measure, spec]),
    ),
    spread,
    ...(isData(options.where) && { filter: options.where }),
    definition: definitionOf({
      kind: "aggregate-view",
      source: source?.table,
      key,
      ...{ where: options.where, groupBy: options.groupBy, measures: options.measures, spread },
    }),
    rowsOf: compileContribution({
      view: name,
      key,
      measures,
      where: options.where,
      groupBy: options.groupBy,
    }),
    mistakes: mistakesOf(options, name, table),
  };
}

/**
 * Whether a view's rows can be its counters, changed by additions alone: it counts and sums, and is not spread. The rows
 * of any other view are worked out from what is stored elsewhere.
 */
export function isDirect({
  spread,
  measures,
}: Pick<AggregateView, "spread" | "measures">): boolean {
  return (
    spread === 1 &&
    Object.values(measures).every(({ kind }) => kind !== "avg" && kind !== "ordered")
  );
}

/** The options as they are used: of items whose type only the declaration knows. */
interface Options {
  readonly name: string;
  readonly version?: number;
  readonly source: ViewSource;
  readonly key: readonly (string | KeyAttribute)[];
  readonly where?: unknown;
  readonly groupBy: (item: never) => unknown;
  readonly measures: object;
  readonly spread?: number;
  readonly table?: string;
}

/** What is a measure among what was given as measures. */
function measuresIn(given: unknown): Record<string, Measure<never, unknown>> {
  return Object.fromEntries(
    Object.entries((given ?? {}) as Record<string, Measure<never, unknown> | undefined>).filter(
      (entry): entry is [string, Measure<never, unknown>] => entry[1]?.spec !== undefined,
    ),
  );
}

function mistakesOf(options: Options, name: string, table: string): string[] {
  const subject = `view "${name}"`;
  const { groupBy, key } = options;
  return [
    ...viewNameMistakes(options),
    ...tableNameMistakes(subject, table),
    ...tableNameMistakes(subject, `${table}-workings`),
    ...keyMistakes(subject, key),
    ...predicateMistakes(subject, options.where),
    ...functionMistakes(subject, "groupBy", groupBy ?? null),
    ...measuresMistakes(subject, options.measures, namesOf(key)),
    ...spreadMistakes(subject, options.spread),
  ];
}

function namesOf(key: readonly (string | KeyAttribute)[]): readonly string[] {
  return resolveKey(key).map(({ name }) => name);
}

function measuresMistakes(subject: string, measures: unknown, key: readonly string[]): string[] {
  if (typeof measures !== "object" || measures === null || Object.keys(measures).length === 0) {
    return [`${subject}: has no measures; give at least one, such as measures: { n: count() }`];
  }
  return Object.entries(measures).flatMap(([name, measure]) => {
    const told = `${subject}: measure "${name}"`;
    const spec = (measure as Partial<Measure<never, unknown>> | undefined)?.spec;
    return [
      ...(key.includes(name) ? [`${told} has the name of a key attribute; rename it`] : []),
      ...(RESERVED_ATTRIBUTES.includes(name) ? [`${told} has a reserved name; rename it`] : []),
      ...(spec ? specMistakes(told, spec) : [`${told} is not one; use count(), sum(…), max(…) …`]),
    ];
  });
}

/** The most entries a list in a row may have. */
const MOST_LISTED = 100;

function specMistakes(told: string, spec: MeasureSpec): string[] {
  switch (spec.kind) {
    case "count":
      return [];
    case "count-if":
      return isFunction(spec.holds) ? [] : [`${told}: give countIf a function of the item`];
    case "sum":
    case "avg":
    case "distinct-count":
      return readingMistakes(told, spec.of);
    case "ordered": {
      const isLimit = Number.isInteger(spec.limit) && spec.limit >= 1 && spec.limit <= MOST_LISTED;
      return [
        ...readingMistakes(told, spec.by),
        ...(isLimit
          ? []
          : [`${told}: k is ${spec.limit}; give a whole number from 1 to ${MOST_LISTED}`]),
        ...(spec.keep === undefined || isFunction(spec.keep)
          ? []
          : [`${told}: keep is ${JSON.stringify(spec.keep)}; give a function of the item`]),
      ];
    }
  }
}

function readingMistakes(told: string, reading: unknown): string[] {
  if (isFunction(reading) || (typeof reading === "string" && reading !== "")) return [];
  return [
    `${told} reads ${JSON.stringify(reading) ?? "nothing"}; name an attribute, or give a function of the item`,
  ];
}

/** The most counters of a group: a group's first row is written in one transaction with a look at all of them. */
const MOST_SPREAD = 64;

function spreadMistakes(subject: string, spread: unknown): string[] {
  if (
    spread === undefined ||
    (Number.isInteger(spread) && Number(spread) >= 1 && Number(spread) <= MOST_SPREAD)
  )
    return [];
  return [
    `${subject}: spread is ${JSON.stringify(spread)}; give a whole number from 1 to ${MOST_SPREAD}`,
  ];
}

/** Types are not checked where a declaration is run as it stands, so an option may be anything. */
function isFunction(value: unknown): boolean {
  return typeof value === "function";
}
