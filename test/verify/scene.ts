import { DeleteItemCommand, type DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";

import { decodeItem, type Item } from "../../src/change/attribute-value.js";
import type { StreamRecord } from "../../src/change/decode-record.js";
import { encodeItem } from "../../src/change/encode-item.js";
import { systemClock, tableSinks } from "../../src/compose.js";
import { composeVerify } from "../../src/compose-verify.js";
import type { Config } from "../../src/config.js";
import {
  aggregateView,
  avg,
  cacheView,
  count,
  countIf,
  distinctCount,
  max,
  source,
  sum,
  tableView,
  topK,
} from "../../src/index.js";
import { ensureTables } from "../../src/local/ensure-tables.js";
import { createPipeline } from "../../src/pipeline/process-batch.js";
import { createRedisSink } from "../../src/sink/redis/redis-sink.js";
import { createDynamoDbQuarantine } from "../../src/state/dynamodb-quarantine.js";
import { verify, type VerifyOptions } from "../../src/verify/verify.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { endpoint, testDynamoDb, testRedis } from "../support/endpoints.js";
import { streamRecord } from "../support/records.js";

export interface Order {
  id: string;
  customer: string;
  total: number;
  tag: string;
  open: boolean;
}

/** Views of every kind over one source, under names that nobody else has. */
export function declare(run: string) {
  const orders = source<Order>({ table: `orders-${run}`, key: ["id"] });
  const common = { source: orders };
  return {
    orders,
    byCustomer: tableView({ name: `by-customer-${run}`, ...common, key: ["customer", "id"] }),
    open: tableView({
      name: `open-${run}`,
      ...common,
      where: { open: [true] },
      key: ["id"],
      row: ({ id, total }) => ({ id, total }),
      tombstones: true,
    }),
    totals: aggregateView({
      name: `totals-${run}`,
      ...common,
      groupBy: ({ customer }) => ({ customer }),
      key: ["customer"],
      measures: {
        orders: count(),
        total: sum("total"),
        refunds: countIf(({ total }) => total < 0),
      },
    }),
    stats: aggregateView({
      name: `stats-${run}`,
      ...common,
      groupBy: ({ customer }) => ({ customer }),
      key: ["customer"],
      spread: 2,
      measures: {
        mean: avg("total"),
        most: max("total"),
        tags: distinctCount("tag"),
        best: topK(2, { by: "total", keep: ({ id, total }) => ({ id, total }) }),
      },
    }),
    cards: cacheView({
      name: "cards",
      ...common,
      type: "json",
      key: ({ id }) => `${run}:card:${id}`,
    }),
    hashes: cacheView({
      name: "hashes",
      ...common,
      where: { open: [true] },
      type: "hash",
      key: ({ id }) => `${run}:hash:${id}`,
    }),
    ranks: cacheView({
      name: "ranks",
      ...common,
      type: "sorted-set",
      key: ({ customer }) => `${run}:ranks:${customer}`,
      member: ({ id }) => id,
      score: ({ total }) => total,
    }),
    top: cacheView({
      name: "top",
      ...common,
      type: "sorted-set",
      key: ({ customer }) => `${run}:top:${customer}`,
      member: ({ id }) => id,
      score: ({ total }) => total,
      keep: 5,
    }),
    newest: cacheView({
      name: "newest",
      ...common,
      type: "list",
      key: ({ customer }) => `${run}:newest:${customer}`,
      score: ({ total }) => total,
      keep: 5,
    }),
    tags: cacheView({
      name: "tags",
      ...common,
      type: "set",
      key: ({ customer }) => `${run}:tags:${customer}`,
      member: ({ tag }) => tag,
    }),
  };
}

/** Tables, a cache and a pipeline that follows a source as a stream would let it, some time behind. */
export async function openScene(run: string, lagMs = 0) {
  process.env["AWS_REGION"] ??= "us-east-1";
  process.env["AWS_ACCESS_KEY_ID"] ??= "local";
  process.env["AWS_SECRET_ACCESS_KEY"] ??= "local";
  const views = declare(run);
  const declarations = collectDeclarations(views);
  const config: Config = {
    tablePrefix: "",
    stateTable: `state-${run}`,
    dynamodbEndpoint: endpoint("MILLRACE_TEST_DYNAMODB"),
    redisUrl: endpoint("MILLRACE_TEST_REDIS"),
  };
  const client = testDynamoDb();
  const redis = testRedis();
  const ensured = await ensureTables({
    client,
    declarations,
    physicalName: (table) => table,
    stateTable: config.stateTable,
  });
  const arn = ensured.find(({ definition }) => definition.table === views.orders.table)?.streamArn;
  const label = arn?.split("/stream/")[1] ?? "";
  const cache = createRedisSink({ redis: redis.duplicate() });
  const quarantine = createDynamoDbQuarantine({ client, tableName: config.stateTable });
  const pipeline = createPipeline({
    declarations,
    sinks: { ...tableSinks(config, client), "cache-view": cache },
    quarantine,
    clock: systemClock,
    declaredName: (table) => table,
  });
  const { ports, ...composed } = await composeVerify(config, declarations);
  const writer = createWriter(client, views.orders.table, label);
  const lag = { ms: 0 };
  let stopped = false;
  let inWork = 0;
  const delivering = (async () => {
    while (!stopped || writer.queue.length > 0) {
      await systemClock.sleep(lagMs * Math.random());
      const records = writer.queue.splice(0, 40);
      inWork = records.length;
      if (records.length === 0) await systemClock.sleep(2);
      else {
        const endsAtMs = Date.now() + 30_000;
        const writtenAtMs = writer.writtenAtMs.splice(0, records.length);
        await pipeline.process(records, { remainingMs: () => endsAtMs - Date.now() });
        lag.ms = Date.now() - (writtenAtMs[0] ?? Date.now());
        inWork = 0;
      }
    }
  })();
  const caughtUp = async () => {
    while (writer.queue.length + inWork > 0) await systemClock.sleep(5);
  };
  return {
    views,
    declarations,
    client,
    redis,
    writer,
    quarantine,
    ports,
    caughtUp,
    rest: () => systemClock.sleep(10),
    verify: (options: Partial<VerifyOptions> = {}) =>
      verify({ ...ports, lagMs: async () => lag.ms }, declarations, {
        views: declarations.views,
        settleMs: 500,
        ...options,
      }),
    async close() {
      stopped = true;
      await delivering;
      await composed.close();
      await cache.close();
      redis.disconnect();
      client.destroy();
    },
  };
}

/** Writes items, and keeps the records a stream would have of it. */
function createWriter(client: DynamoDBClient, table: string, label: string) {
  const queue: StreamRecord[] = [];
  const writtenAtMs: number[] = [];
  const tell = (old: Item | undefined, after: Item | undefined) => {
    if (!old && !after) return;
    const at = Math.floor(Date.now() / 1000);
    queue.push(
      streamRecord({ table, label, at, ...(old && { old }), ...(after && { new: after }) }),
    );
  };
  return {
    queue,
    writtenAtMs,
    async put(order: Order) {
      const { Attributes } = await client.send(
        new PutItemCommand({
          TableName: table,
          Item: encodeItem({ ...order }),
          ReturnValues: "ALL_OLD",
        }),
      );
      tell(Attributes && decodeItem(Attributes), { ...order });
    },
    async delete(id: string) {
      const { Attributes } = await client.send(
        new DeleteItemCommand({
          TableName: table,
          Key: { id: { S: id } },
          ReturnValues: "ALL_OLD",
        }),
      );
      tell(Attributes && decodeItem(Attributes), undefined);
    },
  };
}

/** The n-th order: some customers, some tags. */
export function order(n: number, change = 0): Order {
  return {
    id: `o-${String(n).padStart(4, "0")}`,
    customer: `c-${(n + change) % 7}`,
    total: (n * 37 + change * 11) % 500,
    tag: `t-${(n * 3 + change) % 11}`,
    open: (n + change) % 3 !== 0,
  };
}
