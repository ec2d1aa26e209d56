import type { Item } from "../change/attribute-value.js";
import { keyText } from "../change/item-key.js";
import { messageOf, MillraceError } from "../errors.js";
import { type Definition, definitionOf } from "./definition.js";
import {
  type KeyAttribute,
  keyMistakes,
  type KeyType,
  RESERVED_ATTRIBUTES,
  resolveKey,
  type TableKey,
} from "./key.js";
import { compilePredicate, type DataPredicate, predicateMistakes } from "./predicate.js";
import { callView, type Row } from "./row.js";
import { type Source, tableNameMistakes } from "./source.js";
import type { SourceOf, ViewSource } from "./view.js";
import { versionTable, viewName, viewNameMistakes } from "./view-name.js";

/** A view kept in a DynamoDB table of its own. Its table can be the source of further views. */
export interface TableView<R extends object = object> extends Omit<Source<R>, "kind"> {
  readonly kind: "table-view";
  readonly name: string;
  readonly source: ViewSource;
  /** Whether deletions are remembered in the table, so that a redelivered batch cannot even briefly show a deleted row. */
  readonly tombstones: boolean;
  /** The predicate where it is data, for pushing it down to the event source mapping. */
  readonly filter?: DataPredicate<Item>;
  /** What says which rows there are, for telling whether it was changed. */
  readonly definition: Definition;
  /** Rows an item derives, by key; empty where the predicate does not hold. */
  readonly rowsOf: (item: Item) => readonly Row[];
}

/** Which items are in a view: a function of the item, or a predicate as data. */
export type Where<I extends object> = ((item: I) => boolean) | DataPredicate<NoInfer<I>>;

/** A function that says which items are in a view, and of which type they then are. */
export type Guard<I extends object, N extends I> = (item: I) => item is N;

/** `N` where a guard narrows the item, else `I`. */
export type Narrowed<I, N> = [N] extends [never] ? I : N;

/** What {@link tableView} takes, whatever the view derives. */
interface CommonOptions<I extends object> {
  /** Name of the view, unique in the pipeline but for its versions. */
  readonly name: string;
  /** Which of the versions of that name; 1 where it is not given. */
  readonly version?: number;
  readonly source: SourceOf<I>;
  /** Name of the view's table; the view's name where it is not given, with `-v2` from the second version on. */
  readonly table?: string;
  readonly tombstones?: boolean;
}

/**
 * The key of a row whose type TypeScript has yet to infer from a function: anything then, and checked once it has.
 *
 * Without it a key of `row`'s own attributes would be refused before `row` is looked at.
 */
export type KeyOnceKnown<R> = [R] extends [never]
  ? readonly (string | KeyAttribute)[]
  : NoInfer<TableKey<R>>;

/** The item itself is the row. */
interface CopyOptions<I extends object> extends CommonOptions<I> {
  /** Which items are in the view: a function, a type guard that narrows the item, or a predicate as data. */
  readonly where?: Where<I>;
  /** Key attributes of the row. Must follow from the item alone: the same item always derives the same keys. */
  readonly key: NoInfer<TableKey<I>>;
  readonly row?: undefined;
  readonly rows?: undefined;
}

/** The item itself, narrowed, is the row. */
interface GuardedCopyOptions<I extends object, N extends I> extends CommonOptions<I> {
  readonly where: Guard<I, N>;
  readonly key: KeyOnceKnown<N>;
  readonly row?: undefined;
  readonly rows?: undefined;
}

/** An item derives one row. */
interface RowOptions<I extends object, N extends I, R extends object> extends CommonOptions<I> {
  readonly where?: Guard<I, N> | Where<I>;
  readonly key: KeyOnceKnown<R>;
  /** The row an item derives; the item itself where neither `row` nor `rows` is given. */
  readonly row: (item: Narrowed<I, N>) => R;
  readonly rows?: undefined;
}

/** An item derives any number of rows. */
interface RowsOptions<I extends object, N extends I, R extends object> extends CommonOptions<I> {
  readonly where?: Guard<I, N> | Where<I>;
  readonly key: KeyOnceKnown<R>;
  /** The rows an item derives, where it derives any number of them. */
  readonly rows: (item: Narrowed<I, N>) => readonly R[];
  readonly row?: undefined;
}

/**
 * What {@link tableView} takes. `I` is the source's item, `N` the item a guard lets through, `R` the row; `N` and `R`
 * are `never` where nothing says so.
 */
export type TableViewOptions<I extends object, N extends I = never, R extends object = never> =
  CopyOptions<I> | GuardedCopyOptions<I, N> | RowOptions<I, N, R> | RowsOptions<I, N, R>;

/** The row of a view: what its functions return, else the item. */
export type DerivedRow<I extends object, N extends I, R extends object> = [R] extends [never]
  ? Narrowed<I, N>
  : R;

/**
 * Declares a view kept in a DynamoDB table: a projection, re-keyed copy, filter or 1:N fan-out of its source.
 *
 * @example
 * tableView({ name: "open-orders", source: orders, where: { status: ["OPEN"] }, key: ["customerId", "orderId"] });
 */
