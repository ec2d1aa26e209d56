import { randomBytes } from "node:crypto";

import { CreateTableCommand, type DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Context } from "aws-lambda";

import * as pipeline from "../../pipeline.js";
import { openRun } from "../../src/backfill/run-backfill.js";
import { createSegmentHandler } from "../../src/backfill/segment-handler.js";
import type { Item } from "../../src/change/attribute-value.js";
import { encodeItem } from "../../src/change/encode-item.js";
import { composeHandler, dynamoDbClient, tableSinks } from "../../src/compose.js";
import { composeBackfill } from "../../src/compose-backfill.js";
import { composeFailuresHandler } from "../../src/compose-failures.js";
import { type Config, readConfig } from "../../src/config.js";
import { serverlessParts } from "../../src/deploy/serverless.js";
import { allTables } from "../../src/deploy/tables.js";
import { createTableInput } from "../../src/dynamodb/table-definition.js";
import type { StreamHandler } from "../../src/lambda/stream-handler.js";
import type { Sinks } from "../../src/pipeline/pipeline.js";
import { createRedisSink } from "../../src/sink/redis/redis-sink.js";
import { collectDeclarations, isNotification } from "../../src/view/declarations.js";
import { endpoint, testDynamoDb, testRedis } from "../support/endpoints.js";
import { LABEL, streamRecord } from "../support/records.js";
import { type Recorder, startRecorder } from "./call-recorder.js";
import { departedFlight } from "./departed-flight.js";
import { givenUp, objectNotice, queueEvent } from "./packaged-queues.js";
import { grantsOf, isAllowed, tableArn } from "./permissions.js";

const stage = `perm${process.pid}`;
const prefix = `flights-${stage}-`;
const parts = serverlessParts(
  { ...pipeline },
  { service: "flights", stage, redisUrl: endpoint("MILLRACE_TEST_REDIS") },
);

const recorders: Record<string, Recorder> = {};
const handlers: Record<string, StreamHandler> = {};
const clients: DynamoDBClient[] = [];
const redis = testRedis();

beforeAll(async () => {
  const client = testDynamoDb();
  for (const definition of allTables(collectDeclarations(pipeline))) {
    const input = createTableInput({ ...definition, followed: false }, prefix + definition.table);
    await client.send(new CreateTableCommand(input));
  }
  // Most can be taken, and one cannot: it flies to nowhere.
  const destinations = ["SFO", "JFK", "LAX", "BOS", ""];
  for (const destination of destinations) {
    const Item = encodeItem({ ...flight, flightId: `to-${destination}`, destination });
    await client.send(new PutItemCommand({ TableName: `${prefix}flights`, Item }));
  }
  const Item = encodeItem(airport);
  await client.send(new PutItemCommand({ TableName: `${prefix}airports`, Item }));
  client.destroy();
  for (const name of ["tables", "cache", "failures", "backfill"])
    recorders[name] = await startRecorder();
  const quiet = { POWERTOOLS_LOG_LEVEL: "SILENT", POWERTOOLS_METRICS_DISABLED: "true" };
  const before = process.env;
  process.env = { ...before, ...quiet };
  handlers["tables"] = handlerOf("tables", ({ config, client: own }) => tableSinks(config, own));
  handlers["cache"] = handlerOf("cache", () => ({ "cache-view": createRedisSink({ redis }) }));
  process.env = before;
});

/** A function's configuration, with the recorder where DynamoDB would be. */
function configOf(name: string): Config {
  return readConfig({
    MILLRACE_TABLE_PREFIX: prefix,
    AWS_ENDPOINT_URL_DYNAMODB: recorders[name]!.url,
    REDIS_URL: endpoint("MILLRACE_TEST_REDIS"),
  });
}

/** A handler as the function makes it, of clients that the test can close. */
function handlerOf(
  name: string,
  sinksOf: (parts: { config: Config; client: DynamoDBClient }) => Sinks,
): StreamHandler {
  const config = configOf(name);
  const client = dynamoDbClient(config);
  clients.push(client);
  return composeHandler(config, pipeline, client, sinksOf({ config, client }));
}

afterAll(() => {
  redis.disconnect();
  for (const client of clients) client.destroy();
  for (const { server } of Object.values(recorders)) server.close();
});

/** Delivers changes to a function in one batch, which it must settle. */
async function deliver(name: string, table: string, ...images: { old?: Item; new?: Item }[]) {
  const keys = [table === "flights" ? "flightId" : "iata"];
  const Records = images.map((image) => streamRecord({ ...image, table: prefix + table, keys }));
  const context = { getRemainingTimeInMillis: () => 30_000, awsRequestId: "1" };
  expect(await handlers[name]!({ Records }, context)).toEqual({ batchItemFailures: [] });
}

/** Enough items at once that their rows go as statements: as new ones, then changed. */
async function deliverMany(name: string, table: string, item: Item, change: Item): Promise<void> {
  const key = table === "flights" ? "flightId" : "iata";
  const items = [1, 2, 3, 4].map((n) => ({ ...item, [key]: `${String(item[key])}-${n}` }));
  await deliver(name, table, ...items.map((each) => ({ new: each })));
  await deliver(name, table, ...items.map((each) => ({ old: each, new: { ...each, ...change } })));
}

