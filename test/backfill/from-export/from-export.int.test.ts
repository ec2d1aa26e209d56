import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DeleteItemCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import type { Item } from "../../../src/change/attribute-value.js";
import { readConfig } from "../../../src/config.js";
import {
  type DynamoDbLocal,
  startDynamoDbLocal,
} from "../../../src/local/embedded/dynamodb-local.js";
import { type RedisServer, startRedisServer } from "../../../src/local/embedded/redis-server.js";
import { createDynamoDbBackfillState } from "../../../src/state/dynamodb-backfill-state.js";
import { createDynamoDbProgress } from "../../../src/state/dynamodb-progress.js";
import { putItems } from "../../support/put-items.js";
import { serveObjects } from "../../support/serve-objects.js";
import { exportFiles, writeFiles } from "../../support/write-export.js";
import {
  boardFlights,
  fillBeforeStream,
  startBackfill,
  startCommand,
  startPipeline,
  startWriter,
  VIEWS,
} from "../live-rig.js";
import * as pipeline from "../pipeline.js";
import { untilScanned } from "../prove-backfill.js";

const TableName = pipeline.flights.table;
const flights = boardFlights("20k", 600);

/** Servers of its own, as the other backfill has. */
describe("a backfill from an export, beside 100 writes a second, killed in the middle", () => {
  const opened = {} as {
    dynamodb: DynamoDbLocal;
    redis: RedisServer;
    s3: Server;
    client: DynamoDBClient;
    folder: string;
    environment: NodeJS.ProcessEnv;
    run: Awaited<ReturnType<typeof backfillLive>>;
  };

  beforeAll(async () => {
    const [dynamodb, redis] = await Promise.all([
      startDynamoDbLocal({ environment: process.env }),
      startRedisServer({}),
    ]);
    const objects = new Map<string, Buffer>();
    const s3 = createServer(serveObjects(objects));
    await new Promise<void>((resolve) => s3.listen(0, "127.0.0.1", resolve));
    const environment = {
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(s3.address() as AddressInfo).port}`,
      REDIS_URL: redis.url,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
    };
    Object.assign(process.env, environment);
    const client = new DynamoDBClient({ endpoint: dynamodb.endpoint });
    const folder = mkdtempSync(join(tmpdir(), "millrace-export-"));
    Object.assign(opened, { dynamodb, redis, s3, client, folder, environment });
    opened.run = await backfillLive(client, environment, objects, folder);
  }, 300_000);

  afterAll(async () => {
    opened.client.destroy();
    rmSync(opened.folder, { recursive: true });
    await new Promise((resolve) => opened.s3.close(resolve));
    await Promise.all([opened.dynamodb.stop(), opened.redis.stop()]);
  });

  test("G70, G52: goes on where it was, and verification finds nothing in any view", () => {
    const { killedAt, resumed, verified, writes } = opened.run;
    expect(killedAt.rowsInWork).toBeGreaterThan(0);
    expect(resumed.said).toMatch(/going on with the run of .*, \d+ items in/);
    const sources = [{ finished: true, scanned: flights.length }];
    expect(resumed).toMatchObject({ code: 0, printed: { ok: true, sources } });
    expect(writes).toBeGreaterThan(50);
    expect(verified).toMatchObject({ code: 0, printed: { ok: true, findings: [] } });
    const rows = verified.printed?.views.find(({ view }) => view === VIEWS[0])?.rows;
    expect(rows).toBeGreaterThan(flights.length / 2);
  });

  test("N30, G71: says what it would do, and refuses an export from before the stream", async () => {
    const early = exportFiles({ table: TableName, atMs: Date.UTC(2026, 0, 1), files: [] });
    const folder = writeFiles(join(opened.folder, "early"), early);
    const { environment, run } = opened;
    const [dry, refused] = await Promise.all([
      startBackfill(environment, ["--from-export", run.folder, "--dry-run"]).ended,
      startBackfill(environment, ["--from-export", folder]).ended,
    ]);
    expect(dry).toMatchObject({ code: 0, printed: { sources: [{ scanned: flights.length }] } });
    expect(refused.code).toBe(2);
    expect(refused.said).toMatch(/its stream is of .*\n(.*\n)*Export the table again/);
  });
});

/** Exports a table that is followed, changes it, backfills it from the export while it goes on changing, and verifies. */
async function backfillLive(
  client: DynamoDBClient,
  environment: NodeJS.ProcessEnv,
  objects: Map<string, Buffer>,
  into: string,
) {
  const { stateTable: tableName } = readConfig();
  await fillBeforeStream(client, TableName, flights);
  const live = await startPipeline(environment);
  const [first, second, third] = flights.map((flight) => ({ ...flight }));
  await putItems(client, TableName, { ...first!, delay: 1_000 });
  await live.caughtUp();
  const atMs = await secondAfter(await followedSinceMs(client, tableName));
  const items = [{ ...first!, delay: 1_000 }, ...flights.slice(1)] as unknown as Item[];
  const files = [0, 1, 2, 3, 4].map((n) => items.slice(n * n * 24, (n + 1) * (n + 1) * 24));
  const written = exportFiles({ table: TableName, atMs, files });
  for (const [path, body] of written) objects.set(`exports/daily/${path}`, body);
  const folder = writeFiles(join(into, "now"), written);

  // Told to views without tombstones before the backfill begins: what the export says of these would come back.
  await client.send(
    new DeleteItemCommand({ TableName, Key: marshall({ flightId: first!.flightId }) }),
  );
  await putItems(client, TableName, { ...second!, destination: "XXX" });
  await putItems(client, TableName, { ...third!, flightId: "made since" });
  await live.caughtUp();
  const writer = startWriter(client, TableName, flights.slice(4), 100);
  try {
    const args = ["--from-export", "s3://exports/daily", "--segments", "2"];
    const killed = startBackfill(environment, args);
    const state = createDynamoDbBackfillState({ client, tableName });
    const killedAt = await untilScanned(state, flights.length / 4, killed.ended);
    killed.kill();
    await killed.ended;
    const resumed = await startBackfill(environment, args).ended;
    await writer.stop();
    await live.caughtUp();
    const verify = ["verify", ...VIEWS, "--settle-seconds", "0"];
    const verified = await startCommand<Verified>(environment, verify).ended;
    return { killedAt, resumed, verified, writes: writer.writes(), folder };
  } finally {
    await writer.stop();
    await live.stop();
  }
}

interface Verified {
  readonly ok: boolean;
  readonly views: readonly { readonly view: string; readonly rows: number }[];
}

/** When the last of the views had its first change, once all have had it. */
async function followedSinceMs(client: DynamoDBClient, tableName: string): Promise<number> {
  const progress = createDynamoDbProgress({ client, tableName });
  for (;;) {
    const { functions } = await progress.read(TableName);
    const times = functions.flatMap(({ views }) =>
      Object.values(views).flatMap(({ sinceMs }) => sinceMs ?? []),
    );
    if (times.length === VIEWS.length) return Math.max(...times);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The beginning of the second after a moment, once it is there. */
async function secondAfter(ms: number): Promise<number> {
  const atMs = (Math.floor(ms / 1000) + 1) * 1000;
  while (Date.now() < atMs) await new Promise((resolve) => setTimeout(resolve, 50));
  return atMs;
}