export function tableView<I extends object, N extends I = never, R extends object = never>(
  options: TableViewOptions<I, N, R>,
): TableView<DerivedRow<I, N, R>> {
  const key = resolveKey(options.key);
  const versioned = { view: options.name, version: options.version ?? 1 };
  const name = viewName(versioned);
  const table = options.table ?? versionTable(versioned);
  return {
    kind: "table-view",
    name,
    source: options.source,
    table,
    key,
    tombstones: options.tombstones ?? false,
    ...(isData(options.where) && { filter: options.where }),
    definition: definitionOf({
      kind: "table-view",
      source: options.source?.table,
      key,
      ...{ where: options.where, row: options.row, rows: options.rows },
    }),
    rowsOf: compileRows(name, key, options as unknown as Functions),
    mistakes: mistakesOf(options, name, table),
  };
}

function mistakesOf(
  options: {
    name: string;
    version?: number;
    key: readonly (string | KeyAttribute)[];
    where?: unknown;
    row?: unknown;
    rows?: unknown;
  },
  name: string,
  table: string,
): string[] {
  const subject = `view "${name}"`;
  const mistakes = [
    ...viewNameMistakes(options),
    ...tableNameMistakes(subject, table),
    ...keyMistakes(subject, options.key),
    ...predicateMistakes(subject, options.where),
    ...functionMistakes(subject, "row", options.row),
    ...functionMistakes(subject, "rows", options.rows),
  ];
  if (options.row && options.rows)
    mistakes.push(`${subject}: has both row and rows; give one of them`);
  return mistakes;
}

/** What is wrong with an option that is a function where it is given. */
export function functionMistakes(subject: string, option: string, value: unknown): string[] {
  if (value === undefined || typeof value === "function") return [];
  return [`${subject}: ${option} is ${JSON.stringify(value)}; give a function of the item`];
}

/** Whether a predicate was given as data. */
export function isData(where: unknown): where is DataPredicate<Item> {
  return typeof where === "object" && where !== null;
}

/** A predicate of either form as one function; everything where there is none. */
export function compileWhere(view: string, where: unknown): (item: Item) => boolean {
  if (where === undefined) return () => true;
  // A predicate with mistakes is never asked: they are all told before anything starts.
  if (isData(where))
    return predicateMistakes(view, where).length > 0 ? () => false : compilePredicate(where);
  const holds = where as (item: Item) => boolean;
  return (item) => callView(view, "where", () => holds(item));
}

/** A view's own functions, as they are called: of items whose type only the declaration knows. */
interface Functions {
  readonly where?: unknown;
  readonly row?: (item: Item) => Item;
  readonly rows?: (item: Item) => readonly Item[];
}

function compileRows(
  view: string,
  key: readonly KeyAttribute[],
  options: Functions,
): (item: Item) => readonly Row[] {
  const { row, rows } = options;
  const holds = compileWhere(view, options.where);
  const names = key.map(({ name }) => name);
  const toRow = (value: Item): Row => ({ key: rowKey(view, key, names, value), value });
  if (rows) {
    const listOf = (item: Item) =>
      requireList(
        view,
        callView(view, "rows", () => rows(item)),
      );
    return (item) => (holds(item) ? distinct(view, listOf(item).map(toRow)) : []);
  }
  if (row) return (item) => (holds(item) ? [toRow(callView(view, "row", () => row(item)))] : []);
  return (item) => (holds(item) ? [toRow(item)] : []);
}

function invalidRow(view: string, fault: string, cause?: unknown): MillraceError {
  return new MillraceError("invalid-row", `view "${view}": ${fault}`, { cause, context: { view } });
}

function requireList(view: string, rows: unknown): readonly Item[] {
  if (Array.isArray(rows)) return rows as readonly Item[];
  throw invalidRow(view, `rows returned ${JSON.stringify(rows)}; return a list, empty for no row`);
}

/** The key text of a row; throws `invalid-row` for what is no row, or has no key or one of another type. */
export function rowKey(
  view: string,
  key: readonly KeyAttribute[],
  names: readonly string[],
  row: unknown,
): string {
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    throw invalidRow(view, `a row is ${JSON.stringify(row)}; return an object of attributes`);
  }
  for (const name of RESERVED_ATTRIBUTES) {
    if (name in row)
      throw invalidRow(view, `a row has the attribute "${name}", which is reserved; rename it`);
  }
  const text = keyTextOf(view, names, row as Item);
  for (const { name, type } of key) requireKeyType(view, name, type, (row as Item)[name]);
  return text;
}

function keyTextOf(view: string, names: readonly string[], row: Item): string {
  try {
    return keyText(names, row);
  } catch (cause) {
    throw invalidRow(view, messageOf(cause), cause);
  }
}

const KEY_TYPES = { S: "a string", N: "a number", B: "binary" } as const;

/** A key attribute of the wrong type fits no table, whatever TypeScript was told about the item. */
function requireKeyType(view: string, name: string, declared: KeyType, value: unknown): void {
  const type = typeof value === "string" ? "S" : value instanceof Uint8Array ? "B" : "N";
  if (type === declared) return;
  throw invalidRow(
    view,
    `key attribute "${name}" is ${KEY_TYPES[type]}, but declared as ${KEY_TYPES[declared]}; ` +
      "convert it in row, or declare it so: a string by its name, others by numberKey or binaryKey",
  );
}

function distinct(view: string, rows: readonly Row[]): readonly Row[] {
  if (rows.length < 2) return rows;
  const keys = new Set<string>();
  for (const { key } of rows) {
    if (keys.has(key)) {
      throw invalidRow(
        view,
        `one item derives two rows with the key ${key}; make the key tell them apart`,
      );
    }
    keys.add(key);
  }
  return rows;
}
