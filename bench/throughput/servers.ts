import { type ChildProcess, fork } from "node:child_process";

import {
  BatchWriteItemCommand,
  DeleteTableCommand,
  DynamoDBClient,
  ListTablesCommand,
} from "@aws-sdk/client-dynamodb";
import { Redis } from "ioredis";

import { startDynamoDbLocal } from "../../src/local/embedded/dynamodb-local.js";
import { startRedisServer } from "../../src/local/embedded/redis-server.js";
import { ensureTables } from "../../src/local/ensure-tables.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { benchPipeline } from "./millrace-subject.js";
import { type Endpoints, tableOf } from "./subject.js";
import type { Workload } from "./workload.js";

/** Lets a forked process be TypeScript, also where this one was not started with it. */
export const TYPESCRIPT = ["--import", "tsx", "--no-warnings"];

/** What a subject asked of the servers since they were last asked. */
export interface Asked {
  readonly requests: number;
  readonly writeUnits: number;
  readonly commands: number;
  readonly bytes: number;
}

/** The servers behind a measurement: stubs that answer at once, or the real ones. */
export interface Servers {
  readonly kind: "stub" | "real";
  readonly endpoints: Endpoints;
  /** Empties them and makes the tables of a workload, with so many rows of other items in the first view's. */
  prepare(workload: Workload, rows: number): Promise<void>;
  /** Counts since the last call; `undefined` where nobody counts. */
  asked(): Promise<Asked | undefined>;
  stop(): Promise<void>;
}

/** Starts a stub of DynamoDB and one of Redis, each a process of its own. */
export async function startStubs(): Promise<Servers> {
  const [dynamodb, redis] = await Promise.all([
    startStub("stub-dynamodb"),
    startStub("stub-redis"),
  ]);
  return {
    kind: "stub",
    endpoints: {
      dynamodb: `http://127.0.0.1:${dynamodb.port}`,
      redis: `redis://127.0.0.1:${redis.port}`,
    },
    prepare: async () => undefined,
    asked: async () => {
      const [first, second] = await Promise.all([countsOf(dynamodb.child), countsOf(redis.child)]);
      return { ...first, ...second } as unknown as Asked;
    },
    stop: async () => {
      dynamodb.child.kill();
      redis.child.kill();
    },
  };
}

async function startStub(name: string): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(new URL(`./${name}.ts`, import.meta.url), { execArgv: TYPESCRIPT });
  const { port } = (await nextMessage(child)) as { port: number };
  return { child, port };
}

async function countsOf(child: ChildProcess): Promise<Record<string, number>> {
  const answer = nextMessage(child);
  child.send("counts");
  return ((await answer) as { counts: Record<string, number> }).counts;
}

/** The next message of a child; rejects if it ends instead. */
export function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error("a process of the benchmark ended early"));
    child.once("exit", ended);
    child.once("message", (message) => {
      child.off("exit", ended);
      resolve(message);
    });
  });
}

/** Starts DynamoDB Local and redis-server, in memory. */
export async function startRealServers(): Promise<Servers> {
  const [dynamodb, redis] = await Promise.all([
    // What is to be measured is who calls it.
    startDynamoDbLocal({ environment: process.env, isLongLived: true }),
    startRedisServer({}),
  ]);
  const client = new DynamoDBClient({ endpoint: dynamodb.endpoint });
  const cache = new Redis(redis.url);
  return {
    kind: "real",
    endpoints: { dynamodb: dynamodb.endpoint, redis: redis.url },
    async prepare(workload, rows) {
      await cache.flushall();
      const { TableNames = [] } = await client.send(new ListTablesCommand({}));
      for (const TableName of TableNames) await client.send(new DeleteTableCommand({ TableName }));
      await ensureTables({
        client,
        declarations: collectDeclarations(benchPipeline(workload)),
        physicalName: (table) => table,
        stateTable: "millrace-state",
      });
      await fill(client, rows);
    },
    asked: async () => undefined,
    async stop() {
      client.destroy();
      cache.disconnect();
      await Promise.all([dynamodb.stop(), redis.stop()]);
    },
  };
}

/** Puts so many rows, that no change touches, into the first view's table. */
async function fill(client: DynamoDBClient, rows: number): Promise<void> {
  const put = (n: number) => ({
    PutRequest: {
      Item: { owner: { S: `f${n % 500}` }, id: { S: `f${n}` }, payload: { S: "p".repeat(200) } },
    },
  });
  for (let from = 0; from < rows; from += 25) {
    const puts = Array.from({ length: Math.min(25, rows - from) }, (_, i) => put(from + i));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [tableOf(0)]: puts } }));
  }
}
