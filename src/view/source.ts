import { type KeyAttribute, keyMistakes, resolveKey, type TableKey } from "./key.js";

declare const itemType: unique symbol;

/** A DynamoDB table with a stream of both images, whose items have type `I`. */
export interface Source<I extends object = object> {
  readonly kind: "source";
  /** Name of the table, without the prefix a stage may put before it. */
  readonly table: string;
  readonly key: readonly KeyAttribute[];
  /** What is wrong with the declaration; reported with all others when the pipeline starts. */
  readonly mistakes: readonly string[];
  readonly [itemType]?: I;
}

/** What {@link source} takes. */
export interface SourceOptions<I extends object> {
  readonly table: string;
  readonly key: TableKey<I>;
}

/**
 * Declares a source: a table whose changes keep views true.
 *
 * @example
 * const orders = source<Order>({ table: "orders", key: ["orderId"] });
 */
export function source<I extends object>(options: SourceOptions<I>): Source<I> {
  const subject = `source "${options.table}"`;
  return {
    kind: "source",
    table: options.table,
    key: resolveKey(options.key),
    mistakes: [...tableNameMistakes(subject, options.table), ...keyMistakes(subject, options.key)],
  };
}

/** What is wrong with a table's name, by DynamoDB's own rule. */
export function tableNameMistakes(subject: string, table: string): string[] {
  if (typeof table === "string" && /^[a-zA-Z0-9_.-]{3,255}$/.test(table)) return [];
  return [
    `${subject}: table name ${JSON.stringify(table)} is not one; use 3 to 255 of a-z, A-Z, 0-9, "_", "-" and "."`,
  ];
}
