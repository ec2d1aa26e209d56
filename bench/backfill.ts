import {
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  paginateScan,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";

import { backfillSource } from "../src/backfill/backfill-source.js";
import { scannedPages } from "../src/backfill/item-pages.js";
import { formatTable } from "../src/cli/format-table.js";
import { composeBackfill } from "../src/compose-backfill.js";
import { createTableInput, type TableDefinition } from "../src/dynamodb/table-definition.js";
import { startDynamoDbLocal } from "../src/local/embedded/dynamodb-local.js";
import { mapBounded } from "../src/sink/bounded.js";
import { STATE_TABLE } from "../src/state/state-table.js";
import { source } from "../src/view/source.js";
import { tableView } from "../src/view/table-view.js";

/** How a backfill fares beside the least that could be done: scan, and put what is not there. */
export interface BackfillFigures {
  readonly items: number;
  readonly bareRowsPerSecond: number;
  readonly rowsPerSecond: number;
  /** Of the bare rate, in percent; the bar is 70. */
  readonly share: number;
  /** Client CPU of a row, microseconds. */
  readonly bareCpuUs: number;
  readonly cpuUs: number;
  /** Heap in use after a half of all rounds, and after all, megabytes, each after a collection where that can be asked for. */
  readonly heapMbHalfway: number;
  readonly heapMb: number;
}

interface Order {
  orderId: string;
  customer: string;
  total: number;
  note: string;
}
const orders = source<Order>({ table: "orders", key: ["orderId"] });
const byCustomer = tableView({ name: "by-customer", source: orders, key: ["customer", "orderId"] });

const SEGMENTS = 4;
const PUTS_AT_ONCE = 16;
const PAGE_ITEMS = 200;
const TABLES: readonly TableDefinition[] = [
  { table: "orders", key: orders.key, followed: true },
  { ...STATE_TABLE, table: "state" },
];
const VIEW_TABLE: TableDefinition = { table: "by-customer", key: byCustomer.key, followed: false };

/** Measures both in turn on one DynamoDB Local. */
export async function backfill({ quick }: { readonly quick: boolean }): Promise<BackfillFigures> {
  const items = quick ? 2_000 : 20_000;
  const rounds = quick ? 2 : 4;
  const server = await startDynamoDbLocal({ environment: process.env });
  process.env["AWS_REGION"] ??= "us-east-1";
  process.env["AWS_ACCESS_KEY_ID"] ??= "local";
  process.env["AWS_SECRET_ACCESS_KEY"] ??= "local";
  const client = new DynamoDBClient({ endpoint: server.endpoint, cacheMiddleware: true });
  try {
    for (const table of TABLES)
      await client.send(new CreateTableCommand(createTableInput(table, table.table)));
    await fill(client, items);
    const bare: Measure[] = [];
    const own: Measure[] = [];
    const heaps: number[] = [];
    for (let round = 0; round < rounds; round++) {
      bare.push(await measured(client, items, () => scanAndPut(client)));
      own.push(await measured(client, items, () => runBackfill(server.endpoint, `run-${round}`)));
      heaps.push(heapMb());
    }
    const figures = {
      items,
      bareRowsPerSecond: median(bare.map(({ rate }) => rate)),
      rowsPerSecond: median(own.map(({ rate }) => rate)),
      share: Math.round(median(own.map(({ rate }, i) => (100 * rate) / (bare[i]?.rate ?? rate)))),
      bareCpuUs: median(bare.map(({ cpuUs }) => cpuUs)),
      cpuUs: median(own.map(({ cpuUs }) => cpuUs)),
      heapMbHalfway: heaps[Math.floor((rounds - 1) / 2)] ?? 0,
      heapMb: heaps[rounds - 1] ?? 0,
    };
    print(figures);
    return figures;
  } finally {
    client.destroy();
    await server.stop();
  }
}

interface Measure {
  readonly rate: number;
  readonly cpuUs: number;
}

/** What it takes to fill an empty view table. */
async function measured(
  client: DynamoDBClient,
  items: number,
  run: () => Promise<unknown>,
): Promise<Measure> {
  await client.send(new DeleteTableCommand({ TableName: VIEW_TABLE.table })).catch(() => undefined);
  await client.send(new CreateTableCommand(createTableInput(VIEW_TABLE, VIEW_TABLE.table)));
  const cpu = process.cpuUsage();
  const startedAtMs = performance.now();
  await run();
  const seconds = (performance.now() - startedAtMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { rate: Math.round(items / seconds), cpuUs: Math.round((user + system) / items) };
}

async function fill(client: DynamoDBClient, count: number): Promise<void> {
  const all = Array.from({ length: count }, (_, n) => n);
  await mapBounded(all, PUTS_AT_ONCE, (n) =>
    client.send(
      new PutItemCommand({
        TableName: "orders",
        Item: {
          orderId: { S: `order-${n}` },
          customer: { S: `customer-${n % 997}` },
          total: { N: String(n) },
          note: { S: "n".repeat(120) },
        },
      }),
    ),
  );
}

/** The bare limit: a parallel scan, and a put of each row on condition that there is none. */
async function scanAndPut(client: DynamoDBClient): Promise<void> {
  const segment = async (Segment: number) => {
    const input = {
      TableName: "orders",
      ConsistentRead: true,
      Segment,
      TotalSegments: SEGMENTS,
      Limit: PAGE_ITEMS,
    };
    for await (const { Items = [] } of paginateScan({ client }, input))
      await mapBounded(Items, PUTS_AT_ONCE, (Item) =>
        client.send(
          new PutItemCommand({
            TableName: "by-customer",
            Item,
            ConditionExpression: "attribute_not_exists(customer)",
          }),
        ),
      );
  };
  await Promise.all(Array.from({ length: SEGMENTS }, (_, i) => segment(i)));
}

async function runBackfill(dynamodbEndpoint: string, runId: string): Promise<void> {
  const composed = composeBackfill({ tablePrefix: "", stateTable: "state", dynamodbEndpoint }, [
    byCustomer,
  ]);
  const views = [byCustomer];
  await backfillSource(
    composed.parts,
    {
      ...{ source: orders, views, allViews: views, segments: SEGMENTS, scope: "all", runId },
      ...{ restart: true, worker: runId },
      pages: scannedPages(composed.items, { source: orders, pageItems: PAGE_ITEMS }),
      inspect: () => composed.inspect(orders, views),
    },
    { isStopping: () => false },
  );
  await composed.close();
}

function heapMb(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return Math.round(process.memoryUsage().heapUsed / 1e6);
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

function print(figures: BackfillFigures): void {
  const rows = [
    ["scan and conditional put", figures.bareRowsPerSecond, figures.bareCpuUs],
    ["backfill", figures.rowsPerSecond, figures.cpuUs],
  ];
  console.error(
    `backfill of ${figures.items} rows into a table on DynamoDB Local\n${formatTable(["", "rows/s", "CPU us/row"], rows)}\n` +
      `${figures.share} % of the bare rate (bar: 70); heap ${figures.heapMbHalfway} MB halfway, ${figures.heapMb} MB in the end\n`,
  );
}
