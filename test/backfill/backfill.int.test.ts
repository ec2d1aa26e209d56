import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { DescribeTableCommand, DynamoDBClient, UpdateTableCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import { isTrue } from "../../src/cli/demo/compare-views.js";
import { type DynamoDbLocal, startDynamoDbLocal } from "../../src/local/embedded/dynamodb-local.js";
import { type RedisServer, startRedisServer } from "../../src/local/embedded/redis-server.js";
import { type ServedMapping, serveMappings } from "../support/serve-mappings.js";
import { boardFlights, startBackfill, VIEWS } from "./live-rig.js";
import { type Proof, proveBackfill } from "./prove-backfill.js";

/** Servers of its own: a load like this one would make other tests wait. */
describe("a backfill of three views beside 200 writes a second, killed twice", () => {
  const ITEMS = 1_200;
  let dynamodb: DynamoDbLocal;
  let redis: RedisServer;
  let client: DynamoDBClient;
  let environment: NodeJS.ProcessEnv;
  let proof: Proof;

  beforeAll(async () => {
    [dynamodb, redis] = await Promise.all([
      startDynamoDbLocal({ environment: process.env }),
      startRedisServer({}),
    ]);
    environment = {
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
      REDIS_URL: redis.url,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
    };
    Object.assign(process.env, environment);
    client = new DynamoDBClient({ endpoint: dynamodb.endpoint });
    const flights = boardFlights("20k", ITEMS);
    proof = await proveBackfill({ client, environment, flights, writesPerSecond: 200 });
  }, 300_000);

  afterAll(async () => {
    client.destroy();
    await Promise.all([dynamodb.stop(), redis.stop()]);
  });

  test("G51, G52, N22: leaves every view equal to its recomputation", () => {
    expect(proof.kills.every(({ rowsInWork }) => rowsInWork > 0)).toBe(true);
    expect(proof.writes).toBeGreaterThan(100);
    expect(proof.comparisons.map(({ view }) => view).sort()).toEqual([...VIEWS].sort());
    expect(proof.comparisons.filter((comparison) => !isTrue(comparison))).toEqual([]);
    expect(proof.comparisons[0]?.rows).toBeGreaterThan(ITEMS / 2);
  });

  test("G52: goes on where it was, and says so", () => {
    expect(proof.said).toMatch(/going on with the run of .*, \d+ items in/);
    expect(proof).toMatchObject({ code: 0, printed: { ok: true, sources: [{ finished: true }] } });
  });

  test("a dry run counts, and one key alone can be backfilled", async () => {
    const dry = await startBackfill(environment, ["--dry-run"]).ended;
    expect(dry).toMatchObject({ code: 0, said: expect.stringMatching(/write units, about \$/) });
    const some = boardFlights("20k", 2).map(({ flightId }) => JSON.stringify([flightId]));
    const args = some.flatMap((key) => ["--key", key]);
    const { code, printed } = await startBackfill(environment, args).ended;
    expect({ code, printed }).toMatchObject({ code: 0, printed: { sources: [{ scanned: 2 }] } });
  });

  test("G73: begins only where a function is called for the stream, or another is said to follow it", async () => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: "board-flights" }));
    let mappings: ServedMapping[] = [];
    const lambda = createServer(serveMappings(() => mappings));
    await new Promise<void>((resolve) => lambda.listen(0, "127.0.0.1", resolve));
    const onAws = {
      ...environment,
      AWS_ENDPOINT_URL_DYNAMODB: "",
      AWS_ENDPOINT_URL: dynamodb.endpoint,
      AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${(lambda.address() as AddressInfo).port}`,
    };
    const one = ["--key", JSON.stringify([boardFlights("20k", 1)[0]?.flightId])];
    const ask = (...more: string[]) => startBackfill(onAws, [...one, ...more]).ended;
    const refused = await ask();
    expect(refused.code).toBe(2);
    expect(refused.said).toContain('no function is called for the stream of table "board-flights"');
    expect(await ask("--handlers-elsewhere")).toMatchObject({ code: 0 });
    const FunctionArn = "arn:aws:lambda:us-east-1:1:function:board-tables";
    const EventSourceArn = Table?.LatestStreamArn ?? "";
    mappings = [{ UUID: "u-1", EventSourceArn, FunctionArn, State: "Enabled" }];
    expect(await ask()).toMatchObject({
      code: 0,
      said: expect.stringContaining("The stream of board-flights is followed by board-tables."),
    });
    lambda.closeAllConnections();
    await new Promise((resolve) => lambda.close(resolve));
  });

  test("a source without a stream is refused with the remedy", async () => {
    const TableName = "board-flights";
    const StreamSpecification = { StreamEnabled: false };
    await client.send(new UpdateTableCommand({ TableName, StreamSpecification }));
    const { code, said } = await startBackfill(environment).ended;
    expect(code).toBe(2);
    expect(said).toContain('"board-flights" has no stream');
    expect(said).toContain("enable one with NEW_AND_OLD_IMAGES");
  });
});