const flight = departedFlight(`flight-${stage}`);
const airport = { iata: `A${process.pid}`, name: "A", city: "B", state: "CA", country: "USA" };

/** Everything that can happen to a function: rows put, moved and deleted, poison parked and joined. */
async function exercise(name: string): Promise<void> {
  const moved = { ...flight, origin: "LAX", destination: "JFK", status: "LANDED" };
  await deliverMany(name, "flights", flight, { delay: 25, scheduledAt: "2001-01-01T09:00" });
  await deliverMany(name, "airports", airport, { name: "C" });
  const delayed = { ...flight, scheduledAt: "2001-01-01T08:30" };
  await deliver(name, "flights", { new: flight });
  // Too few rows for statements.
  await deliver(name, "flights", { old: flight, new: delayed });
  await deliver(name, "flights", { old: delayed, new: moved });
  await deliver(name, "flights", { old: moved });
  await deliver(name, "airports", { new: airport });
  await deliver(name, "airports", { old: airport });
  // No view in a table can take a flight to nowhere, and no cache a key without an id.
  const poison = { ...flight, flightId: "undefined", destination: "" };
  await deliver(name, "flights", { new: poison });
  await deliver(name, "flights", { old: poison, new: { ...poison, delay: 30 } });
}

describe.each(["tables", "cache"])("N16: the role of the function %s", (name) => {
  test("allows every call that the function makes, and of calls on tables no other", async () => {
    await exercise(name);
    const { calls } = recorders[name]!;
    const grants = grantsOf(parts, name);
    expect(calls.filter((call) => !isAllowed(grants, call))).toEqual([]);
    const onTables = grants.filter(({ arn }) => /:table\/[^/]+$/.test(arn));
    const unused = onTables.filter(
      ({ action, arn }) => !calls.some((call) => call.action === action && call.arn === arn),
    );
    expect(unused).toEqual([]);
    expect(calls.length).toBeGreaterThan(0);
  });
});

/** Calls that the role does not allow, and what it allows on these tables that was not called. */
function against(name: string, tables: readonly string[]) {
  const { calls } = recorders[name]!;
  const grants = grantsOf(parts, name);
  const arns = tables.map((table) => tableArn(prefix + table));
  return {
    forbidden: calls.filter((call) => !isAllowed(grants, call)),
    unused: grants
      .filter(({ arn }) => arns.includes(arn))
      .filter((one) => !calls.some(({ action, arn }) => action === one.action && arn === one.arn)),
  };
}

test("N16: the role of the function failures allows what parks a batch given up, and no more of the state table", async () => {
  const large = { ...flight, note: randomBytes(300_000).toString("base64") };
  const record = streamRecord({ new: large, table: `${prefix}flights`, keys: ["flightId"] });
  const where = { streamArn: record.eventSourceARN!, shardId: "shard-1", kind: "s3" as const };
  const told = givenUp(`${prefix}tables`, record, where);
  process.env["POWERTOOLS_LOG_LEVEL"] = "SILENT";
  process.env["POWERTOOLS_METRICS_DISABLED"] = "true";
  const handler = composeFailuresHandler(configOf("failures"), pipeline, async () => told);
  delete process.env["POWERTOOLS_LOG_LEVEL"];
  delete process.env["POWERTOOLS_METRICS_DISABLED"];
  const context = { getRemainingTimeInMillis: () => 30_000, awsRequestId: "1" };
  const answer = await handler(queueEvent(objectNotice("failures", "aws/lambda/1")), context);
  expect(answer).toEqual({ batchItemFailures: [] });
  const found = against("failures", ["millrace-state", "flights", "flights-by-destination"]);
  expect(found).toEqual({ forbidden: [], unused: [] });
  expect(recorders["failures"]!.calls.length).toBeGreaterThan(0);
});

test("N16: the role of the function backfill allows all that a segment asks, and of sources and state no more", async () => {
  const declarations = collectDeclarations(pipeline);
  const kept = declarations.views.filter((view) => !isNotification(view));
  const composed = composeBackfill(configOf("backfill"), kept);
  const quiet = { info: () => undefined, error: () => undefined };
  const queue = { send: async () => undefined };
  const handler = createSegmentHandler({ ...composed, declarations, queue, log: quiet });
  const context = { getRemainingTimeInMillis: () => 30_000, awsRequestId: "1" } as Context;
  for (const source of ["flights", "airports"]) {
    const views = kept.filter((view) => view.source.table === source).map(({ name }) => name);
    const { run } = await openRun(composed.parts.state, {
      ...{ source, views, scope: "all", segments: 1, label: LABEL, itemsAbout: 1 },
      ...{ restart: true, id: `run-${source}`, nowMs: Date.now() },
    });
    const body = JSON.stringify({ source, run: run.id, segment: 0, of: 1 });
    expect(await handler(queueEvent(body), context)).toEqual({ batchItemFailures: [] });
  }
  await composed.close();
  expect(against("backfill", ["millrace-state", "flights", "airports"])).toEqual({
    forbidden: [],
    unused: [],
  });
  // Rows were written: the sinks' own calls are those of the function tables.
  const written = recorders["backfill"]!.calls.map(({ arn }) => arn);
  expect(written).toContain(tableArn(`${prefix}flights-by-destination`));
});
