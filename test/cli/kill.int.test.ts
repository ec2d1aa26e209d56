import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";

import { type DynamoDbLocal, startDynamoDbLocal } from "../../src/local/embedded/dynamodb-local.js";
import { type RedisServer, startRedisServer } from "../../src/local/embedded/redis-server.js";
import { startTroubledDynamoDb } from "../support/troubled-dynamodb.js";
import { type DemoRun, startDemo, untilRows } from "./demo-run.js";

/** Few enough to be quick; `MILLRACE_TEST_FLIGHTS=20k` shows it at the scale of the specification, in half an hour a test. */
const FLIGHTS = process.env["MILLRACE_TEST_FLIGHTS"];
const SCALE =
  FLIGHTS === undefined ? ["--flights", "2k", "--limit", "300"] : ["--flights", FLIGHTS];
if (FLIGHTS !== undefined) jest.setTimeout(7_200_000);

describe("the demo ends with every view true although, in its middle,", () => {
  let folder: string;
  let dynamodb: DynamoDbLocal;
  let redis: RedisServer;
  let demo: DemoRun | undefined;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "millrace-kill-"));
    [dynamodb, redis] = await Promise.all([
      startDynamoDbLocal({
        dataDirectory: join(folder, "dynamodb"),
        environment: process.env,
      }),
      startRedisServer({ dataDirectory: join(folder, "redis") }),
    ]);
  });

  afterEach(async () => {
    demo?.process.kill("SIGTERM");
    await Promise.all([dynamodb.stop(), redis.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  function start(endpoint = dynamodb.endpoint): DemoRun {
    const environment = { AWS_ENDPOINT_URL_DYNAMODB: endpoint, REDIS_URL: redis.url };
    return (demo = startDemo(environment, SCALE));
  }
  const untilMiddle = () =>
    untilRows(dynamodb.endpoint, "flights-by-destination", FLIGHTS === undefined ? 100 : 1_000);

  test("G8: redis-server is killed and started again", async () => {
    const running = start();
    await untilMiddle();
    await kill(redis);
    redis = await startRedisServer({ dataDirectory: join(folder, "redis"), port: redis.port });
    await expectAllTrue(running);
  });

  test("G8: DynamoDB Local is killed and started again on its disk file", async () => {
    const running = start();
    await untilMiddle();
    await kill(dynamodb);
    dynamodb = await startDynamoDbLocal({
      dataDirectory: join(folder, "dynamodb"),
      port: dynamodb.port,
      environment: process.env,
    });
    await expectAllTrue(running);
  });

  test("G11, G20, N9, N11: the pipeline is killed and started again, while transactions conflict and answers are lost", async () => {
    const troubled = await startTroubledDynamoDb(dynamodb.endpoint);
    try {
      const running = start(troubled.endpoint);
      await untilMiddle();
      const [pipeline] = childrenOf(running.process.pid ?? 0);
      process.kill(pipeline ?? 0, "SIGKILL");
      await expectAllTrue(running);
      expect(Object.values(troubled.made).filter((times) => times < 3)).toEqual([]);
    } finally {
      troubled.close();
    }
  });
});

async function kill(server: DynamoDbLocal | RedisServer): Promise<void> {
  process.kill(server.pid, "SIGKILL");
  await server.died;
}

function childrenOf(pid: number): number[] {
  return execFileSync("pgrep", ["-P", String(pid)], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map(Number);
}

async function expectAllTrue(demo: DemoRun): Promise<void> {
  const { exitCode, printed } = await demo.result;
  expect(
    printed.views.filter(({ missing, extra, different }) => missing + extra + different > 0),
  ).toEqual([]);
  expect(printed.views.map(({ rows }) => rows).some((rows) => rows > 200)).toBe(true);
  expect({ ok: printed.ok, exitCode }).toEqual({ ok: true, exitCode: 0 });
}
