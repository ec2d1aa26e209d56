import type { Item } from "../change/attribute-value.js";
import { keyText } from "../change/item-key.js";
import { MillraceError } from "../errors.js";
import {
  type KeyAttribute,
  keyMistakes,
  RESERVED_ATTRIBUTE,
  resolveKey,
  type TableKey,
} from "./key.js";
import { compilePredicate, type DataPredicate, predicateMistakes } from "./predicate.js";
import { callView, type Row } from "./row.js";
import { type Source, tableNameMistakes } from "./source.js";

/** A view kept in a DynamoDB table of its own. Its table can be the source of further views. */
export interface TableView<R extends object = object> extends Omit<Source<R>, "kind"> {
  readonly kind: "table-view";
  readonly name: string;
  readonly source: Source | TableView;
  /** Whether deletions are remembered in the table, so that a redelivered batch cannot even briefly show a deleted row. */
  readonly tombstones: boolean;
  /** The predicate where it is data, for pushing it down to the event source mapping. */
  readonly filter?: DataPredicate<Item>;
  /** Rows an item derives, by key; empty where the predicate does not hold. */
  readonly rowsOf: (item: Item) => readonly Row[];
}

/** What {@link tableView} takes. `I` is the source's item, `N` the item `where` lets through, `R` the row. */
export interface TableViewOptions<I extends object, N extends I, R extends object> {
  /** Name of the view, unique in the pipeline. */
  readonly name: string;
  readonly source: Source<I> | TableView<I>;
  /** Which items are in the view: a function, a type guard that narrows the item, or a predicate as data. */
  readonly where?: ((item: I) => item is N) | ((item: I) => boolean) | DataPredicate<I>;
  /** Key attributes of the row. Must follow from the item alone: the same item always derives the same keys. */
  readonly key: TableKey<R>;
  /** The row an item derives; the item itself where neither `row` nor `rows` is given. */
  readonly row?: (item: N) => R;
  /** The rows an item derives, where it derives any number of them. */
  readonly rows?: (item: N) => readonly R[];
  /** Name of the view's table; the view's name where it is not given. */
  readonly table?: string;
  readonly tombstones?: boolean;
}

/**
 * Declares a view kept in a DynamoDB table: a projection, re-keyed copy, filter or 1:N fan-out of its source.
 *
 * @example
 * tableView({ name: "open-orders", source: orders, where: { status: ["OPEN"] }, key: ["customerId", "orderId"] });
 */
export function tableView<I extends object, N extends I = I, R extends object = N>(
  options: TableViewOptions<I, N, R>,
): TableView<R> {
  const key = resolveKey(options.key);
  const table = options.table ?? options.name;
  return {
    kind: "table-view",
    name: options.name,
    source: options.source,
    table,
    key,
    tombstones: options.tombstones ?? false,
    ...(isData(options.where) && { filter: options.where }),
    rowsOf: compileRows(
      options.name,
      key,
      options as unknown as TableViewOptions<Item, Item, Item>,
    ),
    mistakes: mistakesOf(options, table, key),
  };
}

function mistakesOf(
  options: { name: string; where?: unknown; row?: unknown; rows?: unknown },
  table: string,
  key: readonly KeyAttribute[],
): string[] {
  const subject = `view "${options.name}"`;
  const mistakes = [
    ...viewNameMistakes(options.name),
    ...tableNameMistakes(subject, table),
    ...keyMistakes(subject, key),
    ...predicateMistakes(subject, options.where),
  ];
  if (options.row && options.rows)
    mistakes.push(`${subject}: has both row and rows; give one of them`);
  return mistakes;
}

/** What is wrong with a view's name. */
export function viewNameMistakes(name: unknown): string[] {
  if (typeof name === "string" && /^[a-z0-9][a-z0-9_.-]{0,127}$/i.test(name)) return [];
  return [
    `view ${JSON.stringify(name)}: not a name; use 1 to 128 of a-z, A-Z, 0-9, "_", "-" and ".", beginning with a letter or digit`,
  ];
}

/** Whether a predicate was given as data. */
export function isData(where: unknown): where is DataPredicate<Item> {
  return typeof where === "object" && where !== null;
}

/** A predicate of either form as one function; everything where there is none. */
export function compileWhere(view: string, where: unknown): (item: Item) => boolean {
  if (where === undefined) return () => true;
  if (isData(where)) return compilePredicate(where);
  const holds = where as (item: Item) => boolean;
  return (item) => callView(view, "where", () => holds(item));
}

function compileRows(
  view: string,
  key: readonly KeyAttribute[],
  options: Pick<TableViewOptions<Item, Item, Item>, "row" | "rows" | "where">,
): (item: Item) => readonly Row[] {
  const { row, rows } = options;
  const holds = compileWhere(view, options.where);
  const names = key.map(({ name }) => name);
  const toRow = (value: Item): Row => ({ key: rowKey(view, names, value), value });
  if (rows) {
    return (item) =>
      holds(item) ? distinct(view, callView(view, "rows", () => rows(item)).map(toRow)) : [];
  }
  if (row) return (item) => (holds(item) ? [toRow(callView(view, "row", () => row(item)))] : []);
  return (item) => (holds(item) ? [toRow(item)] : []);
}

function rowKey(view: string, names: readonly string[], value: unknown): string {
  const context = { view };
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MillraceError(
      "invalid-row",
      `view "${view}": a row is ${JSON.stringify(value)}; return an object of attributes`,
      { context },
    );
  }
  if (RESERVED_ATTRIBUTE in value) {
    throw new MillraceError(
      "invalid-row",
      `view "${view}": a row has the attribute "${RESERVED_ATTRIBUTE}", which is reserved; rename it`,
      { context },
    );
  }
  try {
    return keyText(names, value as Item);
  } catch (cause) {
    throw new MillraceError("invalid-row", `view "${view}": ${(cause as Error).message}`, {
      cause,
      context,
    });
  }
}

function distinct(view: string, rows: readonly Row[]): readonly Row[] {
  if (rows.length < 2) return rows;
  const keys = new Set<string>();
  for (const { key } of rows) {
    if (keys.has(key)) {
      throw new MillraceError(
        "invalid-row",
        `view "${view}": one item derives two rows with the key ${key}; make the key tell them apart`,
        {
          context: { view, key },
        },
      );
    }
    keys.add(key);
  }
  return rows;
}
