import type { BatchStatementRequest } from "@aws-sdk/client-dynamodb";

import type { EncodedItem, EncodedValue } from "../../change/encode-item.js";
import { RESERVED_ATTRIBUTE } from "../../view/key.js";
import type { Mutation } from "../../view/row.js";
import type { TableView } from "../../view/table-view.js";
import type { RowStatement } from "./batch-statements.js";
import { encodeRow, encodeRowKey } from "./encode-row.js";

/**
 * The statement that writes a row where the table holds what is to be expected of it.
 *
 * None where only a conditional write will do: for a delete, because PartiQL's DELETE of a row that is not there, or no
 * longer ours, is a success like any other; and for a row that cannot be encoded, which is to be told when it is written.
 */
export function rowStatement(
  table: string,
  mutation: Mutation<TableView>,
): RowStatement | undefined {
  if (mutation.type === "delete") return undefined;
  try {
    const { item, shape, bytes } = encodeRow(mutation);
    const { version, owner } = mutation;
    const identity = { table, key: encodeRowKey(mutation), owner, version };
    const request = mutation.enters
      ? insertStatement(table, item)
      : replaceStatement(identity, item, shape);
    return { row: `${table} ${mutation.key}`, bytes, request };
  } catch {
    return undefined;
  }
}

/** What a row in a table has to be for a statement to change it. */
interface RowIdentity {
  readonly table: string;
  readonly key: EncodedItem;
  readonly owner: string;
  /** The stored row has to be older than this. */
  readonly version: string;
}

const BOOKKEEPING = quoted(RESERVED_ATTRIBUTE);
const IS_OURS_AND_OLDER = `${BOOKKEEPING}."k" = ? AND ${BOOKKEEPING}."v" < ?`;

/**
 * Puts a row that is not there.
 *
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.insert.html
 */
function insertStatement(table: string, item: EncodedItem): BatchStatementRequest {
  const attributes = Object.keys(item).map((name) => `'${name.replaceAll("'", "''")}': ?`);
  return {
    Statement: `INSERT INTO ${quoted(table)} VALUE {${attributes.join(", ")}}`,
    Parameters: Object.values(item),
  };
}

/**
 * Replaces a row that is there, ours, older, and has the same attributes.
 *
 * PartiQL sets attributes but replaces no item. A row keeps the `shape` of its attribute names in its bookkeeping, so
 * that setting all of them, where the shape is the same, leaves nothing of the old row.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.update.html
 */
function replaceStatement(
  { table, key, owner, version }: RowIdentity,
  item: EncodedItem,
  shape: string,
): BatchStatementRequest {
  const names = Object.keys(item).filter((name) => !Object.hasOwn(key, name));
  const set = names.map((name) => `SET ${quoted(name)} = ?`).join(" ");
  return {
    Statement: `UPDATE ${quoted(table)} ${set} WHERE ${keyCondition(key)} AND ${IS_OURS_AND_OLDER} AND ${BOOKKEEPING}."s" = ?`,
    Parameters: [
      ...names.map((name) => item[name] as EncodedValue),
      ...Object.values(key),
      ...[owner, version, shape].map((text) => ({ S: text })),
    ],
  };
}

function keyCondition(key: EncodedItem): string {
  return Object.keys(key)
    .map((name) => `${quoted(name)} = ?`)
    .join(" AND ");
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
