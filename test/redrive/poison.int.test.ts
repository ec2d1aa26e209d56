import { BatchWriteItemCommand, DeleteItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { expect, test } from "@jest/globals";

import { encodeItem } from "../../src/change/encode-item.js";
import { compareAll } from "../../src/cli/demo/compare-all.js";
import { type RunningPipeline, runPipeline } from "../../src/cli/run-pipeline.js";
import { composeHandler, dynamoDbClient, tableSinks } from "../../src/compose.js";
import { redisClient } from "../../src/compose-cache.js";
import { composeRedrive } from "../../src/compose-redrive.js";
import type { Config } from "../../src/config.js";
import { createMemoryCheckpoints } from "../../src/local/event-source-mapping/checkpoint-store.js";
import { redrive } from "../../src/redrive/redrive.js";
import { createRedisSink } from "../../src/sink/redis/redis-sink.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { endpoint } from "../support/endpoints.js";
import { byCustomer, cards, health, type Order, totals } from "./redrive-under-test.js";

/** Orders, every twentieth of which is poison; `MILLRACE_TEST_ORDERS=20000` shows it at the scale of the specification. */
const ORDERS = Number(process.env["MILLRACE_TEST_ORDERS"] ?? 1_000);
const POISON = ORDERS / 20;

test("G65: poison among many records, then a fix: redrive leaves no entry and no difference, while writes go on", async () => {
  health.isFixed = false;
  const config: Config = {
    tablePrefix: `poison-${process.pid}-`,
    stateTable: `poison-${process.pid}-state`,
    dynamodbEndpoint: endpoint("MILLRACE_TEST_DYNAMODB"),
    streamsEndpoint: endpoint("MILLRACE_TEST_DYNAMODB"),
    // A database of its own: the comparison looks at every entry there is.
    redisUrl: `${endpoint("MILLRACE_TEST_REDIS")}/8`,
  };
  const environment = {
    AWS_ENDPOINT_URL_DYNAMODB: config.dynamodbEndpoint,
    POWERTOOLS_LOG_LEVEL: "SILENT",
    POWERTOOLS_METRICS_DISABLED: "true",
  };
  Object.assign(process.env, environment);
  const exports = { byCustomer, cards, totals };
  const declarations = collectDeclarations(exports);
  const client = dynamoDbClient(config);
  const cache = createRedisSink({ redis: redisClient(config) });
  const handlers = {
    tables: composeHandler(config, exports, client, tableSinks(config, client)),
    cache: composeHandler(config, exports, client, { "cache-view": cache }),
  };
  const project = { directory: ".", pipelineFile: "pipeline.ts", declarations, handlers };
  const running = await runPipeline(project, config, createMemoryCheckpoints());
  const composed = composeRedrive(config, declarations);
  const { parts } = composed;
  const TableName = `${config.tablePrefix}orders`;
  try {
    for (let from = 0; from < ORDERS; from += 25) {
      const RequestItems = { [TableName]: Array.from({ length: 25 }, (_, i) => orderOf(from + i)).map((order) => ({ PutRequest: { Item: encodeItem({ ...order }) } })) }; // prettier-ignore
      await client.send(new BatchWriteItemCommand({ RequestItems }));
    }
    await caughtUp(running, Date.now());
    const { views } = await redrive(parts, { dryRun: true });
    expect(views.map(({ view, redriven, stays }) => [view, redriven, stays])).toEqual([
      ["by-customer", 0, POISON],
      ["cards", 0, POISON],
      ["totals", 0, POISON],
    ]);

    health.isFixed = true;
    let isDone = false;
    let written = 0;
    const writer = (async () => {
      for (; !isDone; written++) {
        // Poison and others in turn: changed, moved to another customer, or deleted.
        const order = orderOf((written * 20 + (written % 3)) % ORDERS);
        const Item = encodeItem({ ...order, customer: `c${written % 7}`, total: written });
        if (written % 5 === 0)
          await client.send(new DeleteItemCommand({ TableName, Key: encodeItem({ id: order.id }) })); // prettier-ignore
        else await client.send(new PutItemCommand({ TableName, Item }));
      }
    })();
    const startedAtMs = Date.now();
    const report = await redrive(parts);
    const seconds = (Date.now() - startedAtMs) / 1000;
    isDone = true;
    await writer;
    expect(report).toMatchObject({ ok: true, stays: [] });
    await caughtUp(running, Date.now());
    const left = [];
    for await (const summary of parts.quarantine.summaries()) left.push(summary);
    expect(left).toEqual([]);
    for (const view of await compareAll(declarations, config))
      expect(view).toMatchObject({ missing: 0, extra: 0, different: 0 });
    expect(written).toBeGreaterThan(10);
    if (process.env["MILLRACE_TEST_ORDERS"])
      process.stderr.write(`${3 * POISON} items in ${seconds} s beside ${written} writes\n`);
  } finally {
    await running.stop();
    await composed.close();
    await cache.close();
    client.destroy();
    for (const name of Object.keys(environment)) delete process.env[name];
  }
});

function orderOf(n: number): Order {
  return { id: `o-${n}`, customer: n % 20 === 0 ? `C${n % 7}` : `c${n % 7}`, total: n };
}

/** Waits until all changes written before a time are delivered. */
async function caughtUp(running: RunningPipeline, sinceMs: number): Promise<void> {
  while ((running.caughtUpAtMs() ?? 0) < sinceMs)
    await new Promise((resolve) => setTimeout(resolve, 100));
}
