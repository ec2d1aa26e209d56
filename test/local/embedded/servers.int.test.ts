import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CreateTableCommand, DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";

import type { ChildServer } from "../../../src/local/embedded/child-server.js";
import { startDynamoDbLocal } from "../../../src/local/embedded/dynamodb-local.js";
import { startRedisServer } from "../../../src/local/embedded/redis-server.js";

describe("an embedded server", () => {
  let dataDirectory: string;
  beforeEach(() => {
    dataDirectory = mkdtempSync(join(tmpdir(), "millrace-servers-"));
  });
  afterEach(() => rmSync(dataDirectory, { recursive: true, force: true }));

  async function kill(server: ChildServer): Promise<void> {
    process.kill(server.pid, "SIGKILL");
    await server.died;
  }

  test("that is given a port which is taken says so, and what to do", async () => {
    const squatter = createServer().listen(0, "127.0.0.1");
    await once(squatter, "listening");
    const { port } = squatter.address() as { port: number };
    const refusal = {
      code: "configuration",
      message: expect.stringMatching(new RegExp(`port ${port} is taken.*give another port`)),
    };
    await expect(startRedisServer({ port })).rejects.toMatchObject(refusal);
    await expect(startDynamoDbLocal({ port, environment: process.env })).rejects.toMatchObject(
      refusal,
    );
    squatter.close();
  });

  test("that will not start says why in its own words", async () => {
    await expect(startRedisServer({ args: ["--nonsense", "yes"] })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(
        /redis-server on port \d+: it ended before it answered[^]*nonsense/,
      ),
    });
  });

  test("of Redis keeps its data in a folder over kill -9", async () => {
    const first = await startRedisServer({ dataDirectory });
    const redis = new Redis(first.url, { retryStrategy: () => null });
    redis.on("error", () => undefined);
    await redis.set("k", "v");
    await kill(first);
    await using second = await startRedisServer({ dataDirectory, port: first.port });
    const again = new Redis(second.url);
    expect(await again.get("k")).toBe("v");
    again.disconnect();
  });

  test("of DynamoDB keeps its tables in a folder over kill -9", async () => {
    const first = await startDynamoDbLocal({ dataDirectory, environment: process.env });
    const key = { AttributeName: "id" };
    const client = new DynamoDBClient({ endpoint: first.endpoint });
    await client.send(
      new CreateTableCommand({
        TableName: "kept",
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ ...key, AttributeType: "S" }],
        KeySchema: [{ ...key, KeyType: "HASH" }],
      }),
    );
    await kill(first);
    await using second = await startDynamoDbLocal({
      dataDirectory,
      port: first.port,
      environment: process.env,
    });
    expect(second.endpoint).toBe(first.endpoint);
    expect((await client.send(new ListTablesCommand({}))).TableNames).toEqual(["kept"]);
    client.destroy();
  });

  test("keeps nothing where no folder is given", async () => {
    const first = await startRedisServer();
    const redis = new Redis(first.url);
    await redis.set("k", "v");
    redis.disconnect();
    await first.stop();
    await using second = await startRedisServer({ port: first.port });
    const again = new Redis(second.url);
    expect(await again.get("k")).toBeNull();
    again.disconnect();
  });

  test("refuses a folder that another one is using, and names it", async () => {
    await using first = await startRedisServer({ dataDirectory });
    await expect(startRedisServer({ dataDirectory })).rejects.toMatchObject({
      code: "configuration",
      message: `redis-server cannot use ${dataDirectory}: process ${first.pid} on port ${first.port} does; stop it, or give another folder`,
    });
  });

  test("takes a folder whose last server is gone, or left a note cut short", async () => {
    await (await startRedisServer({ dataDirectory })).stop();
    await (await startRedisServer({ dataDirectory })).stop();
    writeFileSync(join(dataDirectory, "millrace-server.json"), '{"pid":');
    await (await startRedisServer({ dataDirectory })).stop();
  });

  test("refuses a folder that cannot be one", async () => {
    const file = join(dataDirectory, "file");
    writeFileSync(file, "");
    await expect(startRedisServer({ dataDirectory: file })).rejects.toMatchObject({
      code: "configuration",
      message: expect.stringContaining(`redis-server cannot keep its data in ${file}`),
    });
  });
});
