import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

import { dynamoDbClient } from "./compose.js";
import { physicalName, readConfig } from "./config.js";
import { createTableReader, type TableReader } from "./read/table-reader.js";
import type { AggregateView } from "./view/aggregate/aggregate-view.js";
import type { TableView } from "./view/table-view.js";

/** What {@link tableReader} takes besides the view. */
export interface ReaderOptions {
  /** The client to read with; one for all readers of the process where it is not given. */
  readonly client?: DynamoDBClient;
}

let shared: DynamoDBClient | undefined;

/**
 * A typed reader of a table or aggregate view, in the environment of the pipeline: same table prefix, same endpoint.
 *
 * @example
 * const orders = await tableReader(openOrders).query({ customerId: "c-7" }, { limit: 20, order: "descending" });
 *
 * @throws `configuration` when the environment is wrong, naming every mistake.
 */
export function tableReader<R extends object>(
  view: TableView<R> | AggregateView<R>,
  { client }: ReaderOptions = {},
): TableReader<R> {
  const config = readConfig();
  const tableName = physicalName(config, view.table);
  return createTableReader({
    view,
    client: client ?? (shared ??= dynamoDbClient(config)),
    tableName,
  });
}
