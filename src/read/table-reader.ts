import {
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  type QueryCommandInput,
} from "@aws-sdk/client-dynamodb";

import { decodeItem, type Item, type WireItem } from "../change/attribute-value.js";
import type { EncodedValue } from "../change/encode-item.js";
import { keyText } from "../change/item-key.js";
import { classifyDynamoDbError } from "../dynamodb/classify-error.js";
import { decodeKey } from "../dynamodb/decode-key.js";
import { MillraceError } from "../errors.js";
import { readableRow } from "../sink/aggregate/settle-groups.js";
import { storedRow } from "../sink/dynamodb/stored-item.js";
import type { AggregateView } from "../view/aggregate/aggregate-view.js";
import { sameValue } from "../view/row.js";
import type { TableView } from "../view/table-view.js";
import { encodeKeyValues, type KeyValues } from "./key-values.js";
import { type SortCondition, sortCondition, type SortRange } from "./sort-range.js";

/** How to read. */
export interface ReadOptions {
  /** Whether to see every row written before the call; costs twice as much. */
  readonly consistent?: boolean;
}

/** Which rows of a partition to read, and in which order. */
export interface QueryOptions extends ReadOptions {
  readonly range?: SortRange;
  /** By the sort key; ascending where it is not given. */
  readonly order?: "ascending" | "descending";
  /** The most rows to read. */
  readonly limit?: number;
  /** Goes on after a page: its `cursor`. */
  readonly after?: string;
}

/** Some rows, and where to go on. */
export interface Page<R> {
  readonly rows: R[];
  /** Give it as `after` for the rows that follow; absent where there are none. */
  readonly cursor?: string;
}

/** Reads the rows of one view: as they were derived, without bookkeeping, deleted ones never, each number exact. */
export interface TableReader<R> {
  /** The row with this key, if there is one. */
  get(key: KeyValues<R>, options?: ReadOptions): Promise<R | undefined>;
  /** A page of the rows of a partition: `limit` of them where it is given, else what DynamoDB reads at once (1 MB). */
  query(partition: KeyValues<R>, options?: QueryOptions): Promise<Page<R>>;
  /** All rows of a partition, or `limit` of them, page after page. */
  iterate(partition: KeyValues<R>, options?: QueryOptions): AsyncIterableIterator<R>;
}

/** What {@link createTableReader} takes. */
export interface TableReaderParts<R extends object> {
  readonly view: TableView<R> | AggregateView<R>;
  /** Not closed by the reader: it may serve others. */
  readonly client: DynamoDBClient;
  /** The name DynamoDB knows the view's table by. */
  readonly tableName: string;
}

/** Makes a reader of a table or aggregate view. */
export function createTableReader<R extends object>({
  view,
  client,
  tableName: TableName,
}: TableReaderParts<R>): TableReader<R> {
  const names = view.key.map(({ name }) => name);
  const [partitionKey, sortKey] = view.key;

  async function answered<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (thrown) {
      throw classifyDynamoDbError(thrown, TableName);
    }
  }

  /** What is in the table as a row of the view's type; nothing for a tombstone or a group that is empty. */
  function rowOf(wire: WireItem): R | undefined {
    if (view.kind === "aggregate-view") return readableRow(view, wire) as R | undefined;
    const key = keyText(names, decodeItem(pick(wire, names)));
    return storedRow(TableName, key, wire).value as R | undefined;
  }

  async function query(partition: KeyValues<R>, options: QueryOptions = {}): Promise<Page<R>> {
    const condition = sortCondition(view.name, sortKey, options.range ?? {});
    const input = queryInput(
      {
        TableName,
        partition: encodeKeyValues(
          `view "${view.name}"`,
          partitionKey ? [partitionKey] : [],
          partition,
        ),
        names,
      },
      condition,
      options,
    );
    const limit = requireLimit(view.name, options.limit);
    const rows: R[] = [];
    let after = options.after === undefined ? undefined : decodeKey(view.key, options.after);
    do {
      const Limit = limit === undefined ? undefined : limit - rows.length;
      const page = await answered(() =>
        client.send(new QueryCommand({ ...input, Limit, ExclusiveStartKey: after })),
      );
      for (const wire of page.Items ?? []) {
        const row = rowOf(wire);
        if (row && !isExcluded(row as Item, sortKey?.name, condition)) rows.push(row);
      }
      after = page.LastEvaluatedKey;
    } while (after && limit !== undefined && rows.length < limit);
    return { rows, ...(after && { cursor: keyText(names, decodeItem(after)) }) };
  }

  return {
    async get(key, { consistent = false } = {}) {
      const Key = encodeKeyValues(`view "${view.name}"`, view.key, key);
      const { Item } = await answered(() =>
        client.send(new GetItemCommand({ TableName, Key, ConsistentRead: consistent })),
      );
      return Item && rowOf(Item);
    },
    query,
    iterate: (partition, options = {}) =>
      iteratePages((page) => query(partition, { ...options, ...page }), {
        limit: requireLimit(view.name, options.limit) ?? Infinity,
        after: options.after,
      }),
  };
}

