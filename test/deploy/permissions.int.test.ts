import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { CreateTableCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import * as pipeline from "../../pipeline.js";
import type { Item } from "../../src/change/attribute-value.js";
import { composeHandler, dynamoDbClient, tableSinks } from "../../src/compose.js";
import { type Config, readConfig } from "../../src/config.js";
import { serverlessParts } from "../../src/deploy/serverless.js";
import { allTables } from "../../src/deploy/tables.js";
import { createTableInput } from "../../src/dynamodb/table-definition.js";
import type { StreamHandler } from "../../src/lambda/stream-handler.js";
import type { Sinks } from "../../src/pipeline/pipeline.js";
import { createRedisSink } from "../../src/sink/redis/redis-sink.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { endpoint, testDynamoDb, testRedis } from "../support/endpoints.js";
import { streamRecord } from "../support/records.js";
import { type Call, grantsOf, isAllowed, tableArn } from "./permissions.js";

const stage = `perm${process.pid}`;
const prefix = `flights-${stage}-`;
const parts = serverlessParts(
  { ...pipeline },
  { service: "flights", stage, redisUrl: endpoint("MILLRACE_TEST_REDIS") },
);

interface Recorder {
  readonly server: Server;
  readonly url: string;
  readonly calls: Call[];
}

interface RequestBody {
  readonly TableName?: string;
  readonly RequestItems?: Readonly<Record<string, unknown>>;
  readonly Statements?: readonly { readonly Statement: string }[];
  readonly TransactItems?: readonly Readonly<Record<string, { readonly TableName: string }>>[];
}

const STATEMENTS: Readonly<Record<string, string>> = {
  INSERT: "dynamodb:PartiQLInsert",
  UPDATE: "dynamodb:PartiQLUpdate",
};

/** What IAM would be asked for a statement: a right of its verb, on the table it names. */
function statementCall({ Statement }: { readonly Statement: string }): Call {
  const [verb = "", table = ""] = /^(\w+)(?: INTO)? "([^"]+)"/.exec(Statement)?.slice(1) ?? [];
  return { action: STATEMENTS[verb] ?? verb, arn: tableArn(table) };
}

/** What IAM would be asked: a transaction is asked for by its parts, a batch by its tables or its statements. */
function callsOf(
  target: string,
  { TableName = "", TransactItems, RequestItems, Statements }: RequestBody,
): Call[] {
  if (Statements) return Statements.map(statementCall);
  const operation = target.split(".")[1] ?? "";
  if (RequestItems) {
    const tables = Object.keys(RequestItems);
    return tables.map((table) => ({ action: `dynamodb:${operation}`, arn: tableArn(table) }));
  }
  if (!TransactItems) return [{ action: `dynamodb:${operation}`, arn: tableArn(TableName) }];
  return TransactItems.flatMap((item) =>
    Object.entries(item).map(([part, { TableName: table }]) => ({
      action: part === "ConditionCheck" ? "dynamodb:ConditionCheckItem" : `dynamodb:${part}Item`,
      arn: tableArn(table),
    })),
  );
}

/** Stands before DynamoDB and notes what is asked of it. */
async function startRecorder(): Promise<Recorder> {
  const calls: Call[] = [];
  const { hostname, port } = new URL(endpoint("MILLRACE_TEST_DYNAMODB"));
  const server = createServer((asked, answer) => {
    const chunks: Buffer[] = [];
    asked.on("data", (chunk: Buffer) => chunks.push(chunk));
    asked.on("end", () => {
      const body = Buffer.concat(chunks);
      const target = String(asked.headers["x-amz-target"]);
      calls.push(...callsOf(target, JSON.parse(String(body)) as RequestBody));
      const options = { hostname, port, method: "POST", headers: asked.headers };
      request(options, (reply) => {
        answer.writeHead(reply.statusCode ?? 500, reply.headers);
        reply.pipe(answer);
      }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { server, url, calls };
}

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
  client.destroy();
  for (const name of ["tables", "cache"]) recorders[name] = await startRecorder();
  const quiet = { POWERTOOLS_LOG_LEVEL: "SILENT", POWERTOOLS_METRICS_DISABLED: "true" };
  const before = process.env;
  process.env = { ...before, ...quiet };
  handlers["tables"] = handlerOf("tables", ({ config, client: own }) => tableSinks(config, own));
  handlers["cache"] = handlerOf("cache", () => ({ "cache-view": createRedisSink({ redis }) }));
  process.env = before;
});

/** A handler as the function makes it, of clients that the test can close. */
function handlerOf(
  name: string,
  sinksOf: (parts: { config: Config; client: DynamoDBClient }) => Sinks,
): StreamHandler {
  const config = readConfig({
    MILLRACE_TABLE_PREFIX: prefix,
    AWS_ENDPOINT_URL_DYNAMODB: recorders[name]!.url,
  });
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

const flight = {
  flightId: `flight-${stage}`,
  origin: "SEA",
  destination: "SFO",
  scheduledAt: "2001-01-01T08:00",
  status: "DEPARTED",
  delay: 20,
  distance: 679,
};
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
