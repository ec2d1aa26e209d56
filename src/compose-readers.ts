import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

import { dynamoDbClient, systemClock } from "./compose.js";
import { physicalName, readConfig } from "./config.js";
import {
  cachedLookup,
  currentView,
  type VersionLookup,
  type Versions,
} from "./read/current-view.js";
import { createTableReader, deferredReader, type TableReader } from "./read/table-reader.js";
import { createDynamoDbViewRecords } from "./state/dynamodb-view-records.js";
import type { AggregateView } from "./view/aggregate/aggregate-view.js";
import type { TableView } from "./view/table-view.js";

/** What {@link tableReader} takes besides the view. */
export interface ReaderOptions {
  /** The client to read with; one for all readers of the process where it is not given. */
  readonly client?: DynamoDBClient;
}

let shared: DynamoDBClient | undefined;

/** Readers notice within so long that another version was switched to. */
const LOOKUP_MS = 3_000;

/** A view that rows can be read of. */
type Readable<R extends object> = TableView<R> | AggregateView<R>;

/** The rows of any of these views. */
type RowOf<V> =
  V extends TableView<infer R extends object>
    ? R
    : V extends AggregateView<infer R extends object>
      ? R
      : never;

/**
 * A typed reader of a table or aggregate view, in the environment of the pipeline: same table prefix, same endpoint.
 *
 * Given several versions of a view, it reads the one that was switched to (`millrace switch`), the oldest where none
 * ever was, and notices a switch within three seconds. Given one, it reads that one.
 *
 * @example
 * const orders = await tableReader(openOrders).query({ customerId: "c-7" }, { limit: 20, order: "descending" });
 *
 * @throws `configuration` when the environment is wrong, naming every mistake.
 */
export function tableReader<R extends object>(
  view: Readable<R>,
  options?: ReaderOptions,
): TableReader<R>;
export function tableReader<V extends Readable<object>>(
  versions: readonly V[],
  options?: ReaderOptions,
): TableReader<RowOf<V>>;
export function tableReader(
  versions: Versions<Readable<object>>,
  { client = sharedClient() }: ReaderOptions = {},
): TableReader<object> {
  const config = readConfig();
  const readerOf = (view: Readable<object>) =>
    createTableReader({ view, client, tableName: physicalName(config, view.table) });
  if ("kind" in versions) return readerOf(versions);
  const lookup = currentVersions({ client });
  return deferredReader(async () => readerOf(await currentView(versions, lookup)));
}

/**
 * Says which version of a view is read, for a cache reader: `createCacheReader({ …, currentVersion: currentVersions() })`.
 * Asks the state table at most every three seconds a view.
 *
 * @throws `configuration` when the environment is wrong, naming every mistake.
 */
export function currentVersions({ client = sharedClient() }: ReaderOptions = {}): VersionLookup {
  const records = createDynamoDbViewRecords(client, readConfig().stateTable);
  return cachedLookup(async (view) => (await records.current(view))?.version, {
    nowMs: () => systemClock.nowMs(),
    ttlMs: LOOKUP_MS,
  });
}

function sharedClient(): DynamoDBClient {
  return (shared ??= dynamoDbClient(readConfig()));
}
