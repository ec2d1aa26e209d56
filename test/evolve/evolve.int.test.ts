import { DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import { tableSinks } from "../../src/compose.js";
import { dropIn, switchIn } from "../../src/compose-evolve.js";
import { currentVersions, tableReader } from "../../src/compose-readers.js";
import { readConfig } from "../../src/config.js";
import { ensureTables } from "../../src/local/ensure-tables.js";
import { createPipeline } from "../../src/pipeline/process-batch.js";
import { createCacheReader } from "../../src/read/cache-reader.js";
import { createRedisSink } from "../../src/sink/redis/redis-sink.js";
import { createDynamoDbViewRecords } from "../../src/state/dynamodb-view-records.js";
import { createMemoryQuarantine } from "../../src/state/memory-quarantine.js";
import { writeDefinition } from "../../src/state/view-records.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { fakeClock } from "../pipeline/pipeline-under-test.js";
import { endpoint, testDynamoDb, testRedis } from "../support/endpoints.js";
import { streamRecord } from "../support/records.js";
import { first, hotFirst, hotSecond, second } from "./versions.js";

const prefix = `evolve-${process.pid}-${Date.now()}-`;
const declared = { first, second, hotFirst, hotSecond };
const declarations = collectDeclarations(declared);
const client = testDynamoDb();
const redis = testRedis();
/** An item nobody else has, since all tests share one Redis. */
const id = `o-${process.pid}-${Date.now()}`;
const customer = "c";

beforeAll(async () => {
  Object.assign(process.env, {
    MILLRACE_TABLE_PREFIX: prefix,
    AWS_ENDPOINT_URL_DYNAMODB: endpoint("MILLRACE_TEST_DYNAMODB"),
    REDIS_URL: endpoint("MILLRACE_TEST_REDIS"),
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  });
  const config = readConfig();
  await ensureTables({
    client,
    declarations,
    physicalName: (table) => prefix + table,
    stateTable: config.stateTable,
  });
  const pipeline = createPipeline({
    declarations,
    sinks: { ...tableSinks(config, client), "cache-view": createRedisSink({ redis }) },
    quarantine: createMemoryQuarantine(),
    clock: fakeClock(),
    declaredName: () => "orders",
  });
  const record = streamRecord({ new: { id, customer } });
  const report = await pipeline.process([record], { remainingMs: () => 30_000 });
  expect([report.unresolved, report.problems]).toEqual([[], []]);
  const records = createDynamoDbViewRecords(client, config.stateTable);
  for (const view of Object.values(declared))
    await writeDefinition(records, view, { by: "backfill", atMs: Date.now() });
});

afterAll(() => {
  client.destroy();
  redis.disconnect();
});

/** What readers of both versions of both views see; new ones, since a lookup stands for three seconds. */
async function seen() {
  const row = await tableReader([first, second], { client }).get({ customer, id });
  const reader = createCacheReader({ redis, currentVersion: currentVersions({ client }) });
  const entry = await reader.get([hotFirst, hotSecond], `order:${id}`);
  return [row?.version, entry?.version];
}

const switchAll = (to: number) =>
  Promise.all(
    ["open-orders", "hot-orders"].map((view) =>
      switchIn(readConfig(), { views: declarations.views, view, to, anyway: false }),
    ),
  );

describe("G44: with two versions of a view in a table and of one in the cache, side by side", () => {
  test("each is written in its own place, and read by whoever asks for it", async () => {
    expect(await tableReader(second, { client }).get({ customer, id })).toMatchObject({
      version: 2,
    });
    expect(await redis.get(`hot-orders@2:order:${id}`)).toContain('"version":2');
    expect(await createCacheReader({ redis }).get(hotFirst, `order:${id}`)).toMatchObject({
      version: 1,
    });
  });

  test("readers of both follow a switch, and the way back", async () => {
    expect(await seen()).toEqual([1, 1]);
    await switchAll(2);
    expect(await seen()).toEqual([2, 2]);
    await switchAll(1);
    expect(await seen()).toEqual([1, 1]);
  });

  test("N18: what is dropped is told first, and goes when confirmed, and nothing else", async () => {
    const config = readConfig();
    const views = [first, hotFirst];
    const dropBoth = (isConfirmed: boolean) =>
      Promise.all(
        ["open-orders", "hot-orders"].map((view) =>
          dropIn(config, views, { view, version: 2 }, isConfirmed),
        ),
      );
    const told = await dropBoth(false);
    expect(told).toEqual([
      { tables: ["open-orders-v2"] },
      { tables: [], keyPrefix: "hot-orders@2:" },
    ]);
    const table = new DescribeTableCommand({ TableName: `${prefix}open-orders-v2` });
    await client.send(table);
    expect(await dropBoth(true)).toEqual(told);
    await expect(client.send(table)).rejects.toThrow();
    expect(await redis.exists(`hot-orders@2:order:${id}`)).toBe(0);
    expect(await seen()).toEqual([1, 1]);
    await expect(dropBoth(true)).rejects.toThrow("nothing is known");
  });
});