/** A reader that asks before each call which one it is to read with; an iteration goes on with the one it began with. */
export function deferredReader<R extends object>(
  readerNow: () => Promise<TableReader<R>>,
): TableReader<R> {
  return {
    get: async (key, options) => (await readerNow()).get(key, options),
    query: async (partition, options) => (await readerNow()).query(partition, options),
    async *iterate(partition, options) {
      yield* (await readerNow()).iterate(partition, options);
    },
  };
}

/** Page after page until so many rows were given. */
async function* iteratePages<R>(
  query: (page: Pick<QueryOptions, "limit" | "after">) => Promise<Page<R>>,
  { limit, after }: { readonly limit: number; readonly after: string | undefined },
): AsyncGenerator<R, undefined> {
  let left = limit;
  let cursor = after;
  do {
    const page = await query({
      ...(cursor !== undefined && { after: cursor }),
      ...(left < Infinity && { limit: left }),
    });
    yield* page.rows;
    left -= page.rows.length;
    cursor = page.cursor;
  } while (cursor !== undefined && left > 0);
}

function queryInput(
  {
    TableName,
    partition,
    names,
  }: {
    readonly TableName: string;
    readonly partition: ReturnType<typeof encodeKeyValues>;
    readonly names: readonly string[];
  },
  condition: SortCondition | undefined,
  { order = "ascending", consistent = false }: QueryOptions,
): QueryCommandInput {
  const [partitionName = "", sortName] = names;
  return {
    TableName,
    KeyConditionExpression: [
      "#partition = :partition",
      ...(condition ? [condition.expression] : []),
    ].join(" AND "),
    ExpressionAttributeNames: {
      "#partition": partitionName,
      ...(condition && sortName !== undefined && { "#sort": sortName }),
    },
    ExpressionAttributeValues: {
      ":partition": partition[partitionName] as EncodedValue,
      ...condition?.values,
    },
    ScanIndexForward: order === "ascending",
    ConsistentRead: consistent,
  };
}

function isExcluded(
  row: Item,
  sortName: string | undefined,
  condition: SortCondition | undefined,
): boolean {
  return (
    condition !== undefined &&
    sortName !== undefined &&
    condition.excluded.some((bound) => sameValue(bound, row[sortName]))
  );
}

function requireLimit(view: string, limit: number | undefined): number | undefined {
  if (limit === undefined || (Number.isInteger(limit) && limit > 0)) return limit;
  throw new MillraceError(
    "configuration",
    `view "${view}": limit is ${limit}; give a whole number above 0, or leave it out for all rows`,
  );
}

function pick(wire: WireItem, names: readonly string[]): WireItem {
  return Object.fromEntries(names.map((name) => [name, wire[name] as WireItem[string]]));
}
