import { type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";

import { decodeItem } from "../../change/attribute-value.js";
import { keyText } from "../../change/item-key.js";
import { classifyDynamoDbError } from "../../dynamodb/classify-error.js";
import { decodeKey } from "../../dynamodb/decode-key.js";
import { scanTable } from "../../dynamodb/scan-table.js";
import { MillraceError } from "../../errors.js";
import type { Mutation } from "../../view/row.js";
import type { TableView } from "../../view/table-view.js";
import { mapBounded } from "../bounded.js";
import type { ApplyResult, Sink, StoredRow } from "../sink.js";
import { createStatementBatcher } from "./batch-statements.js";
import { createConditionalWriter, type WriteRow } from "./conditional-write.js";
import { pick } from "./encode-row.js";
import { rowStatement } from "./row-statements.js";
import { storedRow } from "./stored-item.js";

/** What {@link createDynamoDbSink} takes. */
export interface DynamoDbSinkOptions {
  /** Not closed by the sink: it may serve others. */
  readonly client: DynamoDBClient;
  /** The name DynamoDB knows a view's table by. */
  readonly tableName: (view: TableView) => string;
  /** Writes under way at once. */
  readonly concurrency?: number;
  /** Rows from which on they go as statements; fewer are as well written one by one. */
  readonly statementsFrom?: number;
}

const DEFAULT_CONCURRENCY = 32;
const DEFAULT_STATEMENTS_FROM = 4;

/**
 * A sink of DynamoDB tables: every row written on the condition that what is stored is older.
 *
 * Many rows go as statements, twenty-five in a call; each says what it expects to find, and where it finds something
 * else, the row's own conditional write settles what to do. A row carries its version and the key of its source item in
 * the attribute `_millrace` (rules V1, V10).
 */
export function createDynamoDbSink(options: DynamoDbSinkOptions): Sink<TableView> {
  const { client, tableName, concurrency = DEFAULT_CONCURRENCY } = options;
  const statementsFrom = options.statementsFrom ?? DEFAULT_STATEMENTS_FROM;
  const write = createConditionalWriter(client);
  const execute = createStatementBatcher(client);

  async function answer(mutation: Mutation<TableView>, change: WriteRow): Promise<ApplyResult> {
    const table = tableName(mutation.view);
    try {
      return { outcome: await change(table, mutation) };
    } catch (thrown) {
      return {
        outcome: "failed",
        error: withContext(classifyDynamoDbError(thrown, table), mutation),
      };
    }
  }

  /** The mutations that a statement carried out. */
  async function applyMany(
    mutations: readonly Mutation<TableView>[],
  ): Promise<ReadonlySet<Mutation<TableView>>> {
    if (mutations.length < statementsFrom) return new Set();
    const written = mutations.flatMap((mutation) => {
      const statement = rowStatement(tableName(mutation.view), mutation);
      return statement ? [{ mutation, statement }] : [];
    });
    const changed = await execute(written.map(({ statement }) => statement));
    return new Set(written.filter((_, i) => changed[i]).map(({ mutation }) => mutation));
  }

  return {
    async apply(mutations) {
      const done = await applyMany(mutations);
      return mapBounded(mutations, concurrency, async (mutation) =>
        done.has(mutation) ? { outcome: "applied" as const } : answer(mutation, write.apply),
      );
    },
    correct: (mutations) =>
      mapBounded(mutations, concurrency, (mutation) => answer(mutation, write.correct)),
    async get(view, key) {
      const Key = decodeKey(view.key, key);
      const TableName = tableName(view);
      try {
        const { Item } = await client.send(
          new GetItemCommand({ TableName, Key, ConsistentRead: true }),
        );
        return Item && storedRow(TableName, key, Item);
      } catch (thrown) {
        throw classifyDynamoDbError(thrown, TableName);
      }
    },
    scan: (view) => scanRows(client, tableName(view), view),
    close: async () => undefined,
  };
}

async function* scanRows(
  client: DynamoDBClient,
  TableName: string,
  view: TableView,
): AsyncGenerator<StoredRow> {
  const names = view.key.map(({ name }) => name);
  for await (const wire of scanTable(client, TableName)) {
    const row = storedRow(TableName, keyText(names, decodeItem(pick(wire, names))), wire);
    if (row.value) yield row;
  }
}

function withContext(error: MillraceError, { view, key }: Mutation<TableView>): MillraceError {
  if (error.context.view !== undefined) return error;
  const message = error.message.includes(view.name)
    ? error.message
    : `view "${view.name}", row ${key}: ${error.message}`;
  const { code, retriable, cause } = error;
  return new MillraceError(code, message, {
    retriable,
    cause: cause ?? error,
    context: { view: view.name, key },
  });
}
